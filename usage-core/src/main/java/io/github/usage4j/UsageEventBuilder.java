package io.github.usage4j;

import io.github.usage4j.UsageEvent.Kind;
import io.github.usage4j.UsageEvent.Outcome;
import io.github.usage4j.UsageEvent.Quality;
import io.github.usage4j.UsageEvent.Source;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Builds a {@link UsageEvent}. Setters are named like its components and only remember; {@link
 * #build} checks. Not safe for use by several threads at once.
 */
public final class UsageEventBuilder {

  private final UUID id;
  private final Kind kind;
  private final String provider;
  private final String requestModel;
  private boolean streaming;
  private @Nullable String responseModel;
  private @Nullable String responseId;
  private @Nullable String serviceTier;
  private @Nullable String credentialId;
  private @Nullable Instant occurredAt;
  private Duration duration = Duration.ZERO;
  private @Nullable Duration timeToFirstToken;
  private @Nullable String operationId;
  private @Nullable String parentOperationId;
  private int step = 1;
  private int attempts = 1;
  private @Nullable Boolean opensOperation;
  private Attribution attribution = Attribution.NONE;
  private TokenCounts tokens = TokenCounts.UNKNOWN;
  private @Nullable TokenCounts statedTokens;
  private @Nullable Quality quality;
  private @Nullable Source source;
  private Map<String, BigDecimal> units = Map.of();
  private Map<String, String> conditions = Map.of();
  private @Nullable Cost cost;
  private @Nullable Cost statedCost;
  private Outcome outcome = Outcome.SUCCESS;
  private @Nullable String errorType;
  private @Nullable String errorMessage;
  private @Nullable String finishReason;
  private int toolCalls;
  private @Nullable String metadata;
  private @Nullable String instance;

  UsageEventBuilder(UUID id, Kind kind, String provider, String requestModel) {
    this.id = id;
    this.kind = kind;
    this.provider = provider;
    this.requestModel = requestModel;
  }

  UsageEventBuilder(UsageEvent event) {
    this(event.id(), event.kind(), event.provider(), event.requestModel());
    streaming = event.streaming();
    responseModel = event.responseModel();
    responseId = event.responseId();
    serviceTier = event.serviceTier();
    credentialId = event.credentialId();
    occurredAt = event.occurredAt();
    duration = event.duration();
    timeToFirstToken = event.timeToFirstToken();
    operationId = event.operationId();
    parentOperationId = event.parentOperationId();
    step = event.step();
    attempts = event.attempts();
    opensOperation = event.opensOperation();
    attribution = event.attribution();
    tokens = event.tokens();
    statedTokens = event.statedTokens();
    quality = event.quality();
    source = event.source();
    units = event.units();
    conditions = event.conditions();
    cost = event.cost();
    statedCost = event.statedCost();
    outcome = event.outcome();
    errorType = event.errorType();
    errorMessage = event.errorMessage();
    finishReason = event.finishReason();
    toolCalls = event.toolCalls();
    metadata = event.metadata();
    instance = event.instance();
  }

  /** Whether the answer came in pieces. Default false. */
  public UsageEventBuilder streaming(boolean inPieces) {
    streaming = inPieces;
    return this;
  }

  /** The model that answered. */
  public UsageEventBuilder responseModel(@Nullable String model) {
    responseModel = model;
    return this;
  }

  /** The provider's id of the answer. */
  public UsageEventBuilder responseId(@Nullable String providersId) {
    responseId = providersId;
    return this;
  }

  /** Batch, flex, priority or whatever the provider calls it. */
  public UsageEventBuilder serviceTier(@Nullable String tier) {
    serviceTier = tier;
    return this;
  }

  /** Which API key was used: a hash or a name, never the key. */
  public UsageEventBuilder credentialId(@Nullable String hashOrName) {
    credentialId = hashOrName;
    return this;
  }

  /** When the call started: {@link UsageEvent#occurredAt}. Required. */
  public UsageEventBuilder startedAt(Instant at) {
    occurredAt = at;
    return this;
  }

  /** How long the call took. Default zero. */
  public UsageEventBuilder duration(Duration fromStartToEnd) {
    duration = fromStartToEnd;
    return this;
  }

  /** How long the first piece of a streamed answer took. */
  public UsageEventBuilder timeToFirstToken(@Nullable Duration fromStart) {
    timeToFirstToken = fromStart;
    return this;
  }

  /**
   * The operation that this call is a step of. Default: one of its own. Step 1 opens its operation,
   * unless {@link #opensOperation} says otherwise.
   */
  public UsageEventBuilder operation(String operationId, int step) {
    this.operationId = operationId;
    this.step = step;
    return this;
  }

  /** The operation inside which this call's operation began. */
  public UsageEventBuilder parentOperation(@Nullable String operationId) {
    parentOperationId = operationId;
    return this;
  }

  /** Whether this is the call by which its operation is counted. */
  public UsageEventBuilder opensOperation(boolean opens) {
    opensOperation = opens;
    return this;
  }

  /** How many exchanges with the provider this call took. Default 1. */
  public UsageEventBuilder attempts(int exchanges) {
    attempts = exchanges;
    return this;
  }

  /** Who caused the call. Default {@link Attribution#NONE}. */
  public UsageEventBuilder attribution(Attribution who) {
    attribution = who;
    return this;
  }

  /**
   * What was used. Its quality is REPORTED, PARTIAL for a chat or completion of which only input or
   * only output is known, or MISSING if nothing is.
   */
  public UsageEventBuilder tokens(TokenCounts counts) {
    tokens = counts;
    statedTokens = null;
    quality = null;
    return this;
  }

  /** What was used, and how well that is known. */
  public UsageEventBuilder tokens(TokenCounts counts, Quality quality) {
    tokens = counts;
    statedTokens = null;
    this.quality = counts.isUnknown() ? Quality.MISSING : quality;
    return this;
  }

  /** What the provider stated where that contradicts itself; set when reading an event back. */
  public UsageEventBuilder statedTokens(@Nullable TokenCounts stated) {
    statedTokens = stated;
    return this;
  }

  /** Where the figures come from. */
  public UsageEventBuilder source(@Nullable Source from) {
    source = from;
    return this;
  }

  /** What is charged apart from tokens; replaces what was set before. */
  public UsageEventBuilder units(Map<String, BigDecimal> amounts) {
    units = amounts;
    return this;
  }

  /** What is charged apart from tokens, one unit more. */
  public UsageEventBuilder unit(String name, BigDecimal amount) {
    units = new HashMap<>(units);
    units.put(name, amount);
    return this;
  }

  /** What changes the price beside the service tier; replaces what was set before. */
  public UsageEventBuilder conditions(Map<String, String> stated) {
    conditions = stated;
    return this;
  }

  /**
   * What changes the price beside the service tier, one condition more.
   *
   * @param name such as {@code speed}
   * @param value such as {@code fast}
   */
  public UsageEventBuilder condition(String name, String value) {
    conditions = new HashMap<>(conditions);
    conditions.put(name, value);
    return this;
  }

  /** What the call costs; null if there is no price. */
  public UsageEventBuilder cost(@Nullable Cost priced) {
    cost = priced;
    return this;
  }

  /** What the provider says the call costs. */
  public UsageEventBuilder statedCost(@Nullable Cost byProvider) {
    statedCost = byProvider;
    return this;
  }

  /** How the call ended. Default SUCCESS. */
  public UsageEventBuilder outcome(Outcome ended) {
    outcome = ended;
    return this;
  }

  /**
   * The call failed with this error. Keeps its class only: a message may quote the prompt, so it is
   * set apart, by {@link #errorMessage}.
   */
  public UsageEventBuilder error(Throwable error) {
    outcome = Outcome.ERROR;
    errorType = error.getClass().getName();
    return this;
  }

  /** The class of the error. */
  public UsageEventBuilder errorType(@Nullable String className) {
    errorType = className;
    return this;
  }

  /** What the error said. */
  public UsageEventBuilder errorMessage(@Nullable String message) {
    errorMessage = message;
    return this;
  }

  /** Why the model stopped. */
  public UsageEventBuilder finishReason(@Nullable String reason) {
    finishReason = reason;
    return this;
  }

  /** How many tool calls the answer asks for. Default 0. */
  public UsageEventBuilder toolCalls(int asked) {
    toolCalls = asked;
    return this;
  }

  /** A JSON object of the host's own. */
  public UsageEventBuilder metadata(@Nullable String jsonObject) {
    metadata = jsonObject;
    return this;
  }

  /** Which instance of the application made the call. */
  public UsageEventBuilder instance(@Nullable String name) {
    instance = name;
    return this;
  }

  /**
   * The event.
   *
   * @throws IllegalArgumentException if {@link #startedAt} was not called, or a value breaks a rule
   *     of {@link UsageEvent}
   */
  public UsageEvent build() {
    if (occurredAt == null) {
      throw new IllegalArgumentException("startedAt must be set: it decides day and month");
    }
    return new UsageEvent(
        id,
        kind,
        streaming,
        provider,
        requestModel,
        responseModel,
        responseId,
        serviceTier,
        credentialId,
        occurredAt,
        duration,
        timeToFirstToken,
        operationId == null ? id.toString() : operationId,
        parentOperationId,
        step,
        attempts,
        opensOperation == null ? step == 1 : opensOperation,
        attribution,
        tokens,
        statedTokens,
        quality == null ? derivedQuality() : quality,
        source,
        units,
        conditions,
        cost,
        statedCost,
        outcome,
        errorType,
        errorMessage,
        finishReason,
        toolCalls,
        metadata,
        instance);
  }

  private Quality derivedQuality() {
    if (tokens.isUnknown()) {
      return Quality.MISSING;
    }
    boolean answersWithText = kind == Kind.CHAT || kind == Kind.COMPLETION;
    boolean half = tokens.input() == null || (answersWithText && tokens.output() == null);
    return half ? Quality.PARTIAL : Quality.REPORTED;
  }
}
