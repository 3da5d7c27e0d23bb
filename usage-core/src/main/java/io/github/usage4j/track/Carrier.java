package io.github.usage4j.track;

import io.github.usage4j.Attribution;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/**
 * What was current on one thread, to be made current on another while a task runs there. It hides
 * whatever the other thread has open, so that a task never gets somebody else's attribution.
 */
record Carrier(ThreadContext context, @Nullable Operation operation, Attribution attribution) {

  Runnable wrap(Runnable task) {
    return () -> {
      ThreadContext.Frame before = context.push(operation, attribution, null);
      try {
        task.run();
      } finally {
        context.restore(before);
      }
    };
  }

  <T> Callable<T> wrap(Callable<T> task) {
    return () -> {
      ThreadContext.Frame before = context.push(operation, attribution, null);
      try {
        return task.call();
      } finally {
        context.restore(before);
      }
    };
  }
}
