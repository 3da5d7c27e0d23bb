package io.github.usage4j.langchain4j;

import java.lang.StackWalker.StackFrame;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.BooleanSupplier;

/**
 * Which AI-service invocations each thread is inside of, checked against its stack. An invocation
 * whose frames are gone is over, even if it died of an error that LangChain4j tells no listener
 * about, or left a stream behind that is started elsewhere: what is left of it on a pooled thread
 * must not claim somebody else's calls, those of a later AI service least of all.
 */
final class ServiceStack {

  private static final String SERVICES = "dev.langchain4j.service.";
  private static final String AI_SERVICES = SERVICES + "DefaultAiServices";
  private static final StackWalker WALKER = StackWalker.getInstance();

  // Not static: the listeners of two trackers may be told of the same invocations.
  @SuppressWarnings("ThreadLocalUsage")
  private final ThreadLocal<Deque<Entry>> entered = ThreadLocal.withInitial(ArrayDeque::new);

  /**
   * One invocation: the frames under it, which are the same ones for as long as it runs. A later
   * invocation has others, unless it is made at the same place of the same method, and so on all
   * the way down, through a proxy of the same interface.
   */
  private static final class Entry {
    private final int below;
    private final long fingerprint;
    private boolean replaced; // only touched by its thread

    Entry(int below, long fingerprint) {
      this.below = below;
      this.fingerprint = fingerprint;
    }

    boolean isOnStack() {
      return !replaced && isOn(stack());
    }

    boolean isOn(long[] stack) {
      int own = stack.length - below - 1;
      return own >= 0 && isAiService(stack[own]) && fingerprint(stack, below) == fingerprint;
    }
  }

  /**
   * An invocation begins on this thread.
   *
   * @return whether the thread is still inside of it; false at once where the stack does not show
   *     it, because the AI service is not LangChain4j's own
   */
  BooleanSupplier enter() {
    long[] stack = stack();
    int own = 0;
    while (own < stack.length && !isAiService(stack[own])) {
      own++;
    }
    if (own == stack.length) {
      return () -> false;
    }
    while (own + 1 < stack.length && isAiService(stack[own + 1])) {
      own++; // the first of its frames, where the others may come and go
    }
    int below = stack.length - own - 1;
    Deque<Entry> entries = entered.get();
    while (!entries.isEmpty() && (entries.peek().below >= below || !entries.peek().isOn(stack))) {
      entries.pop().replaced = true;
    }
    var entry = new Entry(below, fingerprint(stack, below));
    entries.push(entry);
    return entry::isOnStack;
  }

  /** Whether an AI service makes the call on this thread. */
  static boolean isInsideService() {
    return WALKER.walk(
        frames -> frames.anyMatch(frame -> frame.getClassName().startsWith(SERVICES)));
  }

  /** The frames of this thread, the innermost first, each as a number that tells it from others. */
  private static long[] stack() {
    return WALKER.walk(frames -> frames.mapToLong(ServiceStack::code).toArray());
  }

  private static long code(StackFrame frame) {
    String name = frame.getClassName();
    long place = ((long) name.hashCode() << Integer.SIZE) ^ frame.getByteCodeIndex();
    return place << 1 | (name.startsWith(AI_SERVICES) ? 1 : 0);
  }

  private static boolean isAiService(long code) {
    return (code & 1) == 1;
  }

  private static long fingerprint(long[] stack, int below) {
    long hash = below;
    for (int i = stack.length - below; i < stack.length; i++) {
      hash = 31 * hash + stack[i];
    }
    return hash;
  }
}
