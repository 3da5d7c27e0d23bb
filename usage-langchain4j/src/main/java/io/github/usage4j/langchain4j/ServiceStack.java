package io.github.usage4j.langchain4j;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.BooleanSupplier;

/**
 * Which AI-service invocations each thread is inside of, checked against its stack. An invocation
 * whose frames are gone is over, even if it died of an error that LangChain4j tells no listener
 * about: what is left of it on a pooled thread must not claim somebody else's calls.
 */
final class ServiceStack {

  private static final String AI_SERVICES = "dev.langchain4j.service.DefaultAiServices";
  private static final StackWalker WALKER = StackWalker.getInstance();

  // Not static: the listeners of two trackers may be told of the same invocations.
  @SuppressWarnings("ThreadLocalUsage")
  private final ThreadLocal<Deque<Entry>> entered = ThreadLocal.withInitial(ArrayDeque::new);

  /** One invocation: how many frames of AI services the stack had when it began. */
  private static final class Entry {
    private final long depth;
    private boolean replaced; // only touched by its thread

    Entry(long depth) {
      this.depth = depth;
    }

    boolean isOnStack() {
      return !replaced && depth() >= depth;
    }
  }

  /**
   * An invocation begins on this thread.
   *
   * @return whether the thread is still inside of it; false at once where the stack does not show
   *     it, because the AI service is not LangChain4j's own
   */
  BooleanSupplier enter() {
    long depth = depth();
    if (depth == 0) {
      return () -> false;
    }
    Deque<Entry> entries = entered.get();
    while (!entries.isEmpty() && entries.peek().depth >= depth) {
      entries.pop().replaced = true;
    }
    var entry = new Entry(depth);
    entries.push(entry);
    return entry::isOnStack;
  }

  private static long depth() {
    return WALKER.walk(
        frames -> frames.filter(f -> f.getClassName().startsWith(AI_SERVICES)).count());
  }
}
