package io.github.usage4j.langchain4j;

import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.model.chat.request.ChatRequest;
import io.github.usage4j.track.UsageTracker;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Which request a tracked model of the calling thread is handing on just now. A tracked model found
 * further in with the same request (under a decorator of the host's, say) must not record it again.
 * The same means: the same last message object, so that a decorator may change parameters or add a
 * system message.
 */
final class Reentry {

  /**
   * @param capture where the exchanges of this call go; null for those that are counted already
   * @param around what the thread was handing on when this began
   */
  record Handing(
      UsageTracker tracker, Object what, @Nullable WireCapture capture, @Nullable Handing around) {}

  private static final ThreadLocal<@Nullable Handing> CURRENT = new ThreadLocal<>();

  private Reentry() {}

  /** What tells a request from another one. */
  static Object identity(@Nullable ChatRequest request) {
    if (request == null) {
      return Reentry.class;
    }
    List<ChatMessage> messages = request.messages();
    return messages.isEmpty() ? request : messages.get(messages.size() - 1);
  }

  static boolean isHanding(UsageTracker tracker, Object what) {
    Handing current = CURRENT.get();
    return current != null && current.tracker() == tracker && current.what() == what;
  }

  /** Runs the call of the model inside. */
  static <T> T handOn(
      UsageTracker tracker, Object what, @Nullable WireCapture capture, Supplier<T> call) {
    return with(new Handing(tracker, what, capture, CURRENT.get()), call);
  }

  /** Where the exchanges go that this thread begins. */
  static @Nullable WireCapture capture() {
    Handing current = CURRENT.get();
    return current == null ? null : current.capture();
  }

  /** Counts no exchange until what is returned goes to {@link #resumeCapture}. */
  static @Nullable Handing pauseCapture() {
    Handing before = CURRENT.get();
    if (before != null && before.capture() != null) {
      set(new Handing(before.tracker(), before.what(), null, before.around()));
    }
    return before;
  }

  static void resumeCapture(@Nullable Handing before) {
    set(before);
  }

  /** Whether this thread is inside a tracked model of this tracker that hands on such a thing. */
  static boolean isInside(UsageTracker tracker, Predicate<Object> such) {
    for (Handing h = CURRENT.get(); h != null; h = h.around()) {
      if (h.tracker() == tracker && such.test(h.what())) {
        return true;
      }
    }
    return false;
  }

  /** A callback begins: what it calls is new. Give what is returned to {@link #back}. */
  static @Nullable Handing leave() {
    Handing before = CURRENT.get();
    if (before != null) {
      CURRENT.set(null);
    }
    return before;
  }

  /** The callback is over. */
  static void back(@Nullable Handing before) {
    if (before != null) {
      CURRENT.set(before);
    }
  }

  private static <T extends @Nullable Object> T with(@Nullable Handing handing, Supplier<T> code) {
    Handing before = CURRENT.get();
    set(handing);
    try {
      return code.get();
    } finally {
      set(before);
    }
  }

  /** Null is set, not removed: making the entry anew for every call costs more than keeping it. */
  private static void set(@Nullable Handing handing) {
    CURRENT.set(handing);
  }
}
