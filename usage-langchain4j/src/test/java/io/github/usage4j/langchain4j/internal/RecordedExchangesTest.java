package io.github.usage4j.langchain4j.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent.Source;
import io.github.usage4j.provider.RawUsage;
import io.github.usage4j.provider.StatedUsage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What {@link RawUsage} reads against figures that nobody here computed. */
class RecordedExchangesTest {

  private static final Path EXCHANGES =
      Path.of(System.getProperty("usage4j.exchanges", "../../shared/data/exchanges"));

  private static final ObjectMapper JSON = new ObjectMapper();

  @Test
  void stated_equalsWhatTheProviderSent() throws IOException {
    assumeTrue(
        Files.isDirectory(EXCHANGES),
        () -> "no recorded exchanges at " + EXCHANGES.toAbsolutePath().normalize());
    List<Path> files;
    try (var found = Files.walk(EXCHANGES)) {
      files = found.filter(file -> file.toString().endsWith(".json")).sorted().toList();
    }
    var different = new ArrayList<String>();
    var compared = 0;
    for (Path file : files) {
      JsonNode exchange = JSON.readTree(file.toFile());
      for (JsonNode step : exchange.get("steps")) {
        JsonNode response = step.get("response");
        int status = response.get("status").asInt();
        if (status / 100 == 2 && response.hasNonNull("body")) {
          compared++;
          String difference = difference(response, step.get("expected"));
          if (difference != null) {
            different.add(EXCHANGES.relativize(file) + ": " + difference);
          }
        }
      }
    }

    assertThat(compared).isGreaterThan(800);
    assertThat(different).isEmpty();
  }

  private static String difference(JsonNode response, JsonNode expected) {
    StatedUsage stated = read(response);
    TokenCounts tokens = stated.tokens();
    var found = new ArrayList<String>();
    compare(found, "input", tokens.input(), expected.get("input_tokens"));
    compare(found, "output", tokens.output(), expected.get("output_tokens"));
    compare(found, "total", tokens.total(), expected.get("total_tokens"));
    compare(found, "cached", tokens.cacheRead(), expected.get("cached_input_tokens"));
    compare(found, "written", tokens.cacheWrite(), expected.get("cache_write_tokens"));
    compare(found, "1h", tokens.cacheWriteOneHour(), expected.get("cache_write_1h_tokens"));
    compare(found, "reasoning", tokens.reasoning(), expected.get("reasoning_tokens"));
    return found.isEmpty() ? null : found.toString();
  }

  /** Not stated and none are not told apart by the recorded figures in all cases. */
  private static void compare(List<String> found, String what, Long ours, JsonNode expected) {
    long theirs = expected == null || expected.isNull() ? 0 : expected.asLong();
    if ((ours == null ? 0 : ours) != theirs) {
      found.add(what + " " + ours + " instead of " + expected);
    }
  }

  private static StatedUsage read(JsonNode response) {
    var raw = new RawUsage();
    String body = response.get("body").asText();
    if (response.path("content_type").asText().startsWith("application/json")) {
      raw.read(body);
    } else {
      body.lines()
          .map(line -> line.startsWith("data:") ? line.substring(5) : line)
          .forEach(raw::read);
    }
    return raw.stated(Source.WIRE);
  }
}
