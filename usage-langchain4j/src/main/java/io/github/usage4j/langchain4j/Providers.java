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

  private Providers() {}

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
