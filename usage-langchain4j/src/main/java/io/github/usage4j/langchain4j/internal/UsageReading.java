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

  /** How the names of Google's services begin. */
  private static final String GOOGLE = "gcp.";

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

  /**
   * What an answer states together with what its provider leaves unsaid: Ollama leaves a count out
   * exactly when it is zero, such as that of a prompt all of which was cached. What the host states
   * is not touched.
   */
  public static StatedUsage completed(StatedUsage stated, String provider) {
    StatedUsage usage = explained(stated, provider);
    Long output = usage.tokens().output();
    boolean unsaid = usage.tokens().input() == null && output != null && !usage.dropped();
    if (!unsaid || usage.source() == Source.HOST || !provider.equals("ollama")) {
      return usage;
    }
    return usage.tokens(usage.tokens().plus(TokenCounts.input(0)), usage.unexplained());
  }

  /**
   * What an answer states, with what its total has beyond input and output. Google's models leave
   * thoughts out of the output that they state, so there it is output; but not known to be
   * reasoning, because what a tool puts into the prompt, such as the results of a search, may be in
   * the total too. Of other providers nobody knows what it is, and the figures stay partial. What
   * the host states is not touched.
   */
  public static StatedUsage explained(StatedUsage usage, String provider) {
    boolean isOutput = usage.unexplained() > 0 && usage.tokens().input() != null;
    return isOutput && provider.startsWith(GOOGLE)
        ? usage.tokens(usage.tokens().plus(output(usage.unexplained())), 0)
        : usage;
  }

  private static TokenCounts output(long tokens) {
    return new TokenCounts(null, tokens, null, null, null, null, null, null);
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
