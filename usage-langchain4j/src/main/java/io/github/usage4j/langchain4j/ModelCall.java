package io.github.usage4j.langchain4j;

import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.output.TokenUsage;
import io.github.usage4j.Attribution;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageException;
import io.github.usage4j.UsageMetrics.Anomaly;
import io.github.usage4j.langchain4j.CallStart.Place;
import io.github.usage4j.limit.UsageLimitExceededException;
import io.github.usage4j.pricing.UnpricedModelException;
import io.github.usage4j.track.TrackedCall;
import java.math.BigDecimal;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One call of a wrapped model; see {@link CallStart} for how it begins. Nothing here throws but
 * what the model or a callback throws: a call that cannot be started or ended is reported and goes
 * on unrecorded.
 */
final class ModelCall {

  private final Settings settings;
  private final @Nullable TrackedCall call;
  private final RequestSize size;
  private final CallFigures figures;
  private final Place place;
  private volatile @Nullable InnerCalls inner;
  private @Nullable UsageException refusal; // set before anybody else knows of this

  ModelCall(
      Settings settings,
      String provider,
      @Nullable TrackedCall call,
      Place place,
      RequestSize size,
      boolean streaming) {
    this.settings = settings;
    this.call = call;
    this.place = place;
    this.size = size;
    figures = new CallFigures(settings, provider, call, size, streaming);
  }

  /** Asks whether it may be made. What refuses it is kept for whoever waits for its answer. */
  void admit() {
    if (call == null) {
      return;
    }
    try {
      call.admit(size);
    } catch (UsageLimitExceededException | UnpricedModelException e) {
      refusal = e;
      tellOuter(calls -> calls.failed(this, e));
    }
  }

  /** Why the model must not be called; null if it may. */
  @Nullable UsageException refusal() {
    return refusal;
  }

  /** The calls that are made inside of this one. */
  synchronized InnerCalls inner() {
    InnerCalls known = inner;
    if (known == null) {
      known = new InnerCalls();
      inner = known;
    }
    return known;
  }

  /** What is recorded of it; null if it could not be started. */
  @Nullable TrackedCall tracked() {
    return call;
  }

  Settings settings() {
    return settings;
  }

  /** Runs the model, whose exchanges are this call's. */
  <T> T handOn(Object identity, Supplier<T> model) {
    return Reentry.handOn(settings.tracker(), identity, figures.wire(), this, model);
  }

  /** Makes a call that answers on this thread. */
  <T> T make(Object identity, Supplier<T> model, Function<? super T, Answer> read) {
    if (refusal != null) {
      throw refusal;
    }
    T result;
    try {
      result = handOn(identity, model);
    } catch (Throwable e) {
      failed(e);
      throw e;
    }
    answered(result, read);
    return result;
  }

  /**
   * Makes a call that answers later. The future returned depends on the model's: whoever waits for
   * it finds the call recorded, and cancelling it cancels the model's.
   */
  <T> CompletableFuture<T> makeAsync(
      Object identity, Supplier<CompletableFuture<T>> model, Function<? super T, Answer> read) {
    if (refusal != null) {
      return CompletableFuture.failedFuture(refusal);
    }
    CompletableFuture<T> source;
    try {
      source = handOn(identity, model);
    } catch (Throwable e) {
      failed(e);
      throw e;
    }
    var result = new CompletableFuture<T>();
    if (source == null) {
      succeeded(Answer.NONE, null);
      return source;
    }
    var unusedCancelling =
        result.whenComplete(
            (value, error) -> {
              if (result.isCancelled()) {
                source.cancel(true);
              }
            });
    if (!source.isDone()) {
      watch(this::failed); // it may never be
    }
    var unusedRecording = source.whenComplete((value, error) -> ended(value, error, read, result));
    return result;
  }

  private <T> void ended(
      T value,
      @Nullable Throwable error,
      Function<? super T, Answer> read,
      CompletableFuture<T> result) {
    try {
      if (error == null) {
        answered(value, read);
      } else if (causeOf(error) instanceof CancellationException) {
        cancelled();
      } else {
        failed(causeOf(error));
      }
    } finally {
      within(
          () -> {
            if (error == null) {
              result.complete(value);
            } else {
              result.completeExceptionally(error);
            }
          });
    }
  }

  private static Throwable causeOf(Throwable error) {
    Throwable cause = error instanceof CompletionException ? error.getCause() : null;
    return cause == null ? error : cause;
  }

  /** Tells a handler why the call is refused; true if it is. Never throws. */
  boolean toldRefusal(Consumer<Throwable> handler) {
    UsageException why = refusal;
    if (why == null) {
      return false;
    }
    try {
      within(() -> handler.accept(why));
    } catch (RuntimeException | LinkageError | AssertionError | StackOverflowError e) {
      settings.tracker().report(Anomaly.LISTENER_FAILED, "a handler threw when it was refused", e);
    }
    return true;
  }

  /** Runs a callback of the host's as part of this call's operation. */
  void within(Runnable callback) {
    Reentry.Handing before = Reentry.enter(place.around());
    try {
      if (call == null) {
        callback.run();
      } else {
        call.within(callback);
      }
    } finally {
      Reentry.back(before, place.around());
    }
  }

  void firstToken() {
    if (call != null) {
      call.firstToken();
    }
  }

  /** A piece of a streamed answer has arrived, with what the model wrote in it. */
  void arrived(@Nullable String text) {
    heard();
    figures.arrived(text);
  }

  /** A sign of life of a streamed answer is here. */
  void heard() {
    if (call != null) {
      call.heard();
    }
  }

  /** This call is answered later, or never. */
  void watch(Consumer<Throwable> giveUp) {
    if (call != null) {
      call.watch(giveUp);
    }
  }

  /** An answer came after the end, of a stream that was cancelled, say: its tokens do not count. */
  void tooLate() {
    settings
        .tracker()
        .report(Anomaly.ENDED_TWICE, "an answer came after the end of its call", null);
  }

  void succeeded(@Nullable ChatResponse response) {
    Answer answer = settings.quietly(() -> Answer.of(response, settings));
    succeeded(answer == null ? Answer.NONE : answer, response);
  }

  void succeeded(Answer answer) {
    succeeded(answer, null);
  }

  /** Adds what is charged apart from tokens; must not be negative. */
  void unit(String name, BigDecimal amount) {
    if (call != null) {
      call.describe(event -> event.unit(name, amount));
    }
  }

  /** Adds what is charged apart from tokens; must not be negative. */
  void unit(String name, long amount) {
    unit(name, BigDecimal.valueOf(amount));
  }

  private <T> void answered(T result, Function<? super T, Answer> read) {
    Answer answer = settings.quietly(() -> read.apply(result));
    succeeded(answer == null ? Answer.NONE : answer, result);
  }

  private void succeeded(Answer answer, @Nullable Object result) {
    AiMessage message =
        result instanceof ChatResponse chat ? settings.quietly(chat::aiMessage) : null;
    if (place.outer() != null || inner != null) {
      TokenUsage used = settings.quietly(() -> InnerCalls.usageIn(result));
      tellOuter(calls -> calls.answered(this, used));
      if (leftToInner(calls -> calls.gave(used), null, message)) {
        return;
      }
    }
    end(
        started -> {
          UsageEvent event = figures.succeeded(started, answer, message);
          if (place.outer() != null) {
            tellOuter(calls -> calls.paidBy(event.attribution()));
          }
          settings.lineage().remember(message, started, event.attribution());
        },
        started -> started.succeeded(TokenCounts.UNKNOWN));
  }

  private void tellOuter(Consumer<InnerCalls> what) {
    ModelCall outer = place.outer();
    if (outer != null) {
      what.accept(outer.inner());
    }
  }

  /**
   * True if calls inside of this account for its end: then they are the events, and this is one
   * only of the exchanges that were seen beside them, which are its own.
   */
  private boolean leftToInner(
      Predicate<InnerCalls> accounting, @Nullable Throwable error, @Nullable AiMessage message) {
    InnerCalls calls = inner;
    TrackedCall started = call;
    if (calls == null
        || started == null
        || !Boolean.TRUE.equals(settings.quietly(() -> accounting.test(calls)))) {
      return false;
    }
    WireCapture.Sum own = figures.seen(error == null);
    end(
        own.exchanges() == 0 ? TrackedCall::withdraw : c -> figures.endBeside(own, error, c),
        c -> {});
    Attribution who = calls.who();
    if (who != null) {
      settings.lineage().rememberToo(message, started, who);
      tellOuter(outer -> outer.paidBy(who));
    }
    return true;
  }

  /** A provider may have answered, and charged for it, what the client then could not read. */
  void failed(Throwable error) {
    tellOuter(calls -> calls.failed(this, error));
    if (leftToInner(calls -> calls.threw(error), error, null)) {
      return;
    }
    end(
        started -> started.failed(error, event -> figures.cutShort(started, event)),
        started -> started.failed(error));
  }

  void failedUnlessAnswered(Throwable error) {
    tellOuter(calls -> calls.failed(this, error));
    if (leftToInner(calls -> calls.threw(error), error, null)) {
      return;
    }
    end(
        started -> started.failedUnlessAnswered(error, event -> figures.cutShort(started, event)),
        started -> started.failed(error));
  }

  void cancelled() {
    tellOuter(calls -> calls.cancelled(this));
    if (leftToInner(InnerCalls::wereStopped, null, null)) {
      return;
    }
    end(figures::cancelled, started -> started.cancelled(TokenCounts.UNKNOWN));
  }

  /** A call that cannot be ended as it should is ended otherwise: it was paid for. */
  private void end(Consumer<TrackedCall> how, Consumer<TrackedCall> otherwise) {
    TrackedCall started = call;
    if (started != null) {
      try {
        how.accept(started);
      } catch (RuntimeException | LinkageError | AssertionError | StackOverflowError e) {
        settings.tracker().report(Anomaly.EVENT_REPAIRED, "a call could not be ended", e);
        if (!started.hasEnded()) {
          otherwise.accept(started);
        }
      }
    }
  }
}
