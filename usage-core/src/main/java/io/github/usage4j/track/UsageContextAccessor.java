package io.github.usage4j.track;

import io.micrometer.context.ThreadLocalAccessor;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Lets Micrometer's context propagation carry the open scope from thread to thread, as Reactor and
 * Spring do it. Register it once:
 *
 * <pre>
 * ContextRegistry.getInstance().registerThreadLocalAccessor(UsageContextAccessor.of(tracker));
 * </pre>
 *
 * <p>Scopes are carried, not what the attribution resolver says: what it reads is carried by an
 * accessor of its own, or it is asked where a call is made. Needs {@code
 * io.micrometer:context-propagation}, which nothing else of the library does.
 */
public final class UsageContextAccessor implements ThreadLocalAccessor<Object> {

  /** One for each tracker: the registry replaces an accessor whose key it knows. */
  private record Key(UsageTracker tracker) {
    @Override
    public String toString() {
      return "io.github.usage4j";
    }
  }

  private final Key key;
  private final ThreadContext context;

  private UsageContextAccessor(UsageTracker tracker) {
    key = new Key(tracker);
    context = tracker.context();
  }

  /** The accessor of what is open for this tracker. */
  public static UsageContextAccessor of(UsageTracker tracker) {
    return new UsageContextAccessor(Objects.requireNonNull(tracker, "tracker"));
  }

  @Override
  public Object key() {
    return key;
  }

  /** What is open on this thread; null if nothing is. Of no use but to be set again. */
  @Override
  public @Nullable Object getValue() {
    return context.current();
  }

  /** Makes what was open on another thread current here, also if it was closed there meanwhile. */
  @Override
  public void setValue(Object value) {
    if (value instanceof ThreadContext.Frame frame) {
      context.push(frame.operation(), frame.attribution(), null);
    }
  }

  /** Nothing is open here any more. */
  @Override
  public void setValue() {
    context.restore(null);
  }

  /** What was open before is current again, exactly as it was. */
  @Override
  public void restore(Object previous) {
    if (previous instanceof ThreadContext.Frame frame) {
      context.restore(frame);
    }
  }

  /** Nothing was open before. */
  @Override
  public void restore() {
    context.restore(null);
  }
}
