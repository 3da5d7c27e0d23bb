package io.github.usage4j.track;

import io.github.usage4j.Attribution;
import io.github.usage4j.UsageMetrics.Anomaly;
import io.github.usage4j.internal.Guard;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Who is known on the calling thread, for one tracker, and what of it goes along to others. */
final class CurrentCaller {

  private final ThreadContext context;
  private final @Nullable Supplier<Attribution> resolver;
  private final Guard guard;
  private volatile Supplier<Supplier<Runnable>> more = () -> () -> () -> {};

  CurrentCaller(ThreadContext context, @Nullable Supplier<Attribution> resolver, Guard guard) {
    this.context = context;
    this.resolver = resolver;
    this.guard = guard;
  }

  /** The open scope's attribution, else what the resolver says. */
  Attribution attribution() {
    ThreadContext.Frame frame = context.current();
    return frame != null ? frame.attribution() : resolve();
  }

  /** See {@link UsageTracker#carry}. */
  void carry(Supplier<Supplier<Runnable>> more) {
    this.more = Objects.requireNonNull(more, "more");
  }

  /** What is current here now, without what else is carried. */
  Carrier capture() {
    return capture(() -> () -> {});
  }

  /** What is current here now, with what else is carried. */
  Carrier carrier() {
    return capture(more.get());
  }

  private Carrier capture(Supplier<Runnable> more) {
    ThreadContext.Frame frame = context.current();
    return frame == null
        ? new Carrier(context, null, resolve(), more)
        : new Carrier(context, frame.operation(), frame.attribution(), more);
  }

  /** What the resolver says, whatever is open here. */
  Attribution resolve() {
    if (resolver == null) {
      return Attribution.NONE;
    }
    return guard.get(
        Anomaly.RESOLVER_FAILED,
        "the attribution resolver",
        () -> Objects.requireNonNull(resolver.get(), "the attribution resolver returned null"),
        () -> Attribution.NONE);
  }
}
