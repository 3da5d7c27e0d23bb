package io.github.usage4j.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.github.usage4j.Attribution;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class EventBytesTest {

  private static byte[] bytes(UsageEvent event) {
    var out = new ByteSink();
    EventBytes.write(event, out);
    return Arrays.copyOf(out.array(), out.size());
  }

  private static UsageEvent read(byte[] bytes) {
    return EventBytes.read(ByteBuffer.wrap(bytes), Journal.VERSION);
  }

  @Test
  void event_withEveryComponent_isReadAsItWas() {
    UsageEvent event = UsageEvents.complete();
    assertThat(read(bytes(event))).isEqualTo(event);
  }

  @Test
  void randomEvents_areReadAsTheyWere() {
    for (UsageEvent event : UsageEvents.random(7, 5_000)) {
      assertThat(read(bytes(event))).isEqualTo(event);
    }
  }

  @Test
  void extremes_areReadAsTheyWere() {
    String emoji = "\uD83D\uDE00".repeat(64);
    UsageEvent event =
        UsageEvents.chat()
            .startedAt(Instant.parse("9999-12-30T23:59:59.999999Z"))
            .duration(Duration.ofDays(366))
            .timeToFirstToken(Duration.ZERO)
            .tokens(TokenCounts.of(1, 0).cacheRead(1))
            .statedTokens(new TokenCounts(1L, 0L, Long.MAX_VALUE, null, null, null, null, 0L, null))
            .attribution(Attribution.organization("\u00e9".repeat(128)).user("u", emoji))
            .metadata("{\"a\":\"" + "x".repeat(4_000) + "\"}")
            .build();
    assertThat(read(bytes(event))).isEqualTo(event);
    UsageEvent epoch = UsageEvents.chat().startedAt(Instant.EPOCH).build();
    assertThat(read(bytes(epoch))).isEqualTo(epoch);
  }

  @Test
  void anyOtherBytes_areRefusedAndNeverRunAway() {
    var random = new Random(3);
    byte[] good = bytes(UsageEvents.complete());
    int refused = 0;
    for (int i = 0; i < 20_000; i++) {
      byte[] bad = Arrays.copyOf(good, i % 2 == 0 ? random.nextInt(good.length) : good.length);
      if (bad.length == good.length) {
        bad[random.nextInt(bad.length)] ^= (byte) (1 << random.nextInt(8));
      }
      try {
        read(bad);
      } catch (IllegalArgumentException e) {
        refused++;
      }
    }
    assertThat(refused).isGreaterThan(10_000);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> read(Arrays.copyOf(good, good.length + 1)))
        .withMessage("1 bytes too many");
  }
}
