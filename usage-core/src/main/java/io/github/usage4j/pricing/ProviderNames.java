package io.github.usage4j.pricing;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Who is meant by a provider's name. Events say {@code gcp.gemini} or {@code mistral_ai}, in the
 * words of OpenTelemetry; catalogs and other clients have words of their own. This is the one place
 * where they meet.
 */
final class ProviderNames {

  /** The catalog's name first, then what else the same provider is called. */
  private static final String[][] SAME = {
    {"openai", "open_ai", "openai_official", "text-completion-openai"},
    {"anthropic"},
    {
      "google",
      "gcp.gemini",
      "gcp.gen_ai",
      "gemini",
      "google_ai_gemini",
      "google_genai",
      "google-gemini",
      "google_ai"
    },
    {
      "google-vertex",
      "gcp.vertex_ai",
      "vertex_ai",
      "google_vertex_ai",
      "google_vertex_ai_gemini",
      "vertex_ai-language-models",
      "vertex_ai-embedding-models",
      "vertex_ai-chat-models",
      "vertex_ai-text-models",
      "vertex_ai-image-models",
      "vertex_ai-anthropic_models",
      "google-vertex-anthropic",
      "google_vertex_ai_anthropic"
    },
    {"mistral", "mistral_ai", "mistralai"},
    {"cohere", "cohere_chat"},
    {"deepseek", "deep_seek"},
    {"x-ai", "x_ai", "xai"},
    {"aws", "aws.bedrock", "bedrock", "bedrock_converse", "amazon_bedrock", "amazon-bedrock"},
    {"groq"},
    {"together", "together_ai", "together-ai", "togetherai", "together.ai"},
    {"azure", "azure.ai.openai", "azure-openai", "azure_open_ai", "azure_openai"},
    {"azure-ai", "azure.ai.inference", "azure_ai", "microsoft_foundry"},
    {"voyageai", "voyage_ai", "voyage"},
    {"huggingface", "hugging_face"},
    {"fireworks", "fireworks_ai", "fireworks-ai"},
    {"perplexity", "perplexity_ai"},
    {"moonshotai", "moonshot", "moonshot_ai"},
    {"openrouter", "open_router"},
    {"arcee", "arcee_ai"},
    {"cloudflare", "cloudflare_workers_ai", "workers_ai"},
    {"github-copilot", "github_copilot", "copilot"},
    {"minimax", "mini_max"},
    {"novita", "novita_ai"},
    {"ovhcloud", "ovh_cloud"},
    {"zai", "z_ai", "z-ai", "z.ai"},
    {"zhipuai", "zhipu_ai", "zhipu", "bigmodel"},
  };

  /** Whose prices apply where a provider has none of its own: the same models at the same price. */
  private static final Map<String, List<String>> LIKE =
      Map.of("google-vertex", List.of("google"), "azure-ai", List.of("azure"));

  private static final Map<String, String> CATALOG_NAME = new HashMap<>();
  private static final Map<String, Set<String>> ALL_NAMES = new HashMap<>();

  static {
    for (String[] names : SAME) {
      ALL_NAMES.put(names[0], Set.of(names));
      for (String name : names) {
        CATALOG_NAME.put(name, names[0]);
      }
    }
    LIKE.forEach(
        (provider, others) -> {
          var all = new HashSet<>(ALL_NAMES.getOrDefault(provider, Set.of()));
          others.forEach(other -> all.addAll(ALL_NAMES.getOrDefault(other, Set.of())));
          ALL_NAMES.put(provider, Set.copyOf(all));
        });
  }

  private ProviderNames() {}

  /** What catalogs call this provider; its own name in lower case if nothing else is known. */
  static String inCatalog(String provider) {
    String name = ModelMatch.lower(provider.strip());
    return CATALOG_NAME.getOrDefault(name, name);
  }

  /** Whose prices are this provider's where it is not listed itself. */
  static List<String> like(String inCatalog) {
    return LIKE.getOrDefault(inCatalog, List.of());
  }

  /** True if {@code name} is one by which this provider is called. */
  static boolean isNameOf(String inCatalog, String name) {
    return name.equals(inCatalog) || ALL_NAMES.getOrDefault(inCatalog, Set.of()).contains(name);
  }
}
