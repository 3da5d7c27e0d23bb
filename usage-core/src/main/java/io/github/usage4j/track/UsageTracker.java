package io.github.usage4j.track;

import io.github.usage4j.Attribution;
import io.github.usage4j.Cost;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Kind;
import io.github.usage4j.UsageEvent.Outcome;
import io.github.usage4j.UsageMetrics;
import io.github.usage4j.UsageMetrics.Anomaly;
import io.github.usage4j.internal.Checks;
import io.github.usage4j.internal.Guard;
import io.github.usage4j.pricing.ModelPrice;
import io.github.usage4j.pricing.PriceCatalog;
import io.github.usage4j.sink.UsageBuffer;
import io.github.usage4j.sink.UsageSink;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Accounts for model calls: knows who makes them, gives each exactly one event, prices it and hands
 * it to the sinks. An application has one; close it at the end. Safe for use by several threads.
 *
 * <p>Nothing here throws into a model call: what goes wrong is counted in {@link UsageMetrics}.
 */
public final class UsageTracker implements AutoCloseable {

  /** How many seconds a streamed call that reported an error may still be answered. */
  public static final int ERROR_GRACE_SECONDS = 5;

  private final ThreadContext context = new ThreadContext();
  private final List<UsageBuffer.Running> sinks = new ArrayList<>();
  private final Guard guard;
  private final Function<Attribution, PriceCatalog> prices;
  private final @Nullable Supplier<Attribution> resolver;
  private final InstantSource clock;
  private final @Nullable String instance;
  private final HeldCalls held;

  private UsageTracker(Builder builder) {
    guard = new Guard(builder.metrics);
    prices = builder.prices;
    resolver = builder.resolver;
    clock = builder.clock;
    instance = builder.instance;
    held = new HeldCalls(builder.errorGrace);
    sinks.add(builder.buffer.inFrontOf(builder.sink, builder.metrics));
    for (Builder.Target target : builder.others) {
      sinks.add(target.buffer().inFrontOf(target.sink(), builder.metrics));
    }
  }

  /** A tracker with all defaults, which writes to the sink in the background. */
  public static UsageTracker create(UsageSink sink) {
    return builder(sink).build();
  }

  /** A tracker that writes to this sink. */
  public static Builder builder(UsageSink sink) {
    return new Builder(sink);
  }

  /** Opens a scope with the current attribution: an operation of its own. */
  public UsageScope scope() {
    return scope(currentAttribution());
  }

  /** Opens a scope with this attribution in place of the current one: an operation of its own. */
  public UsageScope scope(Attribution who) {
    Objects.requireNonNull(who, "attribution");
    return new UsageScope(context, newOperation(who, true), guard);
  }

  /** Opens a scope with the current attribution, changed: an operation of its own. */
  public UsageScope scope(UnaryOperator<Attribution> change) {
    return scope(change.apply(currentAttribution()));
  }

  /** Who a call on this thread is attributed to: the open scope's, else what the resolver says. */
  public Attribution currentAttribution() {
    ThreadContext.Frame frame = context.current();
    return frame != null ? frame.attribution() : resolve();
  }

  /** The same task, which carries to its thread what is current on the calling thread now. */
  public Runnable wrap(Runnable task) {
    return capture().wrap(task);
  }

  /** An executor whose tasks carry what is current on the thread that submits them. */
  public Executor wrap(Executor executor) {
    return task -> executor.execute(wrap(task));
  }

  /** An executor whose tasks carry what is current on the thread that submits them. */
  public ExecutorService wrap(ExecutorService executor) {
    return new CarryingExecutor(executor, this::capture);
  }

  /**
   * Keeps what is current on the calling thread now: the executor returned runs a task at once, on
   * the thread that hands it over, with that. If nobody is known here now, the task finds what is
   * current on its own thread. It can be used any number of times, also after a scope was closed.
   */
  public Executor captured() {
    Carrier carrier = capture();
    boolean nobody = carrier.operation() == null && carrier.attribution().equals(Attribution.NONE);
    return nobody ? Runnable::run : task -> carrier.wrap(task).run();
  }

  private Carrier capture() {
    ThreadContext.Frame frame = context.current();
    return frame == null
        ? new Carrier(context, null, resolve())
        : new Carrier(context, frame.operation(), frame.attribution());
  }

  /**
   * Starts a model call made by hand: a step of what is going on on this thread, else an operation
   * of its own. Do not forget to end it.
   *
   * @param model the model asked for; empty if unknown
   * @throws IllegalArgumentException if the provider is blank
   */
  public TrackedCall start(Kind kind, String provider, String model) {
    return start(null, kind, provider, model);
  }

  TrackedCall startNext(Operation previous, Kind kind, String provider, String model) {
    return start(previous, kind, provider, model);
  }

  private TrackedCall start(
      @Nullable Operation previous, Kind kind, String provider, String model) {
    if (provider.isBlank()) {
      throw new IllegalArgumentException("provider must not be blank");
    }
    Instant now = clock.instant();
    ThreadContext.Frame frame = context.current();
    Operation open = frame == null ? null : frame.operation();
    Operation operation = open != null ? open : previous;
    UUID id = UsageEvent.newId(now);
    if (operation == null) {
      Attribution who = frame != null ? frame.attribution() : resolve();
      operation = new Operation(id.toString(), null, who, false);
    }
    return new TrackedCall(this, operation, id, kind, provider, model, now);
  }

  /**
   * Records a call that is not made through this tracker, such as an imported one. If it has no
   * cost it is priced as of the time it occurred at. It belongs to no scope.
   *
   * @return its id
   */
  public UUID record(UsageEvent event) {
    accept(priced(event, List.of()), null);
    return event.id();
  }

  /**
   * Counts and logs something that went wrong beside a model call, for code that makes tracked
   * calls and must not let it reach its caller.
   */
  public void report(Anomaly anomaly, String message, @Nullable Throwable cause) {
    if (cause == null) {
      guard.report(anomaly, message);
    } else {
      guard.report(anomaly, message, cause);
    }
  }

  /**
   * Waits until everything recorded before this call is stored.
   *
   * @return false if the time was not enough, or if something of it had to be dropped meanwhile
   */
  public boolean flush(Duration timeout) {
    long deadline = System.nanoTime() + timeout.toNanos();
    boolean all = true;
    for (UsageBuffer.Running sink : sinks) {
      long left = Math.max(0, deadline - System.nanoTime());
      all &= sink.flush(Duration.ofNanos(left));
    }
    return all;
  }

  /**
   * Takes no more events, delivers those that wait, and closes the sinks; what cannot be delivered
   * in time is counted as dropped. Closing twice is harmless.
   */
  @Override
  public void close() {
    held.endAll();
    sinks.forEach(UsageBuffer.Running::close);
  }

  void runWithin(Operation operation, Runnable callback) {
    ThreadContext.Frame before = context.push(operation, operation.attribution(), null);
    try {
      callback.run();
    } finally {
      context.restore(before);
    }
  }

  /**
   * The event with its cost.
   *
   * @param exchanges what each of several exchanges used, to be priced by itself; none for one
   */
  UsageEvent priced(UsageEvent event, List<TokenCounts> exchanges) {
    if (event.cost() != null || !event.unpriced()) {
      return event;
    }
    List<TokenCounts> charged = exchanges.isEmpty() ? List.of(event.tokens()) : exchanges;
    try {
      return prices
          .apply(event.attribution())
          .find(event)
          .filter(price -> charged.stream().allMatch(price::covers))
          .map(price -> withCost(event, price, charged))
          .orElse(event);
    } catch (RuntimeException e) {
      guard.report(Anomaly.PRICING_FAILED, "no price for a call of " + event.model(), e);
      return event;
    }
  }

  private static UsageEvent withCost(
      UsageEvent event, ModelPrice price, List<TokenCounts> charged) {
    if (event.outcome() == Outcome.REFUSED) {
      return event;
    }
    Cost cost = charged.stream().map(price::costOf).reduce(Cost::plus).orElseThrow();
    return event.toBuilder().cost(cost).build();
  }

  /** Hands an event to every sink, then to whoever listens to its operation. */
  void accept(UsageEvent event, @Nullable Operation operation) {
    List<UsageEvent> one = List.of(event);
    for (UsageBuffer.Running sink : sinks) {
      guard.run(Anomaly.LISTENER_FAILED, "a buffer", () -> sink.write(one));
    }
    guard.metrics(m -> m.recorded(event));
    if (event.statedTokens() != null) {
      guard.report(
          Anomaly.CONTRADICTORY_FIGURES,
          event.provider() + " stated " + event.statedTokens() + " for " + event.model());
    }
    if (operation != null) {
      operation.add(event);
      for (var listener : operation.listeners()) {
        guard.run(
            Anomaly.LISTENER_FAILED,
            "a listener of a scope",
            () -> listener.accept(operation.total()));
      }
    }
  }

  HeldCalls held() {
    return held;
  }

  Guard guard() {
    return guard;
  }

  @Nullable String instance() {
    return instance;
  }

  private Operation newOperation(Attribution who, boolean summed) {
    ThreadContext.Frame frame = context.current();
    Operation parent = frame == null ? null : frame.operation();
    return new Operation(UsageEvent.newId(clock.instant()).toString(), parent, who, summed);
  }

  private Attribution resolve() {
    if (resolver == null) {
      return Attribution.NONE;
    }
    try {
      return Objects.requireNonNull(resolver.get(), "the attribution resolver returned null");
    } catch (Exception | LinkageError | AssertionError e) {
      guard.report(Anomaly.RESOLVER_FAILED, "the attribution resolver failed", e);
      return Attribution.NONE;
    }
  }

  /** Sets up a tracker. Not safe for use by several threads at once. */
  public static final class Builder {

    private record Target(UsageSink sink, UsageBuffer buffer) {}

    private final UsageSink sink;
    private final List<Target> others = new ArrayList<>();
    private UsageBuffer buffer = UsageBuffer.memory();
    private Function<Attribution, PriceCatalog> prices = who -> PriceCatalog.none();
    private @Nullable Supplier<Attribution> resolver;
    private UsageMetrics metrics = UsageMetrics.NONE;
    private InstantSource clock = InstantSource.system();
    private @Nullable String instance;
    private Duration errorGrace = Duration.ofSeconds(ERROR_GRACE_SECONDS);

    private Builder(UsageSink sink) {
      this.sink = Objects.requireNonNull(sink, "sink");
    }

    /** What stands in front of the sink. Default {@link UsageBuffer#memory}. */
    public Builder buffer(UsageBuffer inFront) {
      buffer = Objects.requireNonNull(inFront, "buffer");
      return this;
    }

    /** Another sink, behind a buffer of its own: when one fails, the others are not held back. */
    public Builder alsoTo(UsageSink other) {
      return alsoTo(other, UsageBuffer.memory());
    }

    /** Another sink, behind this buffer. */
    public Builder alsoTo(UsageSink other, UsageBuffer inFront) {
      others.add(new Target(Objects.requireNonNull(other, "sink"), inFront));
      return this;
    }

    /** What calls cost. Default: nothing is priced. */
    public Builder prices(PriceCatalog catalog) {
      Objects.requireNonNull(catalog, "prices");
      return prices(who -> catalog);
    }

    /** What calls cost, depending on who makes them, such as negotiated prices. Must be quick. */
    public Builder prices(Function<Attribution, PriceCatalog> catalogOf) {
      prices = Objects.requireNonNull(catalogOf, "prices");
      return this;
    }

    /**
     * Who is logged in, asked on the calling thread where no scope is open. If it throws, the call
     * is unattributed. Default: unattributed.
     */
    public Builder attribution(Supplier<Attribution> whoIsLoggedIn) {
      resolver = Objects.requireNonNull(whoIsLoggedIn, "attribution");
      return this;
    }

    /** Who counts what happens. Default: nobody. */
    public Builder metrics(UsageMetrics counters) {
      metrics = Objects.requireNonNull(counters, "metrics");
      return this;
    }

    /** What time it is, for tests. Default: the system clock. */
    public Builder clock(InstantSource source) {
      clock = Objects.requireNonNull(source, "clock");
      return this;
    }

    /** What this instance of the application is called in its events. Default: not said. */
    public Builder instance(String name) {
      instance = Checks.requireIdentifier("instance", name, Attribution.MAX_ID);
      return this;
    }

    /**
     * How long {@link TrackedCall#failedUnlessAnswered} waits for an answer. Default {@value
     * UsageTracker#ERROR_GRACE_SECONDS} seconds; zero waits not at all.
     *
     * @throws IllegalArgumentException if it is negative
     */
    public Builder errorGrace(Duration grace) {
      if (grace.isNegative()) {
        throw new IllegalArgumentException("errorGrace must not be negative, but was " + grace);
      }
      errorGrace = grace;
      return this;
    }

    /** The tracker. Close it at the end. */
    public UsageTracker build() {
      return new UsageTracker(this);
    }
  }
}
