package io.github.usage4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Quality;
import io.github.usage4j.langchain4j.LoopbackOpenAi.Reply;
import io.github.usage4j.langchain4j.RealClients.Mode;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The cases that came out wrong in the field, as they were handed to us, with real clients. */
@Timeout(120)
class SharedCasesTest {

  private static final Path CASES =
      Path.of(System.getProperty("usage4j.cases", "../../shared/cases"));

  private static byte[] read(String file) throws IOException {
    assumeTrue(Files.isDirectory(CASES), () -> "no cases at " + CASES.toAbsolutePath().normalize());
    return Files.readAllBytes(CASES.resolve(file));
  }

  /** The one event of a case, which must be the same plain and with the wire in sight. */
  private static UsageEvent of(RealClients api, String file) throws Exception {
    UsageEvent wire = of(api, file, true);
    UsageEvent plain = of(api, file, false);
    assertThat(plain.tokens()).isEqualTo(wire.tokens());
    assertThat(plain.units()).isEqualTo(wire.units());
    assertThat(plain.conditions()).isEqualTo(wire.conditions());
    assertThat(plain.statedCost()).isEqualTo(wire.statedCost());
    assertThat(plain.serviceTier()).isEqualTo(wire.serviceTier());
    assertThat(plain.quality()).isEqualTo(wire.quality());
    return wire;
  }

  private static UsageEvent of(RealClients api, String file, boolean wire) throws Exception {
    boolean stream = file.endsWith(".sse");
    byte[] body = read(file);
    Reply reply = LoopbackBedrock.reply(stream ? "text/event-stream" : "application/json", body);
    var ledger = new Ledger();
    try (var server = new LoopbackOpenAi(reply)) {
      api.call(TrackedModels.with(ledger.tracker), server.url(), new Mode(wire, stream));
    }
    assertThat(ledger.kinds).isEmpty();
    assertThat(ledger.only().quality()).isEqualTo(Quality.REPORTED);
    return ledger.only();
  }

  @Test
  void case1_compaction() throws Exception {
    UsageEvent event = of(RealClients.ANTHROPIC, "01-anthropic-compaction.sse");
    assertThat(event.tokens()).isEqualTo(TokenCounts.of(170_000, 3_300).cacheRead(0).cacheWrite(0));
    assertThat(event.model()).isEqualTo("claude-opus-4-8");
  }

  @Test
  void case2_fastMode() throws Exception {
    UsageEvent event = of(RealClients.ANTHROPIC, "02-anthropic-fast-mode.json");
    assertThat(event.tokens()).isEqualTo(TokenCounts.of(1000, 200));
    assertThat(event.conditions()).isEqualTo(Map.of("speed", "fast"));
  }

  @Test
  void case3_dataResidency() throws Exception {
    UsageEvent event = of(RealClients.ANTHROPIC, "03-anthropic-inference-geo.json");
    assertThat(event.conditions()).isEqualTo(Map.of("inference_geo", "us"));
  }

  @Test
  void case4_usageInTheChoice() throws Exception {
    UsageEvent event = of(RealClients.OPENAI, "04-kimi-usage-in-the-choice.sse");
    assertThat(event.tokens()).isEqualTo(TokenCounts.of(41, 17).cacheRead(16));
  }

  @Test
  void case5_cachedAudio() throws Exception {
    UsageEvent event = of(RealClients.GEMINI, "05-gemini-cached-audio.json", true);
    assertThat(event.tokens())
        .isEqualTo(new TokenCounts(10_000L, 10L, 8_000L, null, null, null, 8_000L, null, 8_000L));
    assertThat(of(RealClients.GEMINI, "05-gemini-cached-audio.json", false).tokens())
        .isEqualTo(TokenCounts.of(10_000, 10).cacheRead(8_000));
  }

  @Test
  void case6_ownKey() throws Exception {
    assertThat(of(RealClients.OPENAI, "06-openrouter-own-key.json").statedCost().total())
        .isEqualByComparingTo("0.0045");
  }

  @Test
  void case7_costInAnotherForm() throws Exception {
    UsageEvent perplexity = of(RealClients.OPENAI, "07a-perplexity-cost-object.json");
    assertThat(perplexity.statedCost().total()).isEqualByComparingTo("0.00621");
    assertThat(perplexity.conditions()).isEqualTo(Map.of("search_context_size", "low"));
    assertThat(of(RealClients.OPENAI, "07b-xai-cost-in-ticks.json").statedCost().total())
        .isEqualByComparingTo("0.00123");
  }

  @Test
  void case10_zeroInputAtTheEnd() throws Exception {
    UsageEvent event = of(RealClients.ANTHROPIC, "10-message-delta-states-zero-input.sse");
    assertThat(event.tokens()).isEqualTo(TokenCounts.of(1800, 40).cacheRead(300).cacheWrite(0));
  }

  @Test
  void case11_webSearches() throws Exception {
    UsageEvent event = of(RealClients.RESPONSES, "11-openai-responses-web-search.json");
    assertThat(event.tokens().input()).isEqualTo(1000);
    assertThat(event.units()).isEqualTo(Map.of("web_searches", BigDecimal.valueOf(2)));
    assertThat(new String(read("README.md"), StandardCharsets.UTF_8)).contains("**11.");
  }
}
