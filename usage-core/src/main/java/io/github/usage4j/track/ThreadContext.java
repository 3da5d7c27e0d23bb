package io.github.usage4j.track;

import io.github.usage4j.Attribution;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What is going on on each thread, for one tracker: a stack of frames, one for each scope that is
 * open, callback that runs, or wrapped task. Never inherited by a new thread: a pool thread would
 * keep the user of the task that happened to create it.
 */
final class ThreadContext {

  @SuppressWarnings("ThreadLocalUsage") // one for each tracker, and there are few of those
  private final ThreadLocal<@Nullable Frame> top = new ThreadLocal<>();

  /**
   * One level of the stack.
   *
   * @param below the level under it
   * @param operation what calls on this thread are steps of; null if each begins its own
   * @param attribution who is known here
   * @param scope the scope that put it there, if one did
   * @param live false once it no longer counts; null if only closing it ends it
   */
  record Frame(
      @Nullable Frame below,
      @Nullable Operation operation,
      Attribution attribution,
      @Nullable UsageScope scope,
      @Nullable BooleanSupplier live) {

    boolean closed() {
      return (scope != null && scope.isClosed()) || (live != null && !live.getAsBoolean());
    }
  }

  /** The frame in force here; a closed one counts as none. */
  @Nullable Frame current() {
    Frame frame = top.get();
    if (frame == null || !frame.closed()) {
      return frame;
    }
    while (frame != null && frame.closed()) {
      frame = frame.below();
    }
    restore(frame);
    return frame;
  }

  /** Puts a frame on top; give what is returned to {@link #restore} on the same thread. */
  @Nullable Frame push(
      @Nullable Operation operation, Attribution attribution, @Nullable UsageScope scope) {
    Frame below = current();
    top.set(new Frame(below, operation, attribution, scope, null));
    return below;
  }

  /** Puts a callback's frame on top; the same one every time where nothing is below. */
  @Nullable Frame push(Frame alone) {
    Frame below = current();
    top.set(
        below == null
            ? alone
            : new Frame(below, alone.operation(), alone.attribution(), null, null));
    return below;
  }

  /** Puts a frame on top that counts for as long as it is live. */
  void pushWhile(BooleanSupplier live, Operation operation) {
    top.set(new Frame(current(), operation, operation.attribution(), null, live));
  }

  /**
   * Makes a frame the top again; null takes everything off this thread. Sets null instead of
   * removing: a callback comes for every piece of a stream, and an entry made anew each time costs
   * more than the rest of it.
   */
  void restore(@Nullable Frame frame) {
    top.set(frame);
  }

  /** Runs a callback with its frame on top. */
  void runWithin(Frame frame, Runnable callback) {
    Frame before = push(frame);
    try {
      callback.run();
    } finally {
      restore(before);
    }
  }

  /**
   * Takes a scope and everything above it off this thread; scopes above it are closed with it.
   *
   * @return how many scopes were above it, or -1 if it is not on this thread
   */
  @SuppressWarnings("ReferenceEquality") // this very frame, not one like it
  int pop(UsageScope scope) {
    int above = 0;
    Frame frame = top.get();
    while (frame != null && frame.scope() != scope) {
      above += frame.scope() == null ? 0 : 1;
      frame = frame.below();
    }
    if (frame == null) {
      return -1;
    }
    for (Frame f = top.get(); f != frame && f != null; f = f.below()) {
      if (f.scope() != null) {
        f.scope().markClosed();
      }
    }
    restore(frame.below());
    return above;
  }
}
