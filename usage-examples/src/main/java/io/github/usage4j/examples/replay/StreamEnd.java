package io.github.usage4j.examples.replay;

import dev.langchain4j.model.StreamingResponseHandler;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.output.Response;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Waits for the end of a stream. */
final class StreamEnd {
  /** After this time a stream counts as one that never ends. */
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** So long an answer may still come after an error: LangChain4j's streams can go on after one. */
  private static final Duration AFTER_ERROR = Duration.ofMillis(250);

  private final CompletableFuture<@Nullable Void> answered = new CompletableFuture<>();
  private final CompletableFuture<Throwable> failed = new CompletableFuture<>();

  /** The answer is complete. */
  void answered() {
    answered.complete(null);
  }

  /** The stream reported an error. */
  void failed(Throwable error) {
    failed.complete(error);
  }

  /** Listens to a model's stream. */
  StreamingChatResponseHandler handler() {
    return new StreamingChatResponseHandler() {
      @Override
      public void onPartialResponse(String partialResponse) {}

      @Override
      public void onCompleteResponse(ChatResponse completeResponse) {
        answered();
      }

      @Override
      public void onError(Throwable error) {
        failed(error);
      }
    };
  }

  /** Listens to the stream of a model for text completion. */
  StreamingResponseHandler<String> textHandler() {
    return new StreamingResponseHandler<>() {
      @Override
      public void onNext(String token) {}

      @Override
      public void onComplete(Response<String> response) {
        answered();
      }

      @Override
      public void onError(Throwable error) {
        failed(error);
      }
    };
  }

  /** Waits for the end; the error, when the stream ended with one instead of an answer. */
  @Nullable Throwable await() {
    if (!ends(CompletableFuture.anyOf(answered, failed), PATIENCE)) {
      return new TimeoutException("the stream did not end within " + PATIENCE);
    }
    if (answered.isDone() || ends(answered, AFTER_ERROR)) {
      return null;
    }
    return failed.join();
  }

  private static boolean ends(CompletableFuture<?> end, Duration patience) {
    try {
      end.get(patience.toMillis(), TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for a stream", e);
    } catch (ExecutionException e) {
      throw new IllegalStateException("a stream's end never fails", e);
    }
  }
}
