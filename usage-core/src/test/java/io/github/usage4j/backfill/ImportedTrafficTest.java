package io.github.usage4j.backfill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Quality;
import io.github.usage4j.UsageEvent.Source;
import io.github.usage4j.provider.RawUsage;
import io.github.usage4j.provider.StatedUsage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Recorded answers of many providers give the same event when they are imported as when they are
 * read live.
 */
class ImportedTrafficTest {

  private static final JsonMapper MAPPER = new JsonMapper();

  /** How an answer is logged; the model asked for is beside it, as not every answer names it. */
  private static final List<String> FORMS =
      List.of(
          "{\"model\":%s,\"time\":1790856000,\"response\":{\"status_code\":200,\"body\":%s}}",
          "{\"model\":%s,\"time\":1790856000,\"payload\":%s}",
          "{\"model\":%s,\"time\":1790856000,\"log\":%s}");

  @TempDir Path directory;

  /** One answer, the model that was asked for, and what is said of both if they differ. */
  private record Answer(String provider, String model, String name, String live, String last) {}

  private static Path exchanges() {
    Path folder = Path.of("").toAbsolutePath();
    while (!Files.exists(folder.resolve("mvnw"))) {
      folder = folder.getParent();
    }
    String elsewhere = System.getProperty("usage4j.shared", "");
    Path shared = elsewhere.isEmpty() ? folder.resolveSibling("shared") : Path.of(elsewhere);
    Path found = shared.resolve("data").resolve("exchanges");
    assumeTrue(Files.isDirectory(found), () -> "skipped: there is no recorded traffic in " + found);
    return found;
  }

  private static List<Answer> answers() throws IOException {
    var answers = new ArrayList<Answer>();
    try (Stream<Path> files = Files.walk(exchanges())) {
      for (Path file : files.filter(f -> f.toString().endsWith(".json")).sorted().toList()) {
        JsonNode recorded = MAPPER.readTree(file.toFile());
        int number = 0;
        for (JsonNode step : recorded.path("steps")) {
          number++;
          JsonNode response = step.path("response");
          if (response.path("status").asInt() / 100 == 2 && response.path("body").isTextual()) {
            answers.add(
                answer(
                    recorded.path("provider").asText(),
                    step.path("request").path("body").path("model").asText("asked"),
                    file.getFileName() + " step " + number,
                    response.path("body").asText()));
          }
        }
      }
    }
    return answers;
  }

  private static Answer answer(String provider, String model, String name, String body) {
    String last = "";
    for (String line : body.lines().toList()) {
      String data = line.startsWith("data:") ? line.substring(5).strip() : line;
      if (data.startsWith("{") && RawUsage.mayState(data)) {
        last = data;
      }
    }
    boolean whole = body.stripLeading().startsWith("{") && !body.contains("\n{");
    return new Answer(provider, model, name, body, whole ? body : last);
  }

  private static StatedUsage live(Answer answer, boolean stream) {
    var reader = new RawUsage();
    if (stream) {
      answer
          .live()
          .lines()
          .map(line -> line.startsWith("data:") ? line.substring(5).strip() : line)
          .filter(line -> line.startsWith("{"))
          .forEach(reader::read);
    } else {
      reader.read(answer.live());
    }
    return reader.stated(Source.WIRE).completed(answer.provider());
  }

  private List<UsageEvent> imported(Answer answer, String form) throws Exception {
    String model = MAPPER.writeValueAsString(answer.model());
    String body = MAPPER.readTree(answer.last()).toString();
    Path file =
        Files.writeString(directory.resolve("log.jsonl"), form.formatted(model, body) + "\n");
    var events = new ArrayList<UsageEvent>();
    UsageImport.from("recorded")
        .provider(answer.provider())
        .run(ImportSource.jsonLines(file), events::addAll);
    return events;
  }

  /** What an event of this usage says. */
  private static String said(StatedUsage usage, String model) {
    UsageEvent.Kind kind = UsageEvent.Kind.MODERATION; // of which no figure is required
    var event =
        UsageEvent.builder(UsageEvent.newId(java.time.Instant.EPOCH), kind, "p", model)
            .startedAt(java.time.Instant.EPOCH)
            .tokens(usage.tokens(), usage.partial() ? Quality.PARTIAL : Quality.REPORTED)
            .serviceTier(usage.serviceTier())
            .units(usage.units())
            .conditions(usage.conditions())
            .statedCost(usage.cost())
            .responseModel(usage.model())
            .build();
    return said(event);
  }

  private static String said(UsageEvent event) {
    ObjectNode said = MAPPER.createObjectNode();
    said.put("tokens", event.tokens().toString());
    said.put("stated", String.valueOf(event.statedTokens()));
    said.put("quality", event.quality().name());
    said.put("model", event.model());
    said.put("tier", event.serviceTier());
    said.put("units", new TreeMap<>(event.units()).toString());
    said.put("conditions", new TreeMap<>(event.conditions()).toString());
    said.put("cost", String.valueOf(event.statedCost()));
    return said.toString();
  }

  private static List<String> all(StatedUsage usage, String model) {
    var all = new ArrayList<String>();
    all.add(said(usage, model));
    usage.others().forEach(other -> all.add(said(other, model)));
    return all;
  }

  /** A chat of which only one figure is known is partial, whatever way it comes in. */
  private static boolean oneFigureOnly(UsageEvent event) {
    return (event.tokens().input() == null) != (event.tokens().output() == null);
  }

  @Test
  void answers_giveTheSameEventByImportAsLive() throws Exception {
    int compared = 0;
    for (Answer answer : answers()) {
      if (answer.last().equals(answer.live())) {
        StatedUsage live = live(answer, false);
        List<UsageEvent> events = imported(answer, FORMS.get(compared % FORMS.size()));
        if (live.isEmpty()) {
          assertThat(events.get(0).quality()).as(answer.name()).isEqualTo(Quality.MISSING);
        } else if (oneFigureOnly(events.get(0))) {
          assertThat(events.get(0).tokens()).as(answer.name()).isEqualTo(live.tokens());
        } else {
          assertThat(events)
              .as(answer.name())
              .extracting(ImportedTrafficTest::said)
              .isEqualTo(all(live, answer.model()));
        }
        compared++;
      }
    }
    assertThat(compared).isGreaterThan(600);
  }

  /**
   * A log that has the pieces of a stream one by one. Left out are Anthropic's, where the last
   * piece names neither the call nor the model, and what states its tier or units in other pieces
   * than its figures.
   */
  @Test
  void lastPieceOfAStream_givesTheFiguresOfTheWhole() throws Exception {
    Map<String, Integer> compared = new TreeMap<>();
    for (Answer answer : answers()) {
      boolean stream = !answer.last().equals(answer.live()) && !answer.last().isEmpty();
      if (stream && !answer.last().contains("\"message_delta\"")) {
        StatedUsage live = live(answer, true);
        UsageEvent event = imported(answer, FORMS.get(1)).get(0);

        assertThat(event.tokens()).as(answer.name()).isEqualTo(live.tokens().consistent());
        compared.merge(answer.provider(), 1, Integer::sum);
      }
    }
    assertThat(compared.keySet())
        .contains("openai", "google", "groq", "mistral", "ollama", "openrouter", "cohere");
  }
}
