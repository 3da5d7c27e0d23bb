package io.github.usage4j.langchain4j;

import dev.langchain4j.exception.HttpException;
import dev.langchain4j.model.chat.response.ChatResponse;
import org.jspecify.annotations.Nullable;

/**
 * Gives a streamed call exactly one end. The first complete answer is one, also after an error: a
 * client reports a piece that it cannot read, and whatever a handler of the host's throws, as an
 * error and goes on. An error after the end is one of the host's handler, not of the call.
 */
final class StreamEnd {

  private final ModelCall call;
  private boolean ended; // guarded by this
  private boolean held; // guarded by this
  private volatile boolean begun;

  StreamEnd(ModelCall call) {
    this.call = call;
    call.watch(this::failedAtOnce);
  }

  /**
   * Runs a callback that brings a piece of the answer.
   *
   * @param text what the model wrote; null if this piece repeats what came before
   */
  void piece(@Nullable String text, Runnable callback) {
    if (!begun) {
      begun = true;
      call.firstToken();
    }
    call.arrived(text);
    call.within(callback);
  }

  /** A sign of life that is no piece of the answer. */
  void heard() {
    call.heard();
  }

  /** Runs another callback. */
  void within(Runnable callback) {
    call.within(callback);
  }

  /** The answer is complete. */
  void completed(@Nullable ChatResponse response) {
    if (end()) {
      call.succeeded(response);
    } else {
      call.tooLate();
    }
  }

  /** Nothing more comes; an answer may have come before. */
  void over() {
    if (end()) {
      call.succeeded(Answer.NONE);
    }
  }

  /** The answer of a model that returns something else than chat responses. */
  void answered(Answer answer) {
    if (end()) {
      call.succeeded(answer);
    } else {
      call.tooLate();
    }
  }

  /** An error that an answer may follow, unless the provider refused the request as such. */
  void failed(Throwable error) {
    // A status that comes after a piece is not this call's: a handler of the host's made a request.
    if (!begun && refused(error)) {
      failedAtOnce(error);
    } else if (hold()) {
      call.failedUnlessAnswered(error);
    }
  }

  /** A subscriber of the host's threw; an answer may follow all the same. */
  void threw(Throwable error) {
    if (hold()) {
      call.failedUnlessAnswered(error);
    }
  }

  /** An error after which nothing comes. */
  void failedAtOnce(Throwable error) {
    if (end()) {
      call.failed(error);
    }
  }

  void cancelled() {
    if (end()) {
      call.cancelled();
    }
  }

  private synchronized boolean end() {
    boolean first = !ended;
    ended = true;
    return first;
  }

  private synchronized boolean hold() {
    boolean first = !ended && !held;
    held = true;
    return first;
  }

  /** Whether the provider answered with an HTTP status that means there is no stream at all. */
  private static boolean refused(@Nullable Throwable error) {
    Throwable cause = error;
    for (int depth = 0; cause != null && depth < 10; depth++) {
      if (cause instanceof HttpException) {
        return true;
      }
      cause = cause.getCause();
    }
    return false;
  }
}
