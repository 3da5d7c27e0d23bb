package io.github.usage4j.langchain4j.internal;

import dev.langchain4j.model.chat.response.ChatResponseMetadata;
import dev.langchain4j.model.output.TokenUsage;
import io.github.usage4j.UsageEvent.Source;
import io.github.usage4j.provider.Figures;
import io.github.usage4j.provider.RawUsage;
import io.github.usage4j.provider.StatedUsage;
import org.jspecify.annotations.Nullable;

/**
 * What one LangChain4j client means by its usage. An implementation is the only class that links
 * the client's jar, and is loaded only when an object of that jar turns up.
 */
interface Dialect {

  /** A client whose input and output mean the same as ours, and whose total is their sum. */
  Dialect PLAIN = new Dialect() {};

  /** Takes the figures of a usage object of this dialect. */
  default void read(TokenUsage usage, Figures to) {
    to.input(usage.inputTokenCount())
        .output(usage.outputTokenCount())
        .total(usage.totalTokenCount());
  }

  /** What the raw answer states that the client keeps; nothing if it keeps none. */
  default StatedUsage raw(ChatResponseMetadata metadata) {
    return StatedUsage.NONE;
  }

  /** The service tier that the client names. */
  default @Nullable String serviceTier(ChatResponseMetadata metadata) {
    return null;
  }

  /** Reads the events of a stream if there are any, else the answer's body. */
  static StatedUsage raw(@Nullable Iterable<@Nullable String> events, @Nullable String body) {
    var raw = new RawUsage();
    boolean any = false;
    if (events != null) {
      for (String event : events) {
        if (event != null) {
          raw.read(event);
          any = true;
        }
      }
    }
    if (!any && body != null) {
      raw.read(body);
    }
    return raw.stated(Source.RAW_METADATA);
  }
}
