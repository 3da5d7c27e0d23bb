package io.github.usage4j.track;

import io.github.usage4j.Attribution;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Kind;
import io.github.usage4j.UsageEvent.Outcome;
import io.github.usage4j.UsageEvent.Quality;
import io.github.usage4j.UsageEventBuilder;
import io.github.usage4j.UsageMetrics.Anomaly;
import io.github.usage4j.limit.UsageLimitExceededException;
import io.github.usage4j.pricing.UnpricedModelException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One model call that is under way. It ends exactly once: {@link #succeeded}, {@link #failed} or
 * {@link #cancelled}, or is refused before it begins ({@link #admit()}); the first end counts, a
 * later one is ignored and counted as an anomaly. Safe for use by several threads.
 *
 * <p>Every end returns the event that was made of the first one. Only while that is still being
 * made, by another thread or around the very code that ends the call again, a later end returns one
 * that says which call it is and nothing of what it used.
 */
public final class TrackedCall {

  final UsageTracker tracker;
  final Operation operation;
  private final UUID id;
  final Kind kind;
  final String provider;
  final String model;
  final Instant occurredAt;
  private final long startedNanos;
  private final ThreadContext.Frame frame;
  Attribution attribution; // guarded by this until ending, as all that follow
  private int step; // 0 once it was given back
  @Nullable Duration timeToFirstToken;
  @Nullable Consumer<UsageEventBuilder> details;
  List<TokenCounts> exchanges = List.of();
  List<AdditionalUsage> additional = List.of();
  final CallEnd end = new CallEnd(this);
  final Admission admission = new Admission();

  TrackedCall(
      UsageTracker tracker,
      Operation operation,
      UUID id,
      Kind kind,
      String provider,
      String model,
      Instant occurredAt) {
    this.tracker = tracker;
    this.operation = operation;
    this.id = id;
    this.kind = kind;
    this.provider = provider;
    this.model = model;
    this.occurredAt = occurredAt;
    this.attribution = operation.attribution();
    step = operation.nextStep();
    startedNanos = System.nanoTime();
    frame = new ThreadContext.Frame(null, operation, operation.attribution(), null, null);
  }

  /** The id of the event that this call will be. */
  public UUID id() {
    return id;
  }

  /** The operation that this call is a step of. */
  public String operationId() {
    return operation.id();
  }

  /** True if it will not be recorded; see {@link UsageTracker#suspended}. */
  public boolean suspended() {
    return operation.suspended();
  }

  /** Asks as {@link #admit(CallSize)} does; nothing is known of its size. */
  public void admit() {
    admit(CallSize.UNKNOWN);
  }

  /**
   * Asks the tracker's limits, and whether a model without a price may be called, before the call
   * is made; does nothing the second time, and if it will not be recorded. What limits keep free
   * for it is settled when it ends. {@link #run} asks by itself.
   *
   * @throws UsageLimitExceededException if a limit refuses it; then it has ended as refused
   * @throws UnpricedModelException if its model has no price and the tracker refuses such calls;
   *     then it has ended as refused
   */
  public void admit(CallSize size) {
    admission.admit(this, size);
  }

  synchronized Attribution attribution() {
    return attribution;
  }

  /** The model that answered. */
  public TrackedCall responseModel(@Nullable String answered) {
    return describe(event -> event.responseModel(answered));
  }

  /** The provider's id of the answer. */
  public TrackedCall responseId(@Nullable String providersId) {
    return describe(event -> event.responseId(providersId));
  }

  /** The category, if the scope or resolver gave none. */
  public synchronized TrackedCall defaultCategory(@Nullable String category) {
    if (!end.hasBegun() && attribution.category() == null && category != null) {
      attribution = attribution.category(category);
    }
    return this;
  }

  /**
   * Adds to what will be stored of this call. What the tracker itself knows cannot be changed: id,
   * time, operation, attribution, tokens and outcome.
   */
  public synchronized TrackedCall describe(Consumer<UsageEventBuilder> more) {
    if (!end.hasBegun()) {
      details = details == null ? more : details.andThen(more);
    }
    return this;
  }

  /**
   * What each exchange with the provider used, where this call took several: each is priced by
   * itself, because that is how the provider charges them. Has no effect unless they add up to the
   * tokens that the call ends with.
   */
  public synchronized TrackedCall exchanges(List<TokenCounts> each) {
    if (!end.isDelivered()) { // what a held call used is only known while it ends
      exchanges = List.copyOf(each);
    }
    return this;
  }

  /**
   * What is charged for this call beside what its own event says. Each becomes an event of its own
   * when the call ends, however it ends, unless it was refused or is {@link #withdraw withdrawn}: a
   * later step of the same operation, with the call's provider, kind, time and attribution, priced
   * by itself, and handed on together with the call's. Summaries and limits count it as a call.
   * Replaces what was said before; has no effect once the call's event is delivered.
   */
  public synchronized TrackedCall also(List<AdditionalUsage> additionally) {
    if (!end.isDelivered()) { // what a held call used is only known while it ends
      additional = List.copyOf(additionally);
    }
    return this;
  }

  /** The first piece of a streamed answer is here; later calls change nothing. */
  public synchronized void firstToken() {
    if (timeToFirstToken == null && !end.hasBegun()) {
      timeToFirstToken = elapsed();
    }
  }

  /**
   * Says that this call is answered later, by a stream or a future, which may never end: if nothing
   * is {@link #heard} of it for the tracker's stream idle time, or the tracker is closed, it is
   * given up.
   *
   * @param giveUp ends the call, in whatever way says most of it; must not throw. If it does not
   *     end it, the call ends as failed when it would be given up again
   */
  public void watch(Consumer<Throwable> giveUp) {
    end.watch(giveUp);
  }

  /** A sign of life of a watched call is here: a piece of its answer, say. */
  public void heard() {
    end.heard();
  }

  /**
   * Runs code with this call's operation on the thread, such as a callback of a streamed answer:
   * calls that it makes are later steps of the operation.
   */
  public void within(Runnable callback) {
    tracker.context().runWithin(frame, callback);
  }

  /**
   * Starts the step that follows this one: in the scope that is open on the calling thread, if any,
   * else in this call's operation with its attribution.
   *
   * @throws IllegalArgumentException if the provider is blank
   */
  public TrackedCall next(Kind kind, String provider, String model) {
    return tracker.startNext(operation, kind, provider, model);
  }

  /**
   * Starts a call that is made inside of this one and on its behalf, by a decorator say: in the
   * scope that was opened on the calling thread inside of this call, if any, else in this call's
   * operation, with its attribution. It takes this call's step over, because this one is then
   * {@link #withdraw withdrawn} as a rule.
   */
  public TrackedCall inside(Kind kind, String provider, String model) {
    synchronized (this) {
      if (!end.hasBegun() && step > 0 && operation.giveBack(step)) {
        step = 0;
      }
    }
    admission.giveBack(this); // that one asks for itself
    return tracker.startInside(operation, kind, provider, model);
  }

  /**
   * Ends without an event: this was no call of the provider after all, because those that were made
   * inside of it are recorded in its place. Has no effect on a call that has ended.
   */
  public void withdraw() {
    end.withdraw();
  }

  /**
   * Makes the call and ends this: with the tokens of the result, or as failed. A tokens function
   * that throws leaves the call recorded without tokens.
   *
   * @throws UsageLimitExceededException if a limit refuses it: see {@link #admit(CallSize)}
   * @throws UnpricedModelException if its model has no price and such calls are refused
   * @throws Exception what the call throws
   */
  public <T> T run(Callable<T> call, Function<? super T, TokenCounts> tokens) throws Exception {
    admit();
    T result;
    try {
      result = call.call();
    } catch (Throwable e) {
      failed(e);
      throw e;
    }
    succeeded(tokensOf(result, tokens));
    return result;
  }

  private <T> TokenCounts tokensOf(T result, Function<? super T, TokenCounts> tokens) {
    return tracker
        .guard()
        .get(
            Anomaly.EVENT_REPAIRED,
            "the function that tells a result's tokens",
            () -> Objects.requireNonNull(tokens.apply(result), "the tokens of a result"),
            () -> TokenCounts.UNKNOWN);
  }

  /** The call was answered; how well the tokens are known follows from which are known. */
  public UsageEvent succeeded(TokenCounts tokens) {
    return end.as(Outcome.SUCCESS, event -> event.tokens(tokens));
  }

  /** The call was answered. */
  public UsageEvent succeeded(TokenCounts tokens, Quality quality) {
    return end.as(Outcome.SUCCESS, event -> event.tokens(tokens, quality));
  }

  /** The call failed and nothing is known of what it used. */
  public UsageEvent failed(Throwable error) {
    return failed(error, event -> {});
  }

  /**
   * The call failed after it had used something; how well the tokens are known follows from which
   * are known.
   */
  public UsageEvent failed(Throwable error, TokenCounts tokens) {
    return failed(error, event -> event.tokens(tokens));
  }

  /** The call failed after it had used something. */
  public UsageEvent failed(Throwable error, TokenCounts tokens, Quality quality) {
    return failed(error, event -> event.tokens(tokens, quality));
  }

  /**
   * The call failed.
   *
   * @param error null if nothing is known of it
   * @param used adds what is known of what it used
   */
  public UsageEvent failed(@Nullable Throwable error, Consumer<UsageEventBuilder> used) {
    return end.as(Outcome.ERROR, used.andThen(event -> event.errorType(CallEnd.typeOf(error))));
  }

  /**
   * The call failed as it seems, but an answer may still come: a streaming client reports a piece
   * that it cannot read as an error and goes on. The call ends as failed, as of now, if it is not
   * ended otherwise within the tracker's error grace, or before the tracker is closed. Only the
   * first error counts.
   */
  public void failedUnlessAnswered(Throwable error) {
    failedUnlessAnswered(error, event -> {});
  }

  /**
   * The call failed as it seems, but an answer may still come; see {@link
   * #failedUnlessAnswered(Throwable)}.
   *
   * @param error null if nothing is known of it
   * @param used adds what is known by then of what it used, when it ends as failed
   */
  public void failedUnlessAnswered(@Nullable Throwable error, Consumer<UsageEventBuilder> used) {
    end.failedUnlessAnswered(error, used);
  }

  /** The caller stopped the call; the tokens are those known until then. */
  public UsageEvent cancelled(TokenCounts soFar) {
    return cancelled(soFar, soFar.isUnknown() ? Quality.MISSING : Quality.PARTIAL);
  }

  /** The caller stopped the call. */
  public UsageEvent cancelled(TokenCounts soFar, Quality quality) {
    return end.as(Outcome.CANCELLED, event -> event.tokens(soFar, quality));
  }

  /** The number of this step; another one if it was given back. */
  synchronized int step() {
    if (step == 0) {
      step = operation.stepAgain();
    }
    return step;
  }

  /** Whoever remembers this call must not keep its request and its answer by that. */
  void forget() {
    details = null;
    exchanges = List.of();
    additional = List.of();
  }

  /** True once the call has ended, though its event may still be under way to the sinks. */
  public boolean hasEnded() {
    return end.hasBegun();
  }

  /**
   * What a provider charges for a call beside what the call's own event says, such as the tokens of
   * another model that it asked for advice: an event of its own.
   *
   * @param model the model that used it, whose price applies; null for the one that was called
   * @param requests what each request to that model used, if it took several: as in {@link
   *     TrackedCall#exchanges}; else empty
   * @param used adds what is known of it: tokens, quality, service tier, conditions, units. What it
   *     has in common with the call cannot be changed: time, operation, attribution, outcome
   */
  public record AdditionalUsage(
      @Nullable String model, List<TokenCounts> requests, Consumer<UsageEventBuilder> used) {

    /** Copies the list. */
    public AdditionalUsage {
      requests = List.copyOf(requests);
      Objects.requireNonNull(used, "used");
    }
  }

  /** For how long it is under way. */
  Duration elapsed() {
    return Duration.ofNanos(Math.max(0, System.nanoTime() - startedNanos));
  }
}
