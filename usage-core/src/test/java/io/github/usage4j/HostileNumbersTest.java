package io.github.usage4j;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.github.usage4j.UsageEvent.Kind;
import io.github.usage4j.backfill.ImportProgress;
import io.github.usage4j.backfill.ImportSource;
import io.github.usage4j.backfill.UsageImport;
import io.github.usage4j.credit.CreditLedger;
import io.github.usage4j.economics.ProviderCsv;
import io.github.usage4j.economics.Reconciliation;
import io.github.usage4j.internal.EventJson;
import io.github.usage4j.limit.LimitKey;
import io.github.usage4j.limit.UsageLimit;
import io.github.usage4j.pricing.ModelPrice;
import io.github.usage4j.pricing.PriceCatalog;
import io.github.usage4j.sink.InMemoryUsageStore;
import io.github.usage4j.sink.UsageEvents;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** No number that somebody else states decides how long anything takes. */
class HostileNumbersTest {

  /** Guards against a hang: one such number took minutes or all memory. */
  private static final Duration FAR_TOO_LONG = Duration.ofMinutes(2);

  private static final Instant NOW = Instant.parse("2026-09-01T12:00:00Z");

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"own.json", "litellm.json", "models-dev.json", "genai-prices.json"})
  void priceFile_withOneInAnyPlace_isReadOrRefusedByName(String sample) throws Exception {
    String good;
    try (var in = getClass().getResourceAsStream("/prices/" + sample)) {
      good = new String(Objects.requireNonNull(in, sample).readAllBytes(), UTF_8);
    }
    Path file = folder.resolve(sample);
    Function<Path, PriceCatalog> format =
        switch (sample) {
          case "own.json" -> PriceCatalog::file;
          case "litellm.json" -> PriceCatalog::liteLlm;
          case "models-dev.json" -> PriceCatalog::modelsDev;
          default -> PriceCatalog::genaiPrices;
        };
    var read = new AtomicInteger();
    var refused = new AtomicInteger();
    assertTimeoutPreemptively(
        FAR_TOO_LONG,
        () ->
            HostileNumbers.inPlaceOfEach(
                good,
                bad -> {
                  try {
                    assertThat(format.apply(write(file, bad))).isNotNull();
                    read.incrementAndGet();
                  } catch (IllegalArgumentException e) {
                    refused.incrementAndGet();
                    assertThat(e).hasMessageStartingWith(file.toString());
                  }
                }));
    assertThat(read).hasPositiveValue(); // those of 0
    assertThat(refused).hasPositiveValue();
  }

  private static Path write(Path file, String text) {
    try {
      return Files.writeString(file, text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"-0", "0e-999999999", "0E+2147483647", "-0.0"})
  void priceOfZero_howeverItIsWritten_isFree(String zero) throws Exception {
    Path file =
        write(
            folder.resolve("zero.json"),
            "{\"p/m\":{\"litellm_provider\":\"p\",\"input_cost_per_token\":"
                + zero
                + ",\"output_cost_per_token\":1e-6}}");
    UsageEvent event = event().tokens(TokenCounts.of(1_000_000, 1_000_000)).build();
    assertThat(PriceCatalog.liteLlm(file).costOf(event, List.of()).orElseThrow().total())
        .isEqualTo("1");
    ModelPrice own = ModelPrice.perMillion("p", "m", "USD").input(zero).output("1.50");
    assertThat(PriceCatalog.of(own).costOf(event, List.of()).orElseThrow().total())
        .isEqualTo("1.5");
  }

  private static UsageEventBuilder event() {
    return UsageEvent.builder(new UUID(1, 2), Kind.CHAT, "p", "m").startedAt(NOW);
  }

  @Test
  void eventLine_withOneInAnyPlace_isReadOrRefused() throws Exception {
    String good = new String(EventJson.write(UsageEvents.complete(), NOW), UTF_8);
    var refused = new AtomicInteger();
    assertTimeoutPreemptively(
        FAR_TOO_LONG,
        () ->
            HostileNumbers.inPlaceOfEach(
                good,
                bad -> {
                  try {
                    EventJson.read(bad.getBytes(UTF_8));
                  } catch (IllegalArgumentException e) {
                    refused.incrementAndGet();
                  }
                }));
    assertThat(refused).hasPositiveValue();
    String zero = good.replace("\"seconds\":\"0.00000125\"", "\"seconds\":\"0e-999999999\"");
    assertThat(zero).isNotEqualTo(good);
    assertThat(EventJson.read(zero.getBytes(UTF_8)).event().units())
        .containsEntry("seconds", BigDecimal.ZERO);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'id':'r1','object':'chat.completion','created':1790856000,'model':'m','usage':{"
            + "'prompt_tokens':100,'completion_tokens':20,'total_tokens':120,'cost':0.0125,"
            + "'prompt_tokens_details':{'cached_tokens':64},"
            + "'completion_tokens_details':{'reasoning_tokens':8}}}",
        "{'id':'r1','timestamp':'2026-10-01T12:00:00Z','model':'m','usage':{'input_tokens':10,"
            + "'output_tokens':5,'cache_read_input_tokens':3,'cache_creation_input_tokens':2}}",
        "{'request_id':'r1','call_type':'completion','startTime':1790856000.5,"
            + "'endTime':1790856002.25,'model':'m','spend':0.002,'prompt_tokens':10,"
            + "'completion_tokens':5,'duration_ms':12.5}",
      })
  void importedRecord_withOneInAnyPlace_isStoredOrRejected(String record) throws Exception {
    Path file = folder.resolve("calls.jsonl");
    Path rejects = folder.resolve("rejects.jsonl");
    var stored = new AtomicInteger();
    var lines = new AtomicInteger();
    assertTimeoutPreemptively(
        FAR_TOO_LONG,
        () -> {
          try (var out = Files.newBufferedWriter(file)) {
            HostileNumbers.inPlaceOfEach(
                record.replace('\'', '"'),
                bad -> {
                  try {
                    out.write(bad.replace("r1", "r" + lines.incrementAndGet()));
                    out.newLine();
                  } catch (IOException e) {
                    throw new UncheckedIOException(e);
                  }
                });
          }
          ImportProgress progress =
              UsageImport.from("old")
                  .provider("openai")
                  .skipBadRecords(rejects)
                  .run(ImportSource.jsonLines(file), events -> stored.addAndGet(events.size()));
          assertThat(progress.read()).isEqualTo(lines.get());
          assertThat(progress.rejected()).isPositive();
          assertThat(stored).hasPositiveValue();
        });
  }

  @Test
  void providerCsv_withOneInAnyColumn_isRefusedByLine() {
    var columns = ProviderCsv.columns("day", "model").input("in").output("out").cost("usd", "USD");
    assertTimeoutPreemptively(
        FAR_TOO_LONG,
        () -> {
          for (String number : HostileNumbers.TEXTS) {
            if (!number.startsWith("0e-") && number.length() < 50_000) {
              for (String row : List.of("N,m,1,1,1", "2026-09-01,m,N,1,1", "2026-09-01,m,1,1,N")) {
                String file = "day,model,in,out,usd\n" + row.replace("N", number);
                boolean zero = number.startsWith("-0") && !row.startsWith("N");
                boolean usual =
                    row.endsWith("N")
                        ? number.matches("-?[0-9]{1,20}") // what a bill may come to, or a credit
                        : number.equals("99999999999") && !row.startsWith("N");
                if (!zero && !usual && !number.startsWith("0.") && !number.equals("0e999999999")) {
                  assertThatIllegalArgumentException()
                      .as(number.length() > 80 ? row : file)
                      .isThrownBy(() -> reconcile(columns, file))
                      .withMessageContaining("line 2");
                }
              }
            }
          }
        });
  }

  private static void reconcile(ProviderCsv columns, String file) throws IOException {
    Reconciliation.of(columns)
        .compare(
            new BufferedReader(new StringReader(file)),
            new InMemoryUsageStore().queries(),
            UsageFilter.allOrganizations(),
            BillingPeriod.month(2026, 9));
  }

  /** The host's own numbers, perhaps handed on from elsewhere. */
  @ParameterizedTest
  @ValueSource(strings = {"1e-999999999", "1e999999999", "-1e-999999999", "1E+2147483647"})
  void numberOfTheHost_isRefusedByNameAndShortly(String number) {
    var amount = new BigDecimal(number);
    var store = new InMemoryUsageStore();
    var ledger = CreditLedger.of(store.credits());
    var acme = UsageLimit.forOrganization("acme");
    var key =
        new LimitKey(
            "team",
            UsageMeasure.TOKENS,
            null,
            new LimitKey.Scope(LimitKey.Subject.ORGANIZATION, "acme", null, null, null),
            BillingPeriod.lifetime());
    List<Runnable> uses =
        List.of(
            () -> Cost.total(amount, "USD"),
            () -> Cost.zero(java.util.Currency.getInstance("EUR")).plus(Cost.total(amount, "EUR")),
            () -> event().unit("images", amount).build(),
            () -> ModelPrice.perMillion("p", "m", "USD").input(number),
            () -> ModelPrice.perMillion("p", "m", "USD").perUnit("images", number),
            () -> acme.cost(number, "USD").perMonth(),
            () -> ledger.purchase("acme", amount, "invoice"),
            () -> ledger.purchase("acme", BigDecimal.ONE, amount, "invoice"),
            () -> ledger.spend("acme", amount, "event"),
            () -> store.limits().grant(key, amount, "invoice"));
    for (Runnable use : uses) {
      assertTimeoutPreemptively(
          FAR_TOO_LONG,
          () ->
              assertThatExceptionOfType(IllegalArgumentException.class)
                  .isThrownBy(use::run)
                  .satisfies(
                      refusal ->
                          assertThat(refusal.getMessage())
                              .hasSizeLessThan(300)
                              .containsPattern("but w(as|ere) ")
                              .matches(
                                  said ->
                                      said.contains(number)
                                          || said.contains(new BigDecimal(number).toString()),
                                  "names the number")));
    }
  }
}
