package io.github.usage4j.track;

import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * What happens later in a tracker. One daemon thread keeps the time and decides; whatever may call
 * code of the host's goes to a few others, so that a callback that does not return holds up neither
 * the time nor the calls of everybody else. All are only there while there is something to do. Time
 * is measured by the monotonic clock: these are delays, not dates.
 */
final class Timer {

  /** How many callbacks of the host's may hang before those of others wait. */
  private static final int HOST_THREADS = 4;

  private final ScheduledThreadPoolExecutor time =
      new ScheduledThreadPoolExecutor(1, daemons("usage4j-timer"));
  private final ThreadPoolExecutor host =
      new ThreadPoolExecutor(
          HOST_THREADS,
          HOST_THREADS,
          1,
          TimeUnit.SECONDS,
          new LinkedBlockingQueue<>(),
          daemons("usage4j-callbacks"));

  Timer() {
    time.setRemoveOnCancelPolicy(true);
    time.setKeepAliveTime(1, TimeUnit.SECONDS);
    time.allowCoreThreadTimeOut(true);
    host.allowCoreThreadTimeOut(true);
  }

  private static ThreadFactory daemons(String name) {
    return task -> {
      var thread = new Thread(task, name);
      thread.setDaemon(true);
      return thread;
    };
  }

  /** Runs a task that calls no code of the host's and waits for nobody. */
  Future<?> after(long nanos, Runnable task) {
    return time.schedule(task, nanos, TimeUnit.NANOSECONDS);
  }

  /** Runs a task that may call code of the host's, as soon as a thread is free for it. */
  void callback(Runnable task) {
    host.execute(task);
  }
}
