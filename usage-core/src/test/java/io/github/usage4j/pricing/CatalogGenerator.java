package io.github.usage4j.pricing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Makes the bundled catalog from a file of genai-prices and the corrections, and prints what is
 * different from the one before. Not part of the library; {@code usage-core/src/catalog/generate}
 * runs it.
 *
 * <pre>CatalogGenerator SOURCE CORRECTIONS CATALOG [DAY]</pre>
 *
 * where DAY is the day of the source, if its name does not end with one.
 */
final class CatalogGenerator {

  private static final String SOURCE = "genai-prices";
  private static final Pattern DAY = Pattern.compile("(\\d{4}-\\d{2}-\\d{2})\\.json$");

  private final LocalDate day;
  private final CatalogCorrections corrections;
  private final List<String> notes = new ArrayList<>();

  private CatalogGenerator(LocalDate day, CatalogCorrections corrections) {
    this.day = day;
    this.corrections = corrections;
  }

  public static void main(String[] args) throws IOException {
    Path catalog = Path.of(args[2]);
    Path source = Path.of(args[0]);
    Result result =
        make(source, Path.of(args[1]), args.length > 3 ? LocalDate.parse(args[3]) : day(source));
    JsonNode before = JsonAt.parse(catalog.toString(), Files.readAllBytes(catalog)).node();
    JsonNode after = JsonAt.parse("new", result.json().getBytes(StandardCharsets.UTF_8)).node();
    List<String> changes = CatalogChanges.between(before, after);
    changes.forEach(System.out::println);
    result.notes().forEach(System.out::println);
    System.out.println(
        after.get("models").size() + " models, " + changes.size() + " changes: " + catalog);
    Files.writeString(catalog, result.json());
  }

  /** The day that the name of a file ends with. */
  static LocalDate day(Path file) {
    Matcher name = DAY.matcher(file.getFileName().toString());
    if (!name.find()) {
      throw new IllegalArgumentException("say of which day " + file + " is");
    }
    return LocalDate.parse(name.group(1));
  }

  /**
   * A catalog.
   *
   * @param notes what somebody should look at
   */
  record Result(String json, List<String> notes) {}

  static Result make(Path source, Path corrections, LocalDate day) {
    var generator = new CatalogGenerator(day, new CatalogCorrections(parse(corrections)));
    return new Result(generator.catalog(parse(source)), generator.notes);
  }

  private static JsonAt parse(Path file) {
    try {
      return JsonAt.parse(file.toString(), Files.readAllBytes(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String catalog(JsonAt source) {
    LoadedPrices.Contents contents =
        GenaiPricesJson.read(source, new PriceSource(SOURCE, day.toString(), day));
    contents.notes().forEach(note -> notes.add("unknown  " + note));
    var models = new ArrayList<ObjectNode>();
    for (ListedModel model : contents.index().models()) {
      models.add(CatalogWriter.model(withoutAnnounced(model), SOURCE, day));
    }
    corrections.apply(models);
    corrections.idle().forEach(note -> notes.add("correct? " + note));
    models.removeIf(
        model -> {
          boolean unpriced = model.get("prices").isEmpty();
          if (unpriced) {
            notes.add(
                "unpriced " + model.get("provider").asText() + "/" + model.get("model").asText());
          }
          return unpriced;
        });
    return CatalogWriter.file(file(contents.index().fallbacks(), models));
  }

  /**
   * A price that begins after the day of the source is an announcement, and announcements are
   * withdrawn. What it was to replace ends there: what applies then is not known.
   */
  private ListedModel withoutAnnounced(ListedModel model) {
    Instant known = day.plusDays(1).atStartOfDay(ZoneOffset.UTC).toInstant();
    Instant first =
        model.prices().stream()
            .map(ModelPrice::validFrom)
            .filter(from -> !from.isBefore(known))
            .min(Instant::compareTo)
            .orElse(null);
    if (first == null) {
      return model;
    }
    notes.add("announced " + model.provider() + "/" + model.name() + " from " + first);
    Instant latest =
        model.prices().stream()
            .map(ModelPrice::validFrom)
            .filter(from -> from.isBefore(known))
            .max(Instant::compareTo)
            .orElseThrow();
    List<ModelPrice> prices =
        model.prices().stream()
            .filter(price -> price.validFrom().isBefore(known))
            .map(price -> price.validFrom().equals(latest) ? price.validUntil(first) : price)
            .toList();
    return new ListedModel(model.provider(), model.name(), model.match(), prices, null);
  }

  private ObjectNode file(Map<String, List<String>> fallbacks, List<ObjectNode> models) {
    LocalDate last = corrections.last();
    LocalDate generated = last == null || last.isBefore(day) ? day : last;
    ObjectNode file = JsonNodeFactory.instance.objectNode();
    file.put("format", 1);
    file.put("name", "bundled");
    file.put("version", generated.toString());
    file.put("generated", generated.toString());
    file.put("asOf", day.toString());
    ObjectNode sources = file.putObject("sources");
    sources
        .putObject(SOURCE)
        .put("what", "data of https://github.com/pydantic/genai-prices, @pydantic/genai-prices")
        .put("licence", "MIT, Copyright Pydantic Services Inc.")
        .put("taken", day.toString());
    corrections
        .pages()
        .forEach(page -> sources.putObject(page).put("what", "a page of the provider"));
    file.set("providers", corrections.providers());
    ObjectNode others = file.putObject("fallbacks");
    new TreeMap<>(fallbacks)
        .forEach(
            (provider, names) -> {
              ArrayNode list = others.putArray(provider);
              names.forEach(list::add);
            });
    file.putArray("models").addAll(models);
    return file;
  }
}
