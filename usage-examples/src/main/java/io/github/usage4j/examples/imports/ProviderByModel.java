package io.github.usage4j.examples.imports;

import io.github.usage4j.backfill.ImportRecord;
import io.github.usage4j.backfill.ImportSource;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Names the provider of records that name none but a model of a family that everybody knows. The
 * library does not guess; a program that shows what is in a file may, and a user can say otherwise.
 */
final class ProviderByModel implements ImportSource {

  private static final Map<String, String> FAMILIES =
      Map.ofEntries(
          Map.entry("claude", "anthropic"),
          Map.entry("gpt", "openai"),
          Map.entry("chatgpt", "openai"),
          Map.entry("o1", "openai"),
          Map.entry("o3", "openai"),
          Map.entry("o4", "openai"),
          Map.entry("text-embedding", "openai"),
          Map.entry("gemini", "gcp.gemini"),
          Map.entry("grok", "xai"),
          Map.entry("mistral", "mistral_ai"),
          Map.entry("deepseek", "deepseek"),
          Map.entry("command", "cohere"),
          Map.entry("sonar", "perplexity"),
          Map.entry("kimi", "moonshotai"));

  private static final Set<String> PROVIDERS =
      Set.of(
          "provider", "providername", "customllmprovider", "genai.provider.name", "genai.system");

  private static final Set<String> MODELS =
      Set.of("model", "modelname", "modelversion", "requestmodel", "genai.request.model");

  private static final int MAX_DEPTH = 4;
  private static final int MAX_VALUES = 2_000;

  private final ImportSource source;

  ProviderByModel(ImportSource source) {
    this.source = source;
  }

  @Override
  public String name() {
    return source.name();
  }

  @Override
  public Cursor open(@Nullable String position) throws Exception {
    Cursor cursor = source.open(position);
    return new Cursor() {
      @Override
      public @Nullable ImportRecord next() throws Exception {
        ImportRecord record = cursor.next();
        return record == null ? null : named(record);
      }

      @Override
      public String position() {
        return cursor.position();
      }

      @Override
      public void close() throws Exception {
        cursor.close();
      }
    };
  }

  private static ImportRecord named(ImportRecord record) {
    String provider = provider(record.fields());
    if (provider == null) {
      return record;
    }
    Map<String, Object> fields = new LinkedHashMap<>(record.fields());
    fields.put("provider", provider);
    return new ImportRecord(
        record.where(), record.identity(), fields, record.problem(), record.text());
  }

  /** A value, and how many objects it is inside of. */
  private record Nested(Object value, int depth) {}

  /** The provider of the model nearest to the top; null if there is none, or one is named. */
  private static @Nullable String provider(Map<String, ?> record) {
    var found = new HashMap<String, String>();
    var waiting = new ArrayDeque<Nested>();
    waiting.add(new Nested(record, 0));
    for (int seen = 0; seen < MAX_VALUES && !waiting.isEmpty(); seen++) {
      Nested next = waiting.remove();
      if (next.value() instanceof Map<?, ?> object && next.depth() < MAX_DEPTH) {
        for (Map.Entry<?, ?> field : object.entrySet()) {
          String name = normal("" + field.getKey());
          if (PROVIDERS.contains(name)) {
            return null;
          }
          if (MODELS.contains(name) && field.getValue() instanceof String model) {
            found.putIfAbsent("model", model);
          } else if (field.getValue() != null) {
            waiting.add(new Nested(field.getValue(), next.depth() + 1));
          }
        }
      } else if (next.value() instanceof List<?> list && next.depth() < MAX_DEPTH) {
        // Attributes of spans name a provider if they are of a model's call.
        list.stream()
            .filter(Map.class::isInstance)
            .limit(MAX_VALUES)
            .forEach(element -> waiting.add(new Nested(element, next.depth() + 1)));
      }
    }
    String model = found.get("model");
    return model == null ? null : family(model);
  }

  private static @Nullable String family(String model) {
    String name = model.toLowerCase(Locale.ROOT);
    return FAMILIES.entrySet().stream()
        .filter(family -> name.equals(family.getKey()) || name.startsWith(family.getKey() + "-"))
        .map(Map.Entry::getValue)
        .findFirst()
        .orElse(null);
  }

  private static String normal(String name) {
    return name.toLowerCase(Locale.ROOT).replace("_", "").replace("-", "");
  }
}
