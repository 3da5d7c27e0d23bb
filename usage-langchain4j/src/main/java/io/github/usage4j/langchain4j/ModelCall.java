package io.github.usage4j.langchain4j;

import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.model.ModelProvider;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatResponse;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Kind;
import io.github.usage4j.UsageEvent.Quality;
import io.github.usage4j.UsageMetrics.Anomaly;
import io.github.usage4j.langchain4j.internal.StatedUsage;
import io.github.usage4j.langchain4j.internal.UsageReading;
import io.github.usage4j.track.TrackedCall;
import java.math.BigDecimal;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One call of a wrapped model. Nothing here throws but what the model or a callback throws: a call
 * that cannot be started or ended is reported and goes on unrecorded.
 */
final class ModelCall {

  private final Settings settings;
  private final String provider;
  private final @Nullable TrackedCall call;

  private ModelCall(Settings settings, String provider, @Nullable TrackedCall call) {
    this.settings = settings;
    this.provider = provider;
    this.call = call;
  }

  /** Starts a chat: the step after the call whose tools' results it carries, if there is one. */
  static ModelCall chat(
      Settings settings,
      Supplier<ModelProvider> provider,
      Supplier<ChatRequestParameters> defaults,
      @Nullable ChatRequest request,
      boolean streaming) {
    String model = settings.quietly(() -> modelOf(defaults, request));
    TrackedCall previous =
        request == null
            ? null
            : settings.quietly(
                () -> settings.lineage().previous(request.messages(), settings.tracker()));
    return start(settings, Kind.CHAT, provider, model, previous, streaming);
  }

  /** The model asked for, as the delegate will merge it. */
  private static @Nullable String modelOf(
      Supplier<ChatRequestParameters> defaults, @Nullable ChatRequest request) {
    String asked = request == null ? null : request.modelName();
    if (asked != null) {
      return asked;
    }
    ChatRequestParameters parameters = defaults.get();
    return parameters == null ? null : parameters.modelName();
  }

  static ModelCall start(
      Settings settings,
      Kind kind,
      Supplier<ModelProvider> provider,
      @Nullable String model,
      @Nullable TrackedCall previous,
      boolean streaming) {
    String override = settings.provider();
    return start(
        settings,
        kind,
        model,
        previous,
        streaming,
        () -> override != null ? override : Providers.nameOf(provider.get()));
  }

  /** Starts a call of a model whose kind may not say who serves it. */
  static ModelCall start(
      Settings settings,
      Kind kind,
      @Nullable String model,
      @Nullable TrackedCall previous,
      boolean streaming,
      Supplier<String> provider) {
    String name = settings.quietly(provider);
    String by = name == null ? Providers.OTHER : name;
    String asked = model == null ? "" : model;
    TrackedCall call =
        settings.quietly(
            () ->
                (previous == null
                        ? settings.tracker().start(kind, by, asked)
                        : previous.next(kind, by, asked))
                    .defaultCategory(settings.category())
                    .describe(event -> event.streaming(streaming)));
    return new ModelCall(settings, by, call);
  }

  /** Makes a call that answers on this thread. */
  <T> T make(Object identity, Supplier<T> model, Function<? super T, Answer> read) {
    T result;
    try {
      result = Reentry.handOn(settings.tracker(), identity, model);
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
    CompletableFuture<T> source;
    try {
      source = Reentry.handOn(settings.tracker(), identity, model);
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

  /** Runs a callback of the host's as part of this call's operation. */
  void within(Runnable callback) {
    TrackedCall started = call;
    if (started == null) {
      Reentry.outside(callback);
    } else {
      started.within(() -> Reentry.outside(callback));
    }
  }

  void firstToken() {
    if (call != null) {
      call.firstToken();
    }
  }

  void succeeded(@Nullable ChatResponse response) {
    succeeded(Answer.of(response, settings), response == null ? null : response.aiMessage());
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
    succeeded(
        answer == null ? Answer.NONE : answer,
        result instanceof ChatResponse chat ? chat.aiMessage() : null);
  }

  private void succeeded(Answer answer, @Nullable AiMessage message) {
    end(
        started -> {
          started.describe(answer::describe);
          StatedUsage usage = UsageReading.completed(answer.usage(), provider);
          if (usage.dropped()) {
            settings
                .tracker()
                .report(Anomaly.CONTRADICTORY_FIGURES, "a figure of an answer cannot be one", null);
          }
          UsageEvent event =
              usage.partial()
                  ? started.succeeded(usage.tokens(), Quality.PARTIAL)
                  : started.succeeded(usage.tokens());
          settings.lineage().remember(message, started, event.attribution());
        });
  }

  void failed(Throwable error) {
    end(started -> started.failed(error));
  }

  void failedUnlessAnswered(Throwable error) {
    end(started -> started.failedUnlessAnswered(error));
  }

  void cancelled() {
    end(started -> started.cancelled(TokenCounts.UNKNOWN));
  }

  private void end(Consumer<TrackedCall> how) {
    TrackedCall started = call;
    if (started != null) {
      try {
        how.accept(started);
      } catch (RuntimeException | LinkageError | AssertionError e) {
        settings.tracker().report(Anomaly.EVENT_REPAIRED, "a call could not be ended", e);
      }
    }
  }
}
