package io.github.usage4j.limit;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Lets no caller wait for long for a store that hangs. A question goes on in its thread, because
 * nobody may be interrupted, a file database does not survive that; its answer comes too late. Safe
 * for use by several threads.
 */
final class Patience {

  /** How long a caller waits for an answer at most. */
  static final Duration LONGEST = Duration.ofSeconds(2);

  private final @Nullable Executor threads;
  private final long longest;
  private final Set<Object> underWay = ConcurrentHashMap.newKeySet();

  /**
   * @param threads have one for each question, or refuse it; null to ask where one is
   */
  Patience(@Nullable Executor threads, Duration longest) {
    this.threads = threads;
    this.longest = longest.toNanos();
  }

  /**
   * Asks.
   *
   * @param about of several questions about the same only one goes on at a time: the second might
   *     be heard before the first
   * @throws TimeoutException if there is no answer in time, or none yet to the one before
   */
  <T> T ask(Object about, Supplier<T> question) throws TimeoutException {
    if (threads == null) {
      return question.get();
    }
    if (!underWay.add(about)) {
      throw new TimeoutException("the question before is not answered yet");
    }
    var task =
        new FutureTask<T>(
            () -> {
              try {
                return question.get();
              } finally {
                underWay.remove(about); // before anybody has the answer and asks again
              }
            });
    try {
      threads.execute(task);
    } catch (RejectedExecutionException e) {
      underWay.remove(about);
      throw new TimeoutException("too many questions are not answered yet");
    }
    return await(task);
  }

  private <T> T await(FutureTask<T> task) throws TimeoutException {
    long deadline = System.nanoTime() + longest;
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return task.get(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
          interrupted = true; // the caller's own business, when it has its answer
        } catch (ExecutionException e) {
          if (e.getCause() instanceof Error error) {
            throw error;
          }
          throw (RuntimeException) e.getCause(); // a question throws no other
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
