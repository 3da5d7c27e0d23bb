package io.github.usage4j.track;

import io.github.usage4j.Attribution;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What was current on one thread, to be made current on another while a task runs there. It hides
 * whatever the other thread has open, so that a task never gets somebody else's attribution.
 *
 * @param more what else is made current while a task runs; returns what undoes it
 */
record Carrier(
    ThreadContext context,
    @Nullable Operation operation,
    Attribution attribution,
    Supplier<Runnable> more) {

  Runnable wrap(Runnable task) {
    return () -> {
      ThreadContext.Frame before = context.push(operation, attribution, null);
      Runnable undo = more.get();
      try {
        task.run();
      } finally {
        undo.run();
        context.restore(before);
      }
    };
  }

  <T> Callable<T> wrap(Callable<T> task) {
    return () -> {
      ThreadContext.Frame before = context.push(operation, attribution, null);
      Runnable undo = more.get();
      try {
        return task.call();
      } finally {
        undo.run();
        context.restore(before);
      }
    };
  }
}
