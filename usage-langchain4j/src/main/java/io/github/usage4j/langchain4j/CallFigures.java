package io.github.usage4j.langchain4j;

import dev.langchain4j.data.message.AiMessage;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Quality;
import io.github.usage4j.UsageEventBuilder;
import io.github.usage4j.UsageMetrics.Anomaly;
import io.github.usage4j.provider.StatedUsage;
import io.github.usage4j.track.TrackedCall;
import org.jspecify.annotations.Nullable;

/**
 * What one call used, as far as it is known when it ends: seen on the wire, told by the client,
 * else estimated by what has arrived.
 */
final class CallFigures {

  private final Settings settings;
  private final String provider;
  private final WireCapture wire;
  private final RequestSize size;
  private final @Nullable Estimate estimate;

  CallFigures(
      Settings settings,
      String provider,
      @Nullable TrackedCall call,
      RequestSize size,
      boolean streaming) {
    this.settings = settings;
    this.provider = provider;
    this.size = size;
    wire = new WireCapture(settings, call);
    estimate = streaming || settings.estimator() != null ? new Estimate(settings) : null;
  }

  /** Where its exchanges are collected. */
  WireCapture wire() {
    return wire;
  }

  /** A piece of a streamed answer has arrived, with what the model wrote in it. */
  void arrived(@Nullable String text) {
    if (estimate != null) {
      estimate.arrived(text);
    }
  }

  /** Ends a call that was answered. */
  UsageEvent succeeded(TrackedCall started, Answer answer, @Nullable AiMessage message) {
    WireCapture.Sum seen = seen(true, answer.model());
    settings.quietly(
        () -> {
          WireCapture.compare(seen, answer.usage().tokens());
          return seen;
        });
    Answer known = answer.onTheWire(seen);
    describe(known, started.describe(known::describe));
    StatedUsage usage = known.usage().completed(provider);
    reportDropped(usage);
    if (usage.tokens().isUnknown() && settings.estimator() != null && estimate != null) {
      if (!estimate.anythingArrived() && message != null) {
        estimate.arrived(message.text());
      }
      TokenCounts probable = estimate.completed(usage.tokens(), size.messages());
      return started.succeeded(probable, Quality.ESTIMATED);
    }
    return usage.partial()
        ? started.succeeded(usage.tokens(), Quality.PARTIAL)
        : started.succeeded(usage.tokens());
  }

  /** Ends a call that the caller stopped. */
  void cancelled(TrackedCall started) {
    WireCapture.Sum seen = seen(false);
    Answer known = Answer.NONE.onTheWire(seen);
    describe(known, started.describe(known::describe));
    reportDropped(known.usage());
    TokenCounts tokens = known.usage().tokens();
    TokenCounts probable = probable(tokens, known.usage().partial());
    started.cancelled(
        probable, probable.equals(tokens) ? quality(known.usage()) : Quality.ESTIMATED);
  }

  /**
   * Ends a call beside the calls inside of it. What arrived here is theirs: nothing is estimated by
   * it.
   *
   * @param own the exchanges that were seen beside those calls
   */
  void endBeside(WireCapture.Sum own, @Nullable Throwable error, TrackedCall started) {
    Answer known = Answer.NONE.onTheWire(own);
    TokenCounts tokens = known.usage().tokens();
    describe(known, started.describe(known::describe));
    reportDropped(known.usage());
    if (error == null && own.stated()) {
      started.succeeded(tokens, quality(known.usage()));
    } else {
      started.failed(error, event -> event.tokens(tokens, quality(known.usage())));
    }
  }

  private static Quality quality(StatedUsage cutShort) {
    return cutShort.tokens().isUnknown()
        ? Quality.MISSING
        : cutShort.partial() ? Quality.PARTIAL : Quality.REPORTED;
  }

  /** Adds what is known of a call that did not come to a good end. */
  void cutShort(TrackedCall started, UsageEventBuilder event) {
    WireCapture.Sum seen = seen(false);
    Answer known = Answer.NONE.onTheWire(seen);
    describe(known, started);
    known.describe(event);
    StatedUsage usage = known.usage();
    reportDropped(usage);
    TokenCounts probable = probable(usage.tokens(), usage.partial());
    if (!probable.equals(usage.tokens())) {
      event.tokens(probable, Quality.ESTIMATED);
    } else if (usage.partial()) {
      event.tokens(usage.tokens(), Quality.PARTIAL);
    } else {
      event.tokens(usage.tokens());
    }
  }

  /**
   * The same figures if they are final, or cover what has arrived, or nothing has; else with what
   * is missing estimated.
   */
  private TokenCounts probable(TokenCounts known, boolean interim) {
    boolean mayBeMore = known.isUnknown() || interim;
    if (estimate == null || !estimate.anythingArrived() || !mayBeMore) {
      return known;
    }
    return estimate.completed(known, size.messages());
  }

  /** What is charged by request, and what by an event of its own. */
  private void describe(Answer known, TrackedCall started) {
    started.exchanges(known.usage().requests()).also(known.additional(provider));
  }

  WireCapture.Sum seen(boolean answered) {
    return seen(answered, null);
  }

  private WireCapture.Sum seen(boolean answered, @Nullable String by) {
    WireCapture.Sum sum = settings.quietly(() -> wire.sum(answered, provider, by));
    return sum == null ? WireCapture.Sum.NONE : sum;
  }

  private void reportDropped(StatedUsage usage) {
    if (usage.dropped() || usage.others().stream().anyMatch(StatedUsage::dropped)) {
      settings
          .tracker()
          .report(
              Anomaly.CONTRADICTORY_FIGURES,
              "a figure of an answer is not counted: it cannot be one, is less than one stated"
                  + " before, or is not known to be charged",
              null);
    }
  }
}
