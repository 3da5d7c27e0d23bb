package io.github.usage4j.langchain4j;

import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.ChatResponseMetadata;
import dev.langchain4j.model.output.FinishReason;
import dev.langchain4j.model.output.Response;
import dev.langchain4j.model.output.TokenUsage;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent.Quality;
import io.github.usage4j.UsageEvent.Source;
import io.github.usage4j.UsageEventBuilder;
import io.github.usage4j.UsageMetrics.Anomaly;
import io.github.usage4j.langchain4j.internal.UsageReading;
import io.github.usage4j.provider.StatedUsage;
import io.github.usage4j.track.TrackedCall.AdditionalUsage;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What is kept of an answer: plain values, never the answer itself, which would stay in memory as
 * long as the call is remembered.
 */
record Answer(
    StatedUsage usage,
    @Nullable String model,
    @Nullable String id,
    @Nullable String serviceTier,
    @Nullable String finishReason,
    int toolCalls,
    int exchanges) {

  static final Answer NONE = new Answer(StatedUsage.NONE, null, null, null, null, 0);

  /** Read without looking at the wire. */
  Answer(
      StatedUsage usage,
      @Nullable String model,
      @Nullable String id,
      @Nullable String serviceTier,
      @Nullable String finishReason,
      int toolCalls) {
    this(usage, model, id, serviceTier, finishReason, toolCalls, 0);
  }

  /**
   * The same answer with the usage that was seen on the wire, unless the host gave its own. If less
   * was seen than the client tells of, there were other exchanges that were not seen: then what the
   * client tells counts, and is not known to be all.
   */
  Answer onTheWire(WireCapture.Sum seen) {
    StatedUsage wire = seen.usage();
    boolean counts = seen.stated() && usage.source() != Source.HOST;
    boolean lessSeen = counts && isMore(usage.tokens(), seen.total());
    StatedUsage stated = wire;
    if (lessSeen) {
      stated = usage.besides(wire).notAll();
    } else if (!counts) {
      stated = usage.besides(wire).cost(usage.cost() != null ? usage.cost() : wire.cost());
    }
    boolean named = wire.model() != null && (model == null || (counts && !lessSeen));
    return new Answer(
        stated,
        named ? wire.model() : model,
        id,
        serviceTier != null ? serviceTier : wire.serviceTier(),
        finishReason,
        toolCalls,
        seen.exchanges());
  }

  private static boolean isMore(TokenCounts client, long seen) {
    Long told = client.total();
    return told != null && told > seen;
  }

  /** Reads an answer. Never throws: what cannot be read is unknown, and reported. */
  static Answer of(@Nullable ChatResponse response, Settings settings) {
    if (response == null) {
      return NONE;
    }
    try {
      AiMessage message = response.aiMessage();
      int toolCalls =
          message == null || message.toolExecutionRequests() == null
              ? 0
              : message.toolExecutionRequests().size();
      ChatResponseMetadata metadata = response.metadata();
      if (metadata == null) {
        return new Answer(StatedUsage.NONE, null, null, null, null, toolCalls);
      }
      StatedUsage usage = usage(metadata, settings);
      FinishReason reason = metadata.finishReason();
      return new Answer(
          usage,
          usage.model() != null ? usage.model() : metadata.modelName(),
          metadata.id(),
          tier(metadata, usage),
          reason == null ? null : reason.name().toLowerCase(Locale.ROOT),
          toolCalls);
    } catch (RuntimeException | LinkageError e) {
      report(settings, "an answer could not be read", e);
      return NONE;
    }
  }

  /** The answer of a model that returns nothing but its usage and name. */
  static Answer of(@Nullable TokenUsage usage, @Nullable String model, Settings settings) {
    try {
      StatedUsage stated = byMapper(usage, settings);
      stated = stated != null ? stated : UsageReading.of(usage);
      return new Answer(stated, model, null, null, null, 0);
    } catch (RuntimeException | LinkageError e) {
      report(settings, "a usage could not be read", e);
      return NONE;
    }
  }

  /** The answer of a model that returns a value with its usage beside it. */
  static Answer of(@Nullable Response<?> response, Settings settings) {
    if (response == null) {
      return NONE;
    }
    Answer usage = of(response.tokenUsage(), null, settings);
    FinishReason reason = response.finishReason();
    return reason == null
        ? usage
        : new Answer(usage.usage(), null, null, null, reason.name().toLowerCase(Locale.ROOT), 0);
  }

  private static StatedUsage usage(ChatResponseMetadata metadata, Settings settings) {
    StatedUsage stated = byMapper(metadata.tokenUsage(), settings);
    if (stated != null) {
      return stated;
    }
    StatedUsage raw = raw(metadata, settings);
    if (!raw.tokens().isUnknown()) {
      return raw;
    }
    return UsageReading.of(metadata.tokenUsage()).besides(raw).cost(raw.cost());
  }

  /** Null if there is no mapper, or it leaves this usage to us. */
  private static @Nullable StatedUsage byMapper(@Nullable TokenUsage usage, Settings settings) {
    TokenCountsMapper mapper = settings.mapper();
    if (mapper == null || usage == null) {
      return null;
    }
    try {
      Optional<TokenCounts> counts = mapper.map(usage);
      return counts.isEmpty() ? null : StatedUsage.of(counts.get(), Source.HOST);
    } catch (Exception | LinkageError | AssertionError | StackOverflowError e) {
      report(settings, "the tokens mapper failed; the tokens of the call are unknown", e);
      return StatedUsage.NONE;
    }
  }

  /** A client of another version may keep its raw answer elsewhere: then its own figures count. */
  private static StatedUsage raw(ChatResponseMetadata metadata, Settings settings) {
    try {
      return UsageReading.raw(metadata);
    } catch (RuntimeException | LinkageError e) {
      report(settings, "the raw answer could not be read; the client's own figures count", e);
      return StatedUsage.NONE;
    }
  }

  private static @Nullable String tier(ChatResponseMetadata metadata, StatedUsage usage) {
    try {
      String tier = UsageReading.serviceTier(metadata);
      return tier != null ? tier : usage.serviceTier();
    } catch (RuntimeException | LinkageError e) {
      return usage.serviceTier();
    }
  }

  private static void report(Settings settings, String message, Throwable cause) {
    settings.tracker().report(Anomaly.EVENT_REPAIRED, message, cause);
  }

  /** Units that the provider states replace those that were known without it. */
  void describe(UsageEventBuilder event) {
    describe(usage, event);
    event
        .responseModel(model)
        .responseId(id)
        .serviceTier(serviceTier)
        .finishReason(finishReason)
        .toolCalls(toolCalls)
        .attempts(Math.max(1, exchanges));
  }

  private static void describe(StatedUsage usage, UsageEventBuilder event) {
    usage.units().forEach(event::unit);
    usage.conditions().forEach(event::condition);
    event.source(usage.tokens().isUnknown() ? null : usage.source()).statedCost(usage.cost());
  }

  /** What other models used, and exchanges that are not priced as the others are. */
  List<AdditionalUsage> additional(String provider) {
    return usage.others().stream()
        .map(other -> other.completed(provider))
        .map(other -> new AdditionalUsage(other.model(), other.requests(), add(other)))
        .toList();
  }

  private static Consumer<UsageEventBuilder> add(StatedUsage other) {
    return event -> {
      describe(other, event);
      event.serviceTier(other.serviceTier());
      if (other.partial()) {
        event.tokens(other.tokens(), Quality.PARTIAL);
      } else {
        event.tokens(other.tokens());
      }
    };
  }
}
