package io.github.usage4j.track;

import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * One daemon thread of a tracker for what is to happen later, which is only there while there is
 * something to wait for. Time is measured by the monotonic clock: these are delays, not dates.
 */
final class Timer {

  private final ScheduledThreadPoolExecutor thread = start();

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

  Future<?> after(long nanos, Runnable task) {
    return thread.schedule(task, nanos, TimeUnit.NANOSECONDS);
  }
}
