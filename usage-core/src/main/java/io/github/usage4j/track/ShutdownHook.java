package io.github.usage4j.track;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Closes a tracker when the JVM is shut down, unless it is closed before. */
final class ShutdownHook {

  private static final Logger LOG = LoggerFactory.getLogger(UsageTracker.class);

  private final Thread hook;

  private ShutdownHook(Thread hook) {
    this.hook = hook;
  }

  static ShutdownHook register(UsageTracker tracker) {
    var hook = new Thread(tracker::close, "usage4j-shutdown");
    try {
      Runtime.getRuntime().addShutdownHook(hook);
    } catch (IllegalStateException e) {
      LOG.debug("The JVM is being shut down already", e);
    }
    return new ShutdownHook(hook);
  }

  void unregister() {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      LOG.debug("The JVM is being shut down", e);
    }
  }
}
