package io.github.usage4j.limit;

import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * The threads of a limiter: one that beats, one that asks the store ahead of need, one for the
 * host's listeners, which may hang, and those in which the store is asked for callers. All but the
 * first are only there while there is something to do.
 */
final class LimiterThreads {

  /** Then the store hangs, and not even that it does is asked any more. */
  private static final int MOST_QUESTIONS = 512;

  private final boolean byHand;
  private final ScheduledThreadPoolExecutor time =
      new ScheduledThreadPoolExecutor(1, daemons("usage4j-limits"));
  private final ThreadPoolExecutor store = one("usage4j-leases");
  private final ThreadPoolExecutor alerts = one("usage4j-alerts");

  /** One for each question of a caller: how many there are at once the pool of connections says. */
  private final ThreadPoolExecutor questions =
      new ThreadPoolExecutor(
          0,
          MOST_QUESTIONS,
          10,
          TimeUnit.SECONDS,
          new SynchronousQueue<>(),
          daemons("usage4j-ask"));

  /**
   * @param byHand whether tasks run at once, where they are handed over
   */
  LimiterThreads(boolean byHand) {
    this.byHand = byHand;
  }

  private static ThreadPoolExecutor one(String name) {
    var executor =
        new ThreadPoolExecutor(
            1, 1, 1, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), daemons(name));
    executor.allowCoreThreadTimeOut(true);
    return executor;
  }

  private static ThreadFactory daemons(String name) {
    return task -> {
      var thread = new Thread(task, name);
      thread.setDaemon(true);
      return thread;
    };
  }

  Executor store() {
    return byHand ? Runnable::run : task -> execute(store, task);
  }

  Executor alerts() {
    return byHand ? Runnable::run : task -> execute(alerts, task);
  }

  Patience patience() {
    return new Patience(byHand ? null : questions, Patience.LONGEST);
  }

  private static void execute(Executor executor, Runnable task) {
    try {
      executor.execute(task);
    } catch (RejectedExecutionException e) {
      // Closed: what would be leased or told now waits in the store.
    }
  }

  void every(Duration time, Runnable task) {
    if (!byHand) {
      long nanos = time.toNanos();
      var unused = this.time.scheduleWithFixedDelay(task, nanos, nanos, TimeUnit.NANOSECONDS);
    }
  }

  /** Ends them; nobody is interrupted, because a file database does not survive that. */
  void close() {
    time.shutdown();
    store.shutdown();
    alerts.shutdown();
    questions.shutdown();
  }
}
