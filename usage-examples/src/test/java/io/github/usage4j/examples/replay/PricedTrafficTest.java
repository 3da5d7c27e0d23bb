package io.github.usage4j.examples.replay;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Kind;
import io.github.usage4j.examples.SharedData;
import io.github.usage4j.pricing.PriceCatalog;
import io.github.usage4j.sink.InMemoryUsageStore;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Recorded provider traffic by the bundled prices. */
class PricedTrafficTest {

  private static final Set<String> COVERED =
      Set.of(
          "openai",
          "anthropic",
          "google",
          "google-vertex",
          "bedrock",
          "mistral",
          "cohere",
          "deepseek",
          "groq",
          "together");

  @Test
  void exchangesOfCoveredProviders_arePricedOrHaveAReason() throws Exception {
    var reader = new ExchangeReader(SharedData.folder("exchanges"));
    var reasons = new TreeMap<String, Integer>();
    int priced = 0;
    int all = 0;
    for (Path path : reader.files()) {
      ExchangeFile file = reader.read(path);
      if (!COVERED.contains(file.provider())) {
        continue;
      }
      for (ExchangeStep step : file.steps()) {
        if (step.expected().none()) {
          continue; // refused, or answered without usage: there is nothing to price
        }
        all++;
        UsageEvent event = event(file, step);
        if (PriceCatalog.bundled().explain(event).isPresent()) {
          priced++;
        } else {
          String why =
              PriceCatalog.bundled().find(event).isPresent()
                  ? "the price does not cover " + event.tokens()
                  : "the catalog has no such model";
          reasons.merge(event.provider() + "/" + event.model() + ": " + why, 1, Integer::sum);
        }
      }
    }
    System.out.printf("%d of %d exchanges priced; not priced:%n", priced, all);
    reasons.forEach((reason, count) -> System.out.println("  " + count + " x " + reason));
    assertThat(priced * 100).isGreaterThanOrEqualTo(all * 90);
    assertThat(priced + reasons.values().stream().mapToInt(i -> i).sum()).isEqualTo(all);
  }

  private static UsageEvent event(ExchangeFile file, ExchangeStep step) {
    Figures f = step.expected();
    var tokens =
        new TokenCounts(
            f.inputTokens(),
            f.outputTokens(),
            f.cachedInputTokens(),
            f.cacheWriteTokens(),
            null,
            f.reasoningTokens(),
            null,
            null,
            null);
    return UsageEvent.builder(UUID.randomUUID(), Kind.CHAT, file.provider(), step.requestedModel())
        .startedAt(Instant.parse("2026-08-20T12:00:00Z"))
        .tokens(tokens)
        .build();
  }

  @Test
  void streamed_costsWhatTheBlockingAnswerDoes_andNoTokenTwice() {
    try (ReplayServer server = ReplayServer.start()) {
      var store = new InMemoryUsageStore();
      var recorder = new LibraryRecorder(store);
      var player = new StepPlayer(recorder, Capture.WIRE);
      player.play(
          Exchanges.file(
              "openai",
              ExchangeFile.Kind.SEQUENCE,
              known(Exchanges.answer()),
              known(Exchanges.streamed())),
          server);
      recorder.close();
      List<UsageEvent> events = store.events();
      assertThat(events).extracting(UsageEvent::streaming).containsExactly(false, true);
      assertThat(events)
          .allSatisfy(
              event ->
                  // 10 x 0.15 + 8 x 0.075 + 35 x 0.6, per million: the 20 of reasoning are in 35
                  assertThat(event.cost().total()).isEqualByComparingTo("0.0000231"));
      assertThat(events.get(0).cost()).isEqualTo(events.get(1).cost());
      assertThat(events.get(0).cost().priceReference()).endsWith(": openai/gpt-4o-mini");
    }
  }

  /** The same answer of a model that has a price, with cached and reasoning tokens. */
  private static ExchangeStep known(ExchangeStep step) {
    String body =
        step.response()
            .body()
            .replace("small-1", "gpt-4o-mini")
            .replace(
                "\"total_tokens\":53",
                "\"total_tokens\":53,\"prompt_tokens_details\":{\"cached_tokens\":8},"
                    + "\"completion_tokens_details\":{\"reasoning_tokens\":20}");
    return Exchanges.chat(200, step.response().contentType(), body, step.expected());
  }
}
