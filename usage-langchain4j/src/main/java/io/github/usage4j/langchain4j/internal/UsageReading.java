package io.github.usage4j.langchain4j.internal;

import dev.langchain4j.model.chat.response.ChatResponseMetadata;
import dev.langchain4j.model.output.TokenUsage;
import io.github.usage4j.UsageEvent.Source;
import io.github.usage4j.provider.Figures;
import io.github.usage4j.provider.StatedUsage;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Reads what an answer states of its usage: the raw answer where the client keeps it, else the
 * client's usage object, each by the dialect of its class. Dialects are found by class name, so
 * that a client that is not there is never linked.
 */
public final class UsageReading {

  private static final String PACKAGE = "dev.langchain4j.model.";

  private static final Map<String, Supplier<Dialect>> BY_NAME =
      Map.of(
          PACKAGE + "openai.OpenAiTokenUsage", OpenAiDialect::new,
          PACKAGE + "openai.OpenAiChatResponseMetadata", OpenAiDialect::new,
          PACKAGE + "openai.OpenAiResponsesChatResponseMetadata", OpenAiResponsesDialect::new,
          PACKAGE + "openaiofficial.OpenAiOfficialTokenUsage", OpenAiOfficialDialect::new,
          PACKAGE + "anthropic.AnthropicTokenUsage", AnthropicDialect::new,
          PACKAGE + "anthropic.AnthropicChatResponseMetadata", AnthropicDialect::new,
          PACKAGE + "googleai.GoogleAiGeminiTokenUsage", GeminiDialect::new,
          PACKAGE + "google.genai.GoogleGenAiTokenUsage", GoogleGenAiDialect::new,
          PACKAGE + "bedrock.BedrockTokenUsage", BedrockDialect::new,
          PACKAGE + "mistralai.MistralAiChatResponseMetadata", MistralDialect::new);

  private static final ClassValue<Dialect> DIALECT =
      new ClassValue<>() {
        @Override
        protected Dialect computeValue(Class<?> type) {
          for (Class<?> c = type; c != null; c = c.getSuperclass()) {
            Supplier<Dialect> dialect = BY_NAME.get(c.getName());
            if (dialect != null) {
              return dialect.get();
            }
          }
          return Dialect.PLAIN;
        }
      };

  private UsageReading() {}

  /** What a usage object states. */
  public static StatedUsage of(@Nullable TokenUsage usage) {
    if (usage == null) {
      return StatedUsage.NONE;
    }
    var figures = new Figures();
    DIALECT.get(usage.getClass()).read(usage, figures);
    return StatedUsage.of(figures, Source.CLIENT);
  }

  /**
   * What the raw answer states that the client keeps beside its own figures; nothing if it keeps
   * none. May throw what a client of another version throws.
   */
  public static StatedUsage raw(ChatResponseMetadata metadata) {
    return DIALECT.get(metadata.getClass()).raw(metadata);
  }

  /** The service tier that the client names. */
  public static @Nullable String serviceTier(ChatResponseMetadata metadata) {
    return DIALECT.get(metadata.getClass()).serviceTier(metadata);
  }
}
