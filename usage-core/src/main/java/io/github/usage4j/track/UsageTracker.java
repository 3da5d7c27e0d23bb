package io.github.usage4j.track;

import io.github.usage4j.Attribution;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Kind;
import io.github.usage4j.UsageMetrics;
import io.github.usage4j.UsageMetrics.Anomaly;
import io.github.usage4j.internal.Guard;
import io.github.usage4j.limit.UsageLimitExceededException;
import io.github.usage4j.limit.UsageLimiter;
import io.github.usage4j.sink.UsageBuffer;
import io.github.usage4j.sink.UsageSink;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
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

  /** After how many minutes without a word a stream, or a future, is given up. */
  public static final int STREAM_IDLE_MINUTES = 10;

  /** How many seconds an operation may be idle that waits for something. */
  public static final int OPERATION_IDLE_SECONDS = 60;

  /** How long closing waits for ends that other threads have begun. */
  private static final Duration CLOSE_WAIT = Duration.ofSeconds(5);

  private final ThreadContext context = new ThreadContext();
  private final Sinks sinks;
  private final Guard guard;
  private final CurrentCaller caller;
  private final Pricing pricing;
  private final InstantSource clock;
  private final CallEvents events;
  private final Timer timer;
  private final HeldCalls held;
  private final OperationEnds ends;
  private final OpenStreams streams;
  private final EndedCalls endedCalls;
  private volatile boolean closing;
  private final @Nullable ShutdownHook shutdown;
  private final @Nullable UsageLimiter limiter;

  UsageTracker(UsageTrackerBuilder builder) {
    guard = new Guard(builder.metrics);
    caller = new CurrentCaller(context, builder.resolver, guard);
    pricing = new Pricing(builder.prices(), builder.onUnpriced, guard);
    clock = builder.clock;
    limiter = builder.limiter;
    events = new CallEvents(pricing, guard, builder.instance);
    timer = new Timer();
    held = new HeldCalls(builder.errorGrace, timer);
    streams = new OpenStreams(builder.streamIdle, timer);
    ends = new OperationEnds(builder.operationListeners, builder.operationIdle, guard, timer);
    sinks = Sinks.open(builder, guard);
    endedCalls = new EndedCalls(sinks, ends, guard);
    shutdown = builder.closeOnShutdown ? ShutdownHook.register(this) : null;
  }

  /** A tracker with all defaults, which writes to the sink in the background. */
  public static UsageTracker create(UsageSink sink) {
    return builder(sink).build();
  }

  /** A tracker that writes to this sink. */
  public static UsageTrackerBuilder builder(UsageSink sink) {
    return new UsageTrackerBuilder(sink);
  }

  /** Opens a scope with the current attribution: an operation of its own. */
  public UsageScope scope() {
    return scope(currentAttribution());
  }

  /** Opens a scope with this attribution in place of the current one: an operation of its own. */
  public UsageScope scope(Attribution who) {
    Objects.requireNonNull(who, "attribution");
    return new UsageScope(context, newOperation(who, true, false), guard, ends);
  }

  /** Opens a scope with the current attribution, changed: an operation of its own. */
  public UsageScope scope(UnaryOperator<Attribution> change) {
    return scope(change.apply(currentAttribution()));
  }

  /**
   * Opens a scope in which calls are made but not recorded, for simulations and tests that must not
   * count: nothing reaches a sink, a listener or a sum, neither of this scope nor of one around it.
   * It is passed on like every scope: to scopes opened inside it, to wrapped tasks and executors,
   * and to the callbacks of streams that begin in it, also after it was closed. A thread that
   * nothing was passed on to records as always, and so does {@link #record}.
   */
  public UsageScope suspended() {
    return new UsageScope(context, newOperation(currentAttribution(), true, true), guard, ends);
  }

  /** Who a call on this thread is attributed to: the open scope's, else what the resolver says. */
  public Attribution currentAttribution() {
    return caller.attribution();
  }

  /** The same task, which carries to its thread what is current on the calling thread now. */
  public Runnable wrap(Runnable task) {
    return caller.carrier().wrap(task);
  }

  /** An executor whose tasks carry what is current on the thread that submits them. */
  public Executor wrap(Executor executor) {
    return task -> executor.execute(wrap(task));
  }

  /** An executor whose tasks carry what is current on the thread that submits them. */
  public ExecutorService wrap(ExecutorService executor) {
    return new CarryingExecutor(executor, caller::carrier);
  }

  /**
   * Carries something else as well wherever tasks are wrapped, for code that adapts a library and
   * knows more of a thread than scopes. Called again it carries that instead.
   *
   * @param more asked on the thread that hands a task over; the supplier that it returns is asked
   *     on the thread that runs the task, before it, and what that returns is run after it. None of
   *     them must throw
   */
  public void carry(Supplier<Supplier<Runnable>> more) {
    caller.carry(more);
  }

  /**
   * Keeps what is current on the calling thread now: the executor returned runs a task at once, on
   * the thread that hands it over, with that. If nobody is known here now, the task finds what is
   * current on its own thread. It can be used any number of times, also after a scope was closed.
   */
  public Executor captured() {
    Carrier carrier = caller.capture();
    boolean nobody = carrier.operation() == null && carrier.attribution().equals(Attribution.NONE);
    return nobody ? Runnable::run : task -> carrier.wrap(task).run();
  }

  /**
   * Starts an operation for something that knows where a user request begins and ends, such as an
   * AI service: that of the scope open on this thread, else one of its own, inside the one that is
   * going on here if there is one.
   *
   * @param who known to be the caller; null to take who is known on this thread. If it is somebody
   *     else than the open scope's, the operation is one of its own
   */
  public TrackedOperation startOperation(@Nullable Attribution who) {
    ThreadContext.Frame frame = context.current();
    Operation open = frame != null && frame.scope() != null ? frame.operation() : null;
    if (open != null && (who == null || who.equals(open.attribution()))) {
      return new TrackedOperation(this, context, open, ends);
    }
    Attribution attribution = who != null ? who : currentAttribution();
    return new TrackedOperation(
        this, context, newOperation(attribution, ends.listened(), false), ends);
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

  /**
   * The same, asking the limits first.
   *
   * @param expected what it will probably use, as input and at most as output
   * @throws UsageLimitExceededException if a limit refuses it
   */
  public TrackedCall start(Kind kind, String provider, String model, TokenCounts expected) {
    TrackedCall call = start(kind, provider, model);
    call.admit(CallSize.of(expected));
    return call;
  }

  TrackedCall startNext(Operation previous, Kind kind, String provider, String model) {
    return start(previous, kind, provider, model);
  }

  /** A call inside an operation; a scope claims it that was opened inside of that as well. */
  TrackedCall startInside(Operation operation, Kind kind, String provider, String model) {
    ThreadContext.Frame frame = context.current();
    Operation scoped = frame == null || frame.scope() == null ? null : frame.operation();
    if (scoped != null && !operation.isWithin(scoped)) {
      return start(kind, provider, model);
    }
    Instant now = clock.instant();
    return new TrackedCall(this, operation, UsageEvent.newId(now), kind, provider, model, now);
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
      Attribution who = frame != null ? frame.attribution() : caller.resolve();
      operation = new Operation(id.toString(), null, who, ends.listened(), false);
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
    endedCalls.deliver(pricing.priced(event, List.of()), null);
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
    return sinks.flush(timeout);
  }

  /**
   * Like {@link #flush}; after that no byte of what was recorded before lies in a spool. To be
   * called before somebody is erased from the store: see docs/retention.md.
   *
   * @return false if the time was not enough, if something had to be dropped meanwhile, or if a
   *     spool has files that it set aside because they are damaged, which the log names
   */
  public boolean purge(Duration timeout) {
    return sinks.purge(timeout);
  }

  /**
   * How the buffers are doing: one entry for each sink, in the order in which they were given.
   * Quick; asks neither a sink nor a disk.
   */
  public List<UsageBuffer.Health> health() {
    return sinks.health();
  }

  /**
   * Takes no more events, delivers those that wait, flushes and closes the sinks, and reports in
   * the log what became of them; what cannot be delivered in time stays in the spool, or is counted
   * as dropped. Takes no longer than the longest close timeout of the buffers, and a few seconds.
   * Closing twice is harmless; the second call waits for the first.
   */
  @Override
  public void close() {
    closing = true;
    if (shutdown != null) {
      shutdown.unregister();
    }
    long deadline = System.nanoTime() + CLOSE_WAIT.toNanos();
    held.endAll(deadline);
    streams.closeAll(deadline);
    ends.endAll();
    sinks.close();
    if (limiter != null) {
      limiter.close(); // what is stored by now is not held for anybody
    }
  }

  boolean isClosing() {
    return closing;
  }

  @Nullable UsageLimiter limiter() {
    return limiter;
  }

  OpenStreams streams() {
    return streams;
  }

  HeldCalls held() {
    return held;
  }

  ThreadContext context() {
    return context;
  }

  Guard guard() {
    return guard;
  }

  Pricing pricing() {
    return pricing;
  }

  CallEvents events() {
    return events;
  }

  EndedCalls endedCalls() {
    return endedCalls;
  }

  private Operation newOperation(Attribution who, boolean summed, boolean suspended) {
    ThreadContext.Frame frame = context.current();
    Operation parent = frame == null ? null : frame.operation();
    String id = UsageEvent.newId(clock.instant()).toString();
    return new Operation(id, parent, who, summed, suspended);
  }
}
