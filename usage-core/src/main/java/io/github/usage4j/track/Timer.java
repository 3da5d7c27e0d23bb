package io.github.usage4j.track;

import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * One daemon thread that all trackers share for what is to happen later, and that goes away when
 * there is nothing to wait for. Time is measured by the monotonic clock: these are delays, not
 * dates.
 */
final class Timer {

  private static final ScheduledThreadPoolExecutor THREAD = start();

  private Timer() {}

  private static ScheduledThreadPoolExecutor start() {
    var timer =
        new ScheduledThreadPoolExecutor(
            1,
            task -> {
              var thread = new Thread(task, "usage4j-timer");
              thread.setDaemon(true);
              return thread;
            });
    timer.setRemoveOnCancelPolicy(true);
    timer.setKeepAliveTime(1, TimeUnit.SECONDS);
    timer.allowCoreThreadTimeOut(true);
    return timer;
  }

  static Future<?> after(long nanos, Runnable task) {
    return THREAD.schedule(task, nanos, TimeUnit.NANOSECONDS);
  }
}
