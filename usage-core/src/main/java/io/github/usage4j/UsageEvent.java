package io.github.usage4j;

import io.github.usage4j.internal.Checks;
import io.github.usage4j.internal.DecimalBounds;
import io.github.usage4j.internal.UsageIds;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One model call that ended: what is stored, priced and summed. Immutable. It never holds a prompt
 * or an answer. {@code null} means unknown.
 *
 * @param id tells this call from every other; the same id delivered again is the same call
 * @param kind what was asked of the model
 * @param streaming whether the answer came in pieces
 * @param provider who serves the model, in the words of OpenTelemetry's {@code
 *     gen_ai.provider.name}, such as {@code openai}
 * @param requestModel the model asked for; empty if unknown
 * @param responseModel the model that answered
 * @param responseId the provider's id of the answer
 * @param serviceTier batch, flex, priority or whatever the provider calls it
 * @param credentialId which API key was used: a hash or a name, never the key
 * @param occurredAt when the call started, cut to microseconds; it alone decides day and month
 * @param duration from start to end, cut to microseconds
 * @param timeToFirstToken from start to the first piece of a streamed answer
 * @param operationId the user request that this call is a step of
 * @param parentOperationId the operation inside which that operation began
 * @param step which call of its operation this is, from 1
 * @param attempts how many exchanges with the provider were summed into this call
 * @param opensOperation whether it is the first call of its operation, so that operations can be
 *     counted
 * @param attribution who caused it
 * @param tokens what is counted: never contradictory
 * @param statedTokens what the provider stated, if that is contradictory; else null
 * @param quality how well the tokens are known
 * @param source where the figures come from
 * @param units what is charged apart from tokens, such as {@code searches}, {@code images}, {@code
 *     seconds}
 * @param conditions what changes the price and is neither a count nor a service tier, such as
 *     {@code speed=fast} or {@code inference_geo=us}, in the provider's own words; a condition that
 *     only says that the list price applies is left out
 * @param cost null if there is no price: never 0 for want of one
 * @param statedCost what the provider itself says it costs
 * @param outcome how it ended
 * @param errorType the class of the error
 * @param errorMessage cut at {@value #MAX_MESSAGE} code points; only kept if the host asks for it
 * @param finishReason why the model stopped
 * @param toolCalls how many tool calls the answer asks for
 * @param metadata a JSON object of the host's own, at most {@value #MAX_METADATA} bytes
 * @param instance which instance of the application made the call
 */
public record UsageEvent(
    UUID id,
    Kind kind,
    boolean streaming,
    String provider,
    String requestModel,
    @Nullable String responseModel,
    @Nullable String responseId,
    @Nullable String serviceTier,
    @Nullable String credentialId,
    Instant occurredAt,
    Duration duration,
    @Nullable Duration timeToFirstToken,
    String operationId,
    @Nullable String parentOperationId,
    int step,
    int attempts,
    boolean opensOperation,
    Attribution attribution,
    TokenCounts tokens,
    @Nullable TokenCounts statedTokens,
    Quality quality,
    @Nullable Source source,
    Map<String, BigDecimal> units,
    Map<String, String> conditions,
    @Nullable Cost cost,
    @Nullable Cost statedCost,
    Outcome outcome,
    @Nullable String errorType,
    @Nullable String errorMessage,
    @Nullable String finishReason,
    int toolCalls,
    @Nullable String metadata,
    @Nullable String instance) {

  /**
   * The greatest token count of one call. More is a misread figure, and sums of millions of calls
   * still fit into a {@code long}.
   */
  public static final long MAX_TOKENS = 1_000_000_000_000L;

  static final int MAX_NAME = 256;
  static final int MAX_MESSAGE = 500;
  static final int MAX_METADATA = 4096;

  /** The most conditions of the price that one call has. */
  public static final int MAX_CONDITIONS = 8;

  /** The greatest length of the name of a condition, and of its value, in code points. */
  public static final int MAX_CONDITION = 64;

  private static final BigDecimal MAX_AMOUNT = new BigDecimal("99999999999999999999");
  private static final DecimalBounds AMOUNT = new DecimalBounds(20, Cost.SCALE);
  private static final int NANOS_PER_MICRO = 1_000;
  private static final Duration MAX_DURATION = Duration.ofDays(366);
  private static final Instant FIRST = Instant.EPOCH;
  private static final Instant LAST = Instant.parse("9999-12-31T00:00:00Z");

  /** What was asked of a model. */
  public enum Kind {
    /** Messages in, a message out. */
    CHAT,
    /** Text in, text out. */
    COMPLETION,
    /** Text in, vectors out. */
    EMBEDDING,
    /** Documents in, scores out. */
    RERANK,
    /** Is this text allowed. */
    MODERATION,
    /** An image out. */
    IMAGE,
    /** Audio in, text out. */
    TRANSCRIPTION,
    /** Text in, audio out. */
    SPEECH
  }

  /** How a call ended. */
  public enum Outcome {
    /** It was answered. */
    SUCCESS,
    /** It failed, in the provider, on the way, or because the answer could not be read. */
    ERROR,
    /** The caller stopped it. */
    CANCELLED,
    /** A limit, or the policy for models without a price, did not let it start; it used nothing. */
    REFUSED
  }

  /** How well the tokens of a call are known. */
  public enum Quality {
    /** The provider stated them. */
    REPORTED,
    /** Some are missing, contradict each other, or were stated before the end. */
    PARTIAL,
    /** They were estimated, because the provider stated none. */
    ESTIMATED,
    /** Nothing is known. */
    MISSING
  }

  /** Where the figures of a call come from, best first. */
  public enum Source {
    /** Read from the exchange with the provider. */
    WIRE,
    /** Read from the raw answer that the client keeps. */
    RAW_METADATA,
    /** Taken from the client's own usage object. */
    CLIENT,
    /** Given by the host. */
    HOST
  }

  /**
   * Checks, cuts and tidies. Build events with {@link #builder}.
   *
   * @throws IllegalArgumentException if a required text is blank, a number is below its minimum,
   *     the instant is outside the years 1970 to 9999, or the metadata is too large
   */
  public UsageEvent {
    Objects.requireNonNull(id, "id");
    Objects.requireNonNull(kind, "kind");
    provider = Checks.text(provider, MAX_NAME);
    if (provider.isBlank()) {
      throw new IllegalArgumentException("provider must not be blank");
    }
    requestModel = Checks.text(requestModel, MAX_NAME);
    responseModel = Checks.textOrNull(responseModel, MAX_NAME);
    responseId = Checks.textOrNull(responseId, MAX_NAME);
    serviceTier = Checks.textOrNull(serviceTier, MAX_NAME);
    credentialId = Checks.textOrNull(credentialId, MAX_NAME);
    occurredAt =
        Instant.ofEpochSecond(occurredAt.getEpochSecond(), wholeMicros(occurredAt.getNano()));
    if (occurredAt.isBefore(FIRST) || !occurredAt.isBefore(LAST)) {
      throw new IllegalArgumentException(
          "occurredAt must lie between " + FIRST + " and " + LAST + ", but was " + occurredAt);
    }
    duration = checkDuration("duration", duration);
    timeToFirstToken =
        timeToFirstToken == null ? null : checkDuration("timeToFirstToken", timeToFirstToken);
    operationId = Checks.requireIdentifier("operationId", operationId, Attribution.MAX_ID);
    parentOperationId =
        Checks.identifier("parentOperationId", parentOperationId, Attribution.MAX_ID);
    Checks.requireAtLeast("step", step, 1);
    Checks.requireAtLeast("attempts", attempts, 0);
    Checks.requireAtLeast("toolCalls", toolCalls, 0);
    Objects.requireNonNull(attribution, "attribution");
    units = checkUnits(units);
    conditions = checkConditions(conditions);
    Objects.requireNonNull(outcome, "outcome");
    errorType = Checks.textOrNull(errorType, MAX_NAME);
    errorMessage = Checks.textOrNull(errorMessage, MAX_MESSAGE);
    finishReason = Checks.textOrNull(finishReason, MAX_NAME);
    instance = Checks.textOrNull(instance, MAX_NAME);
    metadata = checkMetadata(metadata);
    checkCost("cost", cost);
    checkCost("statedCost", statedCost);
    checkTokens(tokens);
    TokenCounts counted = tokens.consistent();
    if (!counted.equals(tokens)) {
      statedTokens = statedTokens == null ? tokens : statedTokens;
      quality = quality == Quality.REPORTED ? Quality.PARTIAL : quality;
      tokens = counted;
    }
    if (quality == Quality.MISSING && !tokens.isUnknown()) {
      throw new IllegalArgumentException("quality is MISSING, but tokens are " + tokens);
    }
  }

  /**
   * Starts an event of a call that is not made through a tracker, such as an imported one.
   *
   * @param id a new {@link #newId}, or {@link #idFrom} of what the call is known by elsewhere
   */
  public static UsageEventBuilder builder(
      UUID id, Kind kind, String provider, String requestModel) {
    return new UsageEventBuilder(id, kind, provider, requestModel);
  }

  /** A new id; ids sort by the time given (UUID version 7, RFC 9562). */
  public static UUID newId(Instant occurredAt) {
    return UsageIds.next(occurredAt);
  }

  /**
   * The id of a record of another system: importing it again changes nothing. Prefer the form that
   * takes the time, whose ids sort by time and fit partitions.
   */
  public static UUID idFrom(String source, Object sourceId) {
    return UsageIds.named(source, sourceId.toString());
  }

  /** The id of a record of another system, sorting by the time it occurred at. */
  public static UUID idFrom(String source, Object sourceId, Instant occurredAt) {
    return UsageIds.named(source, sourceId.toString(), occurredAt);
  }

  /** A builder that starts from this event. */
  public UsageEventBuilder toBuilder() {
    return new UsageEventBuilder(this);
  }

  /** The model that answered, else the one asked for; empty if neither is known. */
  public String model() {
    return responseModel != null ? responseModel : requestModel;
  }

  /** The day in UTC that this call belongs to. */
  public LocalDate utcDay() {
    return LocalDate.ofInstant(occurredAt, ZoneOffset.UTC);
  }

  /** True if a call that was answered or cut short stated no figure at all. */
  public boolean unmeasured() {
    return quality == Quality.MISSING
        && units.isEmpty()
        && (outcome == Outcome.SUCCESS || outcome == Outcome.CANCELLED);
  }

  /** True if this call used something and there was no price for it. */
  public boolean unpriced() {
    return cost == null && outcome != Outcome.REFUSED && (!tokens.isUnknown() || !units.isEmpty());
  }

  /** What the provider stated, contradictory or not. */
  public TokenCounts asStated() {
    return statedTokens != null ? statedTokens : tokens;
  }

  /**
   * True if the other event, of the same id, would be billed the same: organization, time,
   * provider, model, service tier, counts, units, conditions, cost and outcome are equal. A
   * repeated id for which this is false is a conflict.
   */
  public boolean billsLike(UsageEvent other) {
    return Objects.equals(attribution.organization(), other.attribution.organization())
        && occurredAt.equals(other.occurredAt)
        && provider.equals(other.provider)
        && model().equals(other.model())
        && tokens.equals(other.tokens)
        && Objects.equals(serviceTier, other.serviceTier)
        && units.equals(other.units)
        && conditions.equals(other.conditions)
        && (cost == null ? other.cost == null : cost.amountsEqual(other.cost))
        && outcome == other.outcome;
  }

  private static void checkTokens(TokenCounts tokens) {
    checkCount(tokens.input());
    checkCount(tokens.output());
    checkCount(tokens.cacheRead());
    checkCount(tokens.cacheWrite());
    checkCount(tokens.cacheWriteOneHour());
    checkCount(tokens.reasoning());
    checkCount(tokens.inputAudio());
    checkCount(tokens.outputAudio());
    checkCount(tokens.cacheReadAudio());
  }

  private static void checkCount(@Nullable Long count) {
    if (count != null && count > MAX_TOKENS) {
      throw new IllegalArgumentException(
          "a token count of one call must be at most " + MAX_TOKENS + ", but was " + count);
    }
  }

  private static @Nullable String checkMetadata(@Nullable String json) {
    if (json == null || json.isBlank()) {
      return null;
    }
    int bytes = json.getBytes(StandardCharsets.UTF_8).length;
    if (bytes > MAX_METADATA) {
      throw new IllegalArgumentException(
          "metadata must have at most " + MAX_METADATA + " bytes, but had " + bytes);
    }
    String object = json.strip();
    if (!object.startsWith("{") || !object.endsWith("}") || !Checks.isStorable(object)) {
      throw new IllegalArgumentException("metadata must be a JSON object, but was " + json);
    }
    return object;
  }

  private static void checkCost(String name, @Nullable Cost cost) {
    if (cost != null && cost.total().compareTo(MAX_AMOUNT) > 0) {
      throw new IllegalArgumentException(
          name + " of one call must be at most " + MAX_AMOUNT + ", but was " + cost.total());
    }
  }

  private static Duration checkDuration(String name, Duration duration) {
    if (duration.isNegative() || duration.compareTo(MAX_DURATION) > 0) {
      throw new IllegalArgumentException(
          name + " must be between 0 and " + MAX_DURATION + ", but was " + duration);
    }
    return Duration.ofSeconds(duration.getSeconds(), wholeMicros(duration.getNano()));
  }

  private static int wholeMicros(int nanos) {
    return nanos - nanos % NANOS_PER_MICRO;
  }

  /** Names and values come from answers: they are tidied, not refused. */
  private static Map<String, String> checkConditions(Map<String, String> conditions) {
    if (conditions.isEmpty()) {
      return Map.of();
    }
    var checked = new HashMap<String, String>();
    // In one order, so that of two names that become equal the same one wins every time.
    new TreeMap<>(conditions)
        .forEach(
            (name, value) ->
                checked.put(
                    Checks.requireIdentifier("condition", tidied(name), MAX_CONDITION),
                    tidied(value)));
    if (checked.size() > MAX_CONDITIONS) {
      throw new IllegalArgumentException(
          "a call must have at most "
              + MAX_CONDITIONS
              + " conditions of its price, but had "
              + checked.keySet());
    }
    return Map.copyOf(checked);
  }

  /** Stripped after it is cut as well: what is read back must not change once more. */
  private static String tidied(String text) {
    return Checks.text(text.strip(), MAX_CONDITION).strip();
  }

  private static Map<String, BigDecimal> checkUnits(Map<String, BigDecimal> units) {
    if (units.isEmpty()) {
      return Map.of();
    }
    var checked = new HashMap<String, BigDecimal>();
    units.forEach(
        (unit, amount) -> {
          Checks.requireIdentifier("unit", unit, Attribution.MAX_ID);
          BigDecimal plain = AMOUNT.exact(amount);
          if (plain == null || plain.signum() < 0 || plain.compareTo(MAX_AMOUNT) > 0) {
            throw new IllegalArgumentException(
                "units of "
                    + unit
                    + " must be between 0 and "
                    + MAX_AMOUNT
                    + " with at most "
                    + Cost.SCALE
                    + " decimals, but were "
                    + DecimalBounds.shown(amount));
          }
          checked.put(unit, plain);
        });
    return Map.copyOf(checked);
  }
}
