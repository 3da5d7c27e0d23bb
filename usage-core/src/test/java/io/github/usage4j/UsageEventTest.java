package io.github.usage4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.github.usage4j.UsageEvent.Kind;
import io.github.usage4j.UsageEvent.Outcome;
import io.github.usage4j.UsageEvent.Quality;
import io.github.usage4j.internal.UsageIds;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UsageEventTest {

  private static final Instant AT = Instant.parse("2026-11-21T10:00:00Z");

  private static UsageEventBuilder chat() {
    return UsageEvent.builder(UsageEvent.newId(AT), Kind.CHAT, "openai", "gpt").startedAt(AT);
  }

  @Test
  void occurredAt_isCutAndNotRounded() {
    UsageEvent event = chat().startedAt(Instant.parse("2026-11-30T23:59:59.9999999Z")).build();
    assertThat(event.occurredAt()).isEqualTo("2026-11-30T23:59:59.999999Z");
    assertThat(event.utcDay()).isEqualTo("2026-11-30");
  }

  @Test
  void contradictoryTokens_areCountedCutAndKeptAsStated() {
    TokenCounts stated = TokenCounts.of(100, 10).reasoning(11);
    UsageEvent event = chat().tokens(stated).build();
    assertThat(event.tokens()).isEqualTo(TokenCounts.of(100, 10).reasoning(10));
    assertThat(event.statedTokens()).isEqualTo(stated);
    assertThat(event.asStated()).isEqualTo(stated);
    assertThat(event.quality()).isEqualTo(Quality.PARTIAL);
    assertThat(event.toBuilder().build()).isEqualTo(event);
  }

  @Test
  void quality_followsFromWhatIsKnown() {
    assertThat(chat().build().quality()).isEqualTo(Quality.MISSING);
    assertThat(chat().tokens(TokenCounts.of(1, 2)).build().quality()).isEqualTo(Quality.REPORTED);
    assertThat(chat().tokens(TokenCounts.input(1)).build().quality()).isEqualTo(Quality.PARTIAL);
    assertThat(
            UsageEvent.builder(UUID.randomUUID(), Kind.EMBEDDING, "openai", "e")
                .startedAt(AT)
                .tokens(TokenCounts.input(1))
                .build()
                .quality())
        .isEqualTo(Quality.REPORTED);
    assertThat(chat().tokens(TokenCounts.UNKNOWN, Quality.REPORTED).build().quality())
        .isEqualTo(Quality.MISSING);
  }

  @Test
  void flags_tellUnmeasuredFromUnpricedFromFailed() {
    UsageEvent silent = chat().build();
    assertThat(silent.unmeasured()).isTrue();
    assertThat(silent.unpriced()).isFalse();
    UsageEvent failed = chat().error(new IllegalStateException("secret prompt")).build();
    assertThat(failed.unmeasured()).isFalse();
    assertThat(failed.unpriced()).isFalse();
    assertThat(failed.errorType()).isEqualTo("java.lang.IllegalStateException");
    assertThat(failed.errorMessage()).isNull();
    UsageEvent measured = chat().tokens(TokenCounts.of(1, 1)).build();
    assertThat(measured.unmeasured()).isFalse();
    assertThat(measured.unpriced()).isTrue();
    assertThat(chat().unit("images", BigDecimal.ONE).build().unpriced()).isTrue();
    assertThat(chat().outcome(Outcome.REFUSED).tokens(TokenCounts.of(1, 1)).build().unpriced())
        .isFalse();
  }

  @Test
  void billsLike_isFalseForEveryBillableDifference() {
    UsageEvent event =
        chat()
            .attribution(Attribution.organization("acme"))
            .tokens(TokenCounts.of(10, 1))
            .cost(Cost.total(BigDecimal.ONE, "USD"))
            .build();
    assertThat(event.billsLike(event.toBuilder().duration(Duration.ofSeconds(3)).build())).isTrue();
    assertThat(event.billsLike(event.toBuilder().finishReason("stop").toolCalls(2).build()))
        .isTrue();
    assertThat(event.billsLike(event.toBuilder().startedAt(AT.plusSeconds(1)).build())).isFalse();
    assertThat(event.billsLike(event.toBuilder().responseModel("other").build())).isFalse();
    assertThat(event.billsLike(event.toBuilder().tokens(TokenCounts.of(10, 2)).build())).isFalse();
    assertThat(event.billsLike(event.toBuilder().cost(null).build())).isFalse();
    assertThat(event.billsLike(event.toBuilder().outcome(Outcome.ERROR).build())).isFalse();
    assertThat(event.billsLike(event.toBuilder().unit("images", BigDecimal.ONE).build())).isFalse();
    assertThat(event.billsLike(event.toBuilder().attribution(Attribution.NONE).build())).isFalse();
    assertThat(event.billsLike(event.toBuilder().serviceTier("flex").build())).isFalse();
    assertThat(event.billsLike(event.toBuilder().condition("speed", "fast").build())).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "fast",
        " fast ",
        "",
        "\u0000\u001f",
        "\t\u001c fast \u0085",
        "1234567890123456789012345678901234567890123456789012345678901   tail",
        "\ud83d\ude00\ud83d"
      })
  void conditions_tidiedOnce_stayAsTheyAre(String value) {
    UsageEvent once = chat().condition("n" + value, value).build();

    assertThat(once.toBuilder().build()).isEqualTo(once);
    assertThat(chat().conditions(once.conditions()).build().conditions())
        .isEqualTo(once.conditions());
  }

  @Test
  void conditions_whoseNamesBecomeOne_areTheSameInAnyOrder() {
    var conditions = new LinkedHashMap<String, String>();
    var reversed = new LinkedHashMap<String, String>();
    for (String name : List.of(" speed", "speed", "speed ")) {
      conditions.put(name, "'" + name + "'");
    }
    for (String name : List.of("speed ", "speed", " speed")) {
      reversed.put(name, "'" + name + "'");
    }

    assertThat(chat().conditions(conditions).build().conditions())
        .isEqualTo(chat().conditions(reversed).build().conditions())
        .hasSize(1);
  }

  @Test
  void badValues_areRefusedByName() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> UsageEvent.builder(UUID.randomUUID(), Kind.CHAT, "openai", "m").build())
        .withMessageContaining("startedAt must be set");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> chat().tokens(TokenCounts.of(UsageEvent.MAX_TOKENS + 1, 0)).build())
        .withMessageContaining("a token count of one call must be at most 1000000000000");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> chat().duration(Duration.ofNanos(-1)).build())
        .withMessageContaining("duration must be between 0 and");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> chat().startedAt(Instant.parse("1969-12-31T23:59:59Z")).build())
        .withMessageContaining("1969-12-31");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> chat().operation("op", 0).build())
        .withMessage("step must be at least 1, but was 0");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> chat().metadata("{" + "é".repeat(2048) + "}").build())
        .withMessage("metadata must have at most 4096 bytes, but had 4098");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> chat().metadata("[1]").build())
        .withMessage("metadata must be a JSON object, but was [1]");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                chat()
                    .tokens(
                        new TokenCounts(
                            null, 1L, Long.MAX_VALUE, null, null, null, null, null, null))
                    .build())
        .withMessageContaining("at most 1000000000000, but was 9223372036854775807");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> chat().cost(Cost.total(new BigDecimal("1e20"), "USD")).build())
        .withMessageContaining("cost of one call must be at most 99999999999999999999");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> chat().unit("images", new BigDecimal("-1")).build())
        .withMessageContaining("units of images");
  }

  @Test
  void providersTexts_areCutAndNeverRefused() {
    UsageEvent event = chat().responseModel("m".repeat(300)).responseId("a\u0000").build();
    assertThat(event.responseModel()).hasSize(256);
    assertThat(event.responseId()).isEqualTo("a\uFFFD");
  }

  @Test
  void ids_sortByTimeAndAreVersion7() {
    UUID first = UsageEvent.newId(AT);
    UUID later = UsageEvent.newId(AT.plusMillis(1));
    assertThat(first.version()).isEqualTo(7);
    assertThat(first.variant()).isEqualTo(2);
    assertThat(first.getMostSignificantBits() >>> 16).isEqualTo(AT.toEpochMilli());
    assertThat(UsageIds.ORDER.compare(first, later)).isNegative();
    assertThat(UsageIds.ORDER.compare(new UUID(-1, 0), new UUID(1, 0))).isPositive();
  }

  @Test
  void idFrom_isStableAndKeepsNamesApart() {
    assertThat(UsageEvent.idFrom("old", 1, AT)).isEqualTo(UsageEvent.idFrom("old", "1", AT));
    assertThat(UsageEvent.idFrom("old", 1, AT)).isNotEqualTo(UsageEvent.idFrom("old", 2, AT));
    assertThat(UsageEvent.idFrom("a", "bc", AT)).isNotEqualTo(UsageEvent.idFrom("ab", "c", AT));
    assertThat(UsageEvent.idFrom("old", 1, AT).getMostSignificantBits() >>> 16)
        .isEqualTo(AT.toEpochMilli());
    assertThat(UsageEvent.idFrom("old", 1)).isEqualTo(UsageEvent.idFrom("old", 1));
    assertThat(UsageEvent.idFrom("old", 1).version()).isEqualTo(8);
  }
}
