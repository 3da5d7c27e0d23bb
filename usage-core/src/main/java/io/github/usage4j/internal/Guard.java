package io.github.usage4j.internal;

import io.github.usage4j.UsageMetrics;
import io.github.usage4j.UsageMetrics.Anomaly;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The only place where an exception of somebody else's code is swallowed: it is counted each time,
 * and logged as a warning the first time and at debug level after that. Safe for use by several
 * threads.
 */
public final class Guard {

  private static final Logger LOG = LoggerFactory.getLogger("io.github.usage4j");

  private final UsageMetrics metrics;
  private final Map<Anomaly, AtomicBoolean> warned = new EnumMap<>(Anomaly.class);
  private final AtomicBoolean metricsWarned = new AtomicBoolean();

  /** A guard that counts in the given metrics, which may themselves throw. */
  public Guard(UsageMetrics metrics) {
    this.metrics = metrics;
    for (Anomaly anomaly : Anomaly.values()) {
      warned.put(anomaly, new AtomicBoolean());
    }
  }

  /** Counts and logs something that is wrong. */
  public void report(Anomaly anomaly, String message) {
    metrics(m -> m.anomaly(anomaly));
    if (warnedBefore(anomaly)) {
      LOG.debug("{}: {}", anomaly, message);
    } else {
      LOG.warn(
          "{}: {} (more of these are counted in UsageMetrics, logged at debug level)",
          anomaly,
          message);
    }
  }

  /** Counts and logs something that went wrong with an exception. */
  public void report(Anomaly anomaly, String message, Throwable cause) {
    metrics(m -> m.anomaly(anomaly));
    if (warnedBefore(anomaly)) {
      LOG.debug("{}: {}", anomaly, message, cause);
    } else {
      LOG.warn(
          "{}: {} (more of these are counted in UsageMetrics, logged at debug level)",
          anomaly,
          message,
          cause);
    }
  }

  /** Runs code of the host; what it throws is reported. Errors of the JVM go through. */
  public void run(Anomaly anomaly, String what, Runnable hostCode) {
    run(anomaly, what, hostCode, Runnable::run);
  }

  /** The same for code that captures nothing: on the way of a call, where objects are counted. */
  public <T> void run(Anomaly anomaly, String what, T argument, Consumer<? super T> hostCode) {
    run(anomaly, what, hostCode, argument, Consumer::accept);
  }

  /** The same with two arguments. */
  public <T, U> void run(
      Anomaly anomaly, String what, T first, U second, BiConsumer<? super T, ? super U> hostCode) {
    try {
      hostCode.accept(first, second);
    } catch (Exception | LinkageError | AssertionError | StackOverflowError e) {
      report(anomaly, what + " threw " + e.getClass().getName(), e);
    }
  }

  /** Asks code of the host; if it throws, that is reported and the other one is asked. */
  public <T> T get(Anomaly anomaly, String what, Supplier<T> hostCode, Supplier<T> otherwise) {
    return get(anomaly, () -> what, hostCode, otherwise);
  }

  /** The same, where the message takes longer to write than the code to run. */
  public <T> T get(
      Anomaly anomaly, Supplier<String> what, Supplier<T> hostCode, Supplier<T> otherwise) {
    try {
      return hostCode.get();
    } catch (Exception | LinkageError | AssertionError | StackOverflowError e) {
      report(anomaly, what.get() + " threw " + e.getClass().getName(), e);
      return otherwise.get();
    }
  }

  /** Tells the metrics something. */
  public void metrics(Consumer<UsageMetrics> call) {
    metrics(call, (metrics, told) -> told.accept(metrics));
  }

  /** The same for code that captures nothing: on the way of a call, where objects are counted. */
  public <T> void metrics(T what, BiConsumer<UsageMetrics, ? super T> call) {
    if (metrics == UsageMetrics.NONE) {
      return;
    }
    try {
      call.accept(metrics, what);
    } catch (Exception | LinkageError | AssertionError | StackOverflowError e) {
      if (metricsWarned.compareAndSet(false, true)) {
        LOG.warn("UsageMetrics threw; further failures are not logged", e);
      }
    }
  }

  private boolean warnedBefore(Anomaly anomaly) {
    AtomicBoolean flag = warned.get(anomaly);
    return flag == null || flag.getAndSet(true);
  }
}
