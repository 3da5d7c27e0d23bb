package io.github.usage4j.langchain4j.internal;

import dev.langchain4j.model.chat.response.ChatResponseMetadata;
import dev.langchain4j.model.output.TokenUsage;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent.Source;
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

  /**
   * What an answer states together with what its provider leaves unsaid: Ollama leaves a count out
   * exactly when it is zero, such as that of a prompt all of which was cached. What the host states
   * is not touched.
   */
  public static StatedUsage completed(StatedUsage usage, String provider) {
    Long output = usage.tokens().output();
    boolean unsaid = usage.tokens().input() == null && output != null && !usage.dropped();
    if (!unsaid || usage.source() == Source.HOST || !provider.equals("ollama")) {
      return usage;
    }
    return new StatedUsage(
        usage.tokens().plus(TokenCounts.input(0)),
        false,
        usage.interim(),
        usage.source(),
        usage.costUsd(),
        usage.model(),
        usage.serviceTier());
  }

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
   * What the raw answer states that the client keeps beside its own figures; null if it keeps none
   * or nothing is stated there. May throw what a client of another version throws.
   */
  public static @Nullable StatedUsage raw(ChatResponseMetadata metadata) {
    return DIALECT.get(metadata.getClass()).raw(metadata);
  }

  /** The service tier that the client names. */
  public static @Nullable String serviceTier(ChatResponseMetadata metadata) {
    return DIALECT.get(metadata.getClass()).serviceTier(metadata);
  }
}
