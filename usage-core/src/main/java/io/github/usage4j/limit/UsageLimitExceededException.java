package io.github.usage4j.limit;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.usage4j.UsageException;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A limit did not let a call start. Nothing was sent to the provider. */
public final class UsageLimitExceededException extends UsageException {

  private static final long serialVersionUID = 1L;

  /** Why. */
  public enum Reason {
    /** Nothing, or not enough, is left. */
    EXHAUSTED,
    /** Nobody knows what the call costs, and the limit is one of cost. */
    UNPRICED,
    /** The store that knows what is left does not answer. */
    STORE_AWAY
  }

  private final Reason reason;
  private final transient @Nullable LimitStatus status;
  private final Duration retryAfter;

  /**
   * @param message whose limit, and what is left of it
   * @param retryAfter when it may be worth trying again
   */
  public UsageLimitExceededException(
      String message, Reason reason, LimitStatus status, Duration retryAfter) {
    super(message, null);
    this.reason = reason;
    this.status = status;
    this.retryAfter = retryAfter;
  }

  /** Why the call was refused. */
  public Reason reason() {
    return reason;
  }

  /**
   * The limit that refused it, as far as this instance knew then.
   *
   * @throws NullPointerException if this exception was serialized, which does not keep it
   */
  public LimitStatus status() {
    return Objects.requireNonNull(status, "the status is not kept when serialized");
  }

  /**
   * When it may be worth trying again: at the next period, or sooner; a day if never. In whole
   * seconds, rounded up, at least one.
   */
  public Duration retryAfter() {
    return retryAfter;
  }

  /** What to answer over HTTP: 429, or 503 if it could not be decided. */
  public int httpStatus() {
    return reason == Reason.STORE_AWAY ? 503 : 429;
  }

  /** A body for that answer, in JSON; without identifiers of anybody. */
  public String toJson() {
    ObjectNode body = JsonNodeFactory.instance.objectNode();
    ObjectNode error = body.putObject("error");
    LimitStatus known = status;
    error
        .put("type", "usage_limit_exceeded")
        .put("reason", reason.name().toLowerCase(Locale.ROOT))
        .put(
            "message",
            known == null ? "A limit does not allow this call" : Words.nameless(known, reason))
        .put("retryAfterSeconds", Math.max(1, retryAfter.toSeconds()));
    if (known != null) {
      Instant resetsAt = known.resetsAt();
      error
          .put("limit", known.limit().name())
          .put("measure", known.limit().measure().name().toLowerCase(Locale.ROOT))
          .put("used", known.current().toPlainString())
          .put("allowed", known.allowance().toPlainString())
          .put("resetsAt", resetsAt == null ? null : resetsAt.toString());
    }
    return body.toString();
  }
}
