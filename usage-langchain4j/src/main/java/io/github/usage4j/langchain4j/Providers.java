package io.github.usage4j.langchain4j;

import dev.langchain4j.model.ModelProvider;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * LangChain4j's providers in the words of OpenTelemetry's {@code gen_ai.provider.name}. By name,
 * not by constant: the enum grows from version to version.
 */
final class Providers {

  static final String OTHER = "other";

  private static final String CLIENTS = "dev.langchain4j.model.";

  private Providers() {}

  /**
   * Who serves a model that does not say: LangChain4j's own clients are known by their package.
   * Those of others are not guessed at.
   */
  static String nameOf(Class<?> client) {
    for (Class<?> c = client; c != null; c = c.getSuperclass()) {
      String packageName = c.getPackageName();
      if (packageName.startsWith(CLIENTS)) {
        return byPackage(packageName.substring(CLIENTS.length()));
      }
    }
    return OTHER;
  }

  /** What a client says, or where it does not say, what its package does. */
  static String nameOf(@Nullable ModelProvider said, Object client) {
    String name = nameOf(said);
    return name.equals(OTHER) ? nameOf(client.getClass()) : name;
  }

  private static String byPackage(String name) {
    return switch (name) {
      case "openai", "openaiofficial" -> "openai";
      case "azure" -> "azure.ai.openai";
      case "bedrock" -> "aws.bedrock";
      case "googleai", "google.genai" -> "gcp.gemini";
      case "vertexai", "vertexai.gemini", "vertexai.imagen" -> "gcp.vertex_ai";
      case "mistralai" -> "mistral_ai";
      case "cohere", "ollama", "jina", "xinference", "localai", "dashscope" -> name;
      case "voyageai" -> "voyage_ai";
      case "huggingface" -> "hugging_face";
      case "watsonx" -> "ibm.watsonx.ai";
      case "workersai" -> "workers_ai";
      default -> OTHER;
    };
  }

  static String nameOf(@Nullable ModelProvider provider) {
    if (provider == null) {
      return OTHER;
    }
    return switch (provider.name()) {
      case "OPEN_AI" -> "openai";
      case "ANTHROPIC" -> "anthropic";
      case "AMAZON_BEDROCK" -> "aws.bedrock";
      case "GOOGLE_AI_GEMINI", "GOOGLE_GENAI" -> "gcp.gemini";
      case "GOOGLE_VERTEX_AI_GEMINI", "GOOGLE_VERTEX_AI_ANTHROPIC" -> "gcp.vertex_ai";
      case "AZURE_OPEN_AI" -> "azure.ai.openai";
      case "MICROSOFT_FOUNDRY" -> "azure.ai.inference";
      case "GITHUB_MODELS" -> "github";
      case "WATSONX" -> "ibm.watsonx.ai";
      // mistral_ai, cohere, ollama, voyage_ai, jina, other: as they are
      default -> provider.name().toLowerCase(Locale.ROOT);
    };
  }
}
