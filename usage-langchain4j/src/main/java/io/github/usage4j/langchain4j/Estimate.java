package io.github.usage4j.langchain4j;

import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.Content;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.model.TokenCountEstimator;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageMetrics.Anomaly;
import java.util.List;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/**
 * How many tokens a call probably used of which the provider states nothing: by the estimator that
 * the host gave, else by rule of thumb: one token for every four bytes of UTF-8, rounded up, and
 * three more for each message. Images and sound are not counted by the rule.
 */
final class Estimate {

  private static final int BYTES_PER_TOKEN = 4;
  private static final int PER_MESSAGE = 3;

  private final Settings settings;
  private long bytes;
  private final @Nullable StringBuilder text; // only kept for an estimator

  Estimate(Settings settings) {
    this.settings = settings;
    text = settings.estimator() == null ? null : new StringBuilder();
  }

  /** A piece of the answer has arrived. */
  synchronized void arrived(@Nullable String piece) {
    if (piece != null) {
      bytes += utf8(piece);
      if (text != null) {
        text.append(piece);
      }
    }
  }

  synchronized boolean anythingArrived() {
    return bytes > 0;
  }

  /**
   * What a call used that was cut short after something had arrived: what is known of it, but never
   * less output than has arrived.
   */
  TokenCounts completed(TokenCounts known, List<ChatMessage> messages) {
    Long stated = known.output();
    long arrived = output();
    return new TokenCounts(
        known.input() != null ? known.input() : Long.valueOf(input(messages)),
        stated != null ? Math.max(stated, arrived) : arrived,
        known.cacheRead(),
        known.cacheWrite(),
        known.cacheWriteOneHour(),
        known.reasoning(),
        known.inputAudio(),
        known.outputAudio(),
        known.cacheReadAudio());
  }

  /** Tokens of the pieces that have arrived. */
  synchronized long output() {
    StringBuilder arrived = text;
    TokenCountEstimator estimator = settings.estimator();
    return estimator == null || arrived == null
        ? tokens(bytes)
        : asked(() -> estimator.estimateTokenCountInText(arrived.toString()), tokens(bytes));
  }

  /** Tokens of a request. */
  long input(List<ChatMessage> messages) {
    long byRule = 0;
    for (ChatMessage message : messages) {
      byRule += tokens(bytesOf(message)) + PER_MESSAGE;
    }
    TokenCountEstimator estimator = settings.estimator();
    return estimator == null
        ? byRule
        : asked(() -> estimator.estimateTokenCountInMessages(messages), byRule);
  }

  private long asked(IntSupplier estimator, long otherwise) {
    try {
      int tokens = estimator.getAsInt();
      if (tokens >= 0) {
        return tokens;
      }
      settings.tracker().report(Anomaly.ESTIMATOR_FAILED, "the estimator said " + tokens, null);
    } catch (Exception | LinkageError | AssertionError | StackOverflowError e) {
      settings.tracker().report(Anomaly.ESTIMATOR_FAILED, "the estimator failed", e);
    }
    return otherwise;
  }

  private static long tokens(long bytes) {
    return (bytes + BYTES_PER_TOKEN - 1) / BYTES_PER_TOKEN;
  }

  /** How many bytes the texts of messages are. */
  static long bytesOf(List<ChatMessage> messages) {
    return messages.stream().mapToLong(message -> bytesOf(message) + PER_MESSAGE).sum();
  }

  private static long bytesOf(ChatMessage message) {
    if (message instanceof SystemMessage system) {
      return utf8(system.text());
    }
    if (message instanceof ToolExecutionResultMessage result) {
      return utf8(result.text());
    }
    if (message instanceof AiMessage answer) {
      long bytes = utf8(answer.text());
      for (var call : answer.toolExecutionRequests()) {
        bytes += utf8(call.name()) + utf8(call.arguments());
      }
      return bytes;
    }
    long bytes = 0;
    if (message instanceof UserMessage user) {
      for (Content content : user.contents()) {
        bytes += content instanceof TextContent said ? utf8(said.text()) : 0;
      }
    }
    return bytes;
  }

  /** How many bytes of UTF-8 a text is, without making them. */
  private static long utf8(@Nullable String text) {
    long bytes = 0;
    for (int i = 0; text != null && i < text.length(); i++) {
      char c = text.charAt(i);
      // Half of a surrogate pair is half of four bytes.
      bytes += c < 0x80 ? 1 : c < 0x800 || Character.isSurrogate(c) ? 2 : 3;
    }
    return bytes;
  }
}
