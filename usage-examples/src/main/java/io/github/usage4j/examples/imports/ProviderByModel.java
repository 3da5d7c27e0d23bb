package io.github.usage4j.examples.imports;

import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The providers of models that everybody knows, for records that name none. The library does not
 * guess; a program that shows what is in a file may, and its user can say otherwise.
 */
final class ProviderByModel {

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

  private ProviderByModel() {}

  /** Null for a model of another family. */
  static @Nullable String find(String model) {
    String name = model.toLowerCase(Locale.ROOT);
    for (Map.Entry<String, String> family : FAMILIES.entrySet()) {
      if (name.equals(family.getKey()) || name.startsWith(family.getKey() + "-")) {
        return family.getValue();
      }
    }
    // Gateways put the provider's name in front.
    int slash = name.indexOf('/');
    return slash > 0 ? find(name.substring(slash + 1)) : null;
  }
}
