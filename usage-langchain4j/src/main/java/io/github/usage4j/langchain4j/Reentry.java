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
 * further in with the same request (under a decorator of the host's, say) is called on its behalf,
 * and only one of them is recorded. The same means: the same last message object, so that a
 * decorator may change parameters or add a system message.
 */
@SuppressWarnings("ReferenceEquality") // this very call, not one like it
final class Reentry {

  /**
   * @param capture where the exchanges of this call go; null for those that are counted already
   * @param call the call that is made; null if there is none yet
   * @param around what the thread was handing on when this began
   */
  record Handing(
      UsageTracker tracker,
      Object what,
      @Nullable WireCapture capture,
      @Nullable ModelCall call,
      @Nullable Handing around) {

    Handing withoutCapture() {
      return capture == null ? this : new Handing(tracker, what, null, call, around);
    }
  }

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

  /** What this thread is handing on, for calls made inside of that; null if it hands on nothing. */
  static @Nullable Handing current() {
    Handing current = CURRENT.get();
    return current == null ? null : current.withoutCapture();
  }

  /** What the innermost model of this tracker hands on there; null if there is none. */
  static @Nullable Handing innermost(UsageTracker tracker, Handing current) {
    Handing handing = current;
    while (handing != null && handing.tracker() != tracker) {
      handing = handing.around();
    }
    return handing;
  }

  /** Runs the call of the model inside. */
  static <T> T handOn(
      UsageTracker tracker,
      Object what,
      @Nullable WireCapture capture,
      @Nullable ModelCall call,
      Supplier<T> model) {
    return with(new Handing(tracker, what, capture, call, CURRENT.get()), model);
  }

  /** Where the exchanges go that this thread begins. */
  static @Nullable WireCapture capture() {
    Handing current = CURRENT.get();
    return current == null ? null : current.capture();
  }

  /** Counts no exchange until what is returned goes to {@link #resumeCapture}. */
  static @Nullable Handing pauseCapture() {
    Handing before = CURRENT.get();
    if (before != null) {
      set(before.withoutCapture());
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

  /**
   * A callback begins: what it calls is new, but on behalf of the call around its own, if there is
   * one. Give both what is returned and what was given to {@link #back}.
   */
  static @Nullable Handing enter(@Nullable Handing around) {
    Handing before = CURRENT.get();
    if (before != around) {
      set(around);
    }
    return before;
  }

  /** The callback is over. */
  static void back(@Nullable Handing before, @Nullable Handing around) {
    if (before != around) {
      set(before);
    }
  }

  /** What a wrapped task carries to its thread; see {@link UsageTracker#carry}. */
  static Supplier<Runnable> carried() {
    Handing handing = CURRENT.get();
    Handing there = handing == null ? null : handing.withoutCapture();
    return () -> {
      Handing before = CURRENT.get();
      if (before == handing) { // the same thread
        return () -> {};
      }
      set(there);
      return () -> set(before);
    };
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
