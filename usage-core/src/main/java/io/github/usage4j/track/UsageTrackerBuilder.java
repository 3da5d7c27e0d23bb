package io.github.usage4j.track;

import io.github.usage4j.Attribution;
import io.github.usage4j.UsageException;
import io.github.usage4j.UsageMetrics;
import io.github.usage4j.internal.Checks;
import io.github.usage4j.limit.UsageLimiter;
import io.github.usage4j.pricing.PriceCatalog;
import io.github.usage4j.pricing.UnpricedPolicy;
import io.github.usage4j.sink.UsageBuffer;
import io.github.usage4j.sink.UsageSink;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Sets up a tracker. Not safe for use by several threads at once. */
public final class UsageTrackerBuilder {

  record Target(UsageSink sink, UsageBuffer buffer) {}

  final UsageSink sink;
  final List<Target> others = new ArrayList<>();
  UsageBuffer buffer = UsageBuffer.memory();
  @Nullable Function<Attribution, PriceCatalog> prices;

  /** Which catalogs a function will name is not known; the bundled one may be among them. */
  private boolean pricesDepend;

  UnpricedPolicy onUnpriced = UnpricedPolicy.ALLOW;
  @Nullable Supplier<Attribution> resolver;
  UsageMetrics metrics = UsageMetrics.NONE;
  InstantSource clock = InstantSource.system();
  @Nullable String instance;
  @Nullable UsageLimiter limiter;
  final List<Consumer<EndedOperation>> operationListeners = new ArrayList<>();
  Duration streamIdle = Duration.ofMinutes(UsageTracker.STREAM_IDLE_MINUTES);
  Duration operationIdle = Duration.ofSeconds(UsageTracker.OPERATION_IDLE_SECONDS);
  Duration errorGrace = Duration.ofSeconds(UsageTracker.ERROR_GRACE_SECONDS);

  boolean closeOnShutdown;

  UsageTrackerBuilder(UsageSink sink) {
    this.sink = Objects.requireNonNull(sink, "sink");
  }

  /** What stands in front of the sink. Default {@link UsageBuffer#memory}. */
  public UsageTrackerBuilder buffer(UsageBuffer inFront) {
    buffer = Objects.requireNonNull(inFront, "buffer");
    return this;
  }

  /** Another sink, behind a buffer of its own: when one fails, the others are not held back. */
  public UsageTrackerBuilder alsoTo(UsageSink other) {
    return alsoTo(other, UsageBuffer.memory());
  }

  /** Another sink, behind this buffer. */
  public UsageTrackerBuilder alsoTo(UsageSink other, UsageBuffer inFront) {
    others.add(new Target(Objects.requireNonNull(other, "sink"), inFront));
    return this;
  }

  /**
   * What calls cost. Default: the list prices of {@link PriceCatalog#bundled}; {@link
   * PriceCatalog#none} switches prices off.
   */
  public UsageTrackerBuilder prices(PriceCatalog catalog) {
    Objects.requireNonNull(catalog, "prices");
    prices = who -> catalog;
    pricesDepend = false;
    return this;
  }

  /** What calls cost, depending on who makes them, such as negotiated prices. Must be quick. */
  public UsageTrackerBuilder prices(Function<Attribution, PriceCatalog> catalogOf) {
    prices = Objects.requireNonNull(catalogOf, "prices");
    pricesDepend = true;
    return this;
  }

  /**
   * What becomes of calls of models that have no price. Default: {@link UnpricedPolicy#ALLOW}. A
   * catalog that fails lets a call through.
   */
  public UsageTrackerBuilder onUnpriced(UnpricedPolicy policy) {
    onUnpriced = Objects.requireNonNull(policy, "policy");
    return this;
  }

  /**
   * Who is logged in, asked on the calling thread where no scope is open. If it throws, the call is
   * unattributed. Default: unattributed.
   */
  public UsageTrackerBuilder attribution(Supplier<Attribution> whoIsLoggedIn) {
    resolver = Objects.requireNonNull(whoIsLoggedIn, "attribution");
    return this;
  }

  /** Who counts what happens. Default: nobody. */
  public UsageTrackerBuilder metrics(UsageMetrics counters) {
    metrics = Objects.requireNonNull(counters, "metrics");
    return this;
  }

  /** What time it is, for tests. Default: the system clock. */
  public UsageTrackerBuilder clock(InstantSource source) {
    clock = Objects.requireNonNull(source, "clock");
    return this;
  }

  /** What this instance of the application is called in its events. Default: not said. */
  public UsageTrackerBuilder instance(String name) {
    instance = Checks.requireIdentifier("instance", name, Attribution.MAX_ID);
    return this;
  }

  /** Who decides whether a call may be made; it is closed with the tracker. Default: nobody. */
  public UsageTrackerBuilder limits(UsageLimiter whoDecides) {
    limiter = Objects.requireNonNull(whoDecides, "limits");
    return this;
  }

  /**
   * How long {@link TrackedCall#failedUnlessAnswered} waits for an answer, or for another word of a
   * stream. Default {@value UsageTracker#ERROR_GRACE_SECONDS} seconds; zero waits not at all.
   *
   * @throws IllegalArgumentException if it is negative
   */
  public UsageTrackerBuilder errorGrace(Duration grace) {
    if (grace.isNegative()) {
      throw new IllegalArgumentException("errorGrace must not be negative, but was " + grace);
    }
    errorGrace = grace;
    return this;
  }

  /**
   * Told once of every operation that is over, on the thread on which it ended, or one of the
   * tracker's if it was idle; what it throws is swallowed. Default: nobody.
   */
  public UsageTrackerBuilder onOperation(Consumer<EndedOperation> listener) {
    operationListeners.add(Objects.requireNonNull(listener, "listener"));
    return this;
  }

  /**
   * After how long without a word a stream is given up and recorded as failed, with what had
   * arrived by then; so is a call whose future is not completed. What is seen on the wire is a
   * word, too. Default {@value UsageTracker#STREAM_IDLE_MINUTES} minutes.
   *
   * @throws IllegalArgumentException if it is not positive
   */
  public UsageTrackerBuilder streamIdle(Duration idle) {
    if (idle.isNegative() || idle.isZero()) {
      throw new IllegalArgumentException("streamIdle must be positive, but was " + idle);
    }
    streamIdle = idle;
    return this;
  }

  /**
   * After how long an operation is over that has no scope open, waits for the results of tools or
   * for an AI service, and has no call under way. Default {@value
   * UsageTracker#OPERATION_IDLE_SECONDS} s.
   *
   * @throws IllegalArgumentException if it is not positive
   */
  public UsageTrackerBuilder operationIdle(Duration idle) {
    if (idle.isNegative() || idle.isZero()) {
      throw new IllegalArgumentException("operationIdle must be positive, but was " + idle);
    }
    operationIdle = idle;
    return this;
  }

  /**
   * Closes the tracker when the JVM is shut down, for applications that have no place to do so
   * themselves. Other shutdown hooks run at the same time: where one of them closes what a sink
   * needs, such as a pool, close the tracker there instead. Default: not.
   */
  public UsageTrackerBuilder closeOnShutdown() {
    closeOnShutdown = true;
    return this;
  }

  /**
   * What was set, else the bundled prices. These are read now and not during a call, also where a
   * function may name them.
   */
  Function<Attribution, PriceCatalog> prices() {
    if (prices != null && !pricesDepend) {
      return prices;
    }
    PriceCatalog bundled = PriceCatalog.bundled();
    if (prices != null) {
      return prices;
    }
    return who -> bundled;
  }

  /**
   * The tracker. Close it at the end.
   *
   * @throws UsageException if the folder of a spool cannot be used
   */
  public UsageTracker build() {
    return new UsageTracker(this);
  }
}
