package io.github.usage4j.sink;

import io.github.usage4j.Attribution;
import io.github.usage4j.Cost;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * How an event is written in a spool: every component, labels included, in a fixed order. Numbers
 * have as many bytes as they need; a text is its length plus one and UTF-8, or 0 for null; what has
 * names is written by name, so that constants may move. Format {@link Journal#VERSION}; version 1
 * had no conditions and no {@code cacheReadAudio}.
 */
final class EventBytes {

  private static final int MICROS = 1_000_000;
  private static final int COUNTS = 9;
  private static final int COUNTS_OF_VERSION_1 = 8;

  /** Of an amount with 40 digits before the point, which is more than a cost has. */
  private static final int MAX_AMOUNT_BYTES = 25;

  private EventBytes() {}

  static void write(UsageEvent event, ByteSink out) {
    out.fixedLong(event.id().getMostSignificantBits());
    out.fixedLong(event.id().getLeastSignificantBits());
    out.number(
        (event.streaming() ? 1 : 0)
            | (event.opensOperation() ? 2 : 0)
            | (event.attribution().impersonated() ? 4 : 0));
    out.text(event.kind().name());
    out.text(event.provider());
    out.text(event.requestModel());
    out.text(event.responseModel());
    out.text(event.responseId());
    out.text(event.serviceTier());
    out.text(event.credentialId());
    Instant at = event.occurredAt();
    out.number(at.getEpochSecond() * MICROS + at.getNano() / 1_000);
    duration(event.duration(), out);
    duration(event.timeToFirstToken(), out);
    out.text(event.operationId());
    out.text(event.parentOperationId());
    out.number(event.step());
    out.number(event.attempts());
    attribution(event.attribution(), out);
    tokens(event.tokens(), out);
    tokens(event.statedTokens(), out);
    out.text(event.quality().name());
    UsageEvent.Source source = event.source();
    out.text(source == null ? null : source.name());
    out.number(event.units().size());
    event
        .units()
        .forEach(
            (unit, amount) -> {
              out.text(unit);
              amount(amount, out);
            });
    out.number(event.conditions().size());
    event
        .conditions()
        .forEach(
            (name, value) -> {
              out.text(name);
              out.text(value);
            });
    cost(event.cost(), out);
    cost(event.statedCost(), out);
    out.text(event.outcome().name());
    out.text(event.errorType());
    out.text(event.errorMessage());
    out.text(event.finishReason());
    out.number(event.toolCalls());
    out.text(event.metadata());
    out.text(event.instance());
  }

  /**
   * The event of a record.
   *
   * @param version of the record
   * @throws IllegalArgumentException if it is none
   */
  static UsageEvent read(ByteBuffer in, int version) {
    try {
      UsageEvent event = event(in, version);
      if (in.hasRemaining()) {
        throw new IllegalArgumentException(in.remaining() + " bytes too many");
      }
      return event;
    } catch (BufferUnderflowException | NullPointerException e) {
      throw new IllegalArgumentException("not an event", e);
    }
  }

  private static UsageEvent event(ByteBuffer in, int version) {
    var id = new UUID(in.getLong(), in.getLong());
    long flags = number(in);
    var kind = UsageEvent.Kind.valueOf(required(in));
    String provider = required(in);
    String requestModel = required(in);
    String responseModel = text(in);
    String responseId = text(in);
    String serviceTier = text(in);
    String credentialId = text(in);
    Instant occurredAt = Instant.EPOCH.plus(number(in), ChronoUnit.MICROS);
    Duration duration = Objects.requireNonNull(duration(in));
    Duration timeToFirstToken = duration(in);
    String operationId = required(in);
    String parentOperationId = text(in);
    int step = (int) number(in);
    int attempts = (int) number(in);
    Attribution attribution = attribution(in, (flags & 4) != 0);
    int counts = version == 1 ? COUNTS_OF_VERSION_1 : COUNTS;
    TokenCounts tokens = Objects.requireNonNull(tokens(in, counts));
    TokenCounts statedTokens = tokens(in, counts);
    var quality = UsageEvent.Quality.valueOf(required(in));
    String source = text(in);
    var units = new HashMap<String, BigDecimal>();
    for (long left = number(in); left > 0; left--) {
      units.put(required(in), amount(in));
    }
    var conditions = new HashMap<String, String>();
    for (long left = version == 1 ? 0 : number(in); left > 0; left--) {
      conditions.put(required(in), required(in));
    }
    Cost cost = cost(in);
    Cost statedCost = cost(in);
    return new UsageEvent(
        id,
        kind,
        (flags & 1) != 0,
        provider,
        requestModel,
        responseModel,
        responseId,
        serviceTier,
        credentialId,
        occurredAt,
        duration,
        timeToFirstToken,
        operationId,
        parentOperationId,
        step,
        attempts,
        (flags & 2) != 0,
        attribution,
        tokens,
        statedTokens,
        quality,
        source == null ? null : UsageEvent.Source.valueOf(source),
        units,
        conditions,
        cost,
        statedCost,
        UsageEvent.Outcome.valueOf(required(in)),
        text(in),
        text(in),
        text(in),
        (int) number(in),
        text(in),
        text(in));
  }

  private static void attribution(Attribution who, ByteSink out) {
    out.text(who.organization());
    out.text(who.user());
    out.text(who.userLabel());
    out.text(who.customer());
    out.text(who.customerLabel());
    out.text(who.session());
    out.text(who.category());
    out.number(who.tags().size());
    who.tags()
        .forEach(
            (key, value) -> {
              out.text(key);
              out.text(value);
            });
  }

  private static Attribution attribution(ByteBuffer in, boolean impersonated) {
    String organization = text(in);
    String user = text(in);
    String userLabel = text(in);
    String customer = text(in);
    String customerLabel = text(in);
    String session = text(in);
    String category = text(in);
    var tags = new HashMap<String, String>();
    for (long left = number(in); left > 0; left--) {
      tags.put(required(in), required(in));
    }
    return new Attribution(
        organization,
        user,
        userLabel,
        customer,
        customerLabel,
        session,
        category,
        impersonated,
        Map.copyOf(tags));
  }

  /** 0 for null, else one bit for each count that is known and one above them, then those. */
  private static void tokens(@Nullable TokenCounts tokens, ByteSink out) {
    if (tokens == null) {
      out.number(0);
      return;
    }
    int known = 1 << COUNTS;
    for (int i = 0; i < COUNTS; i++) {
      known |= count(tokens, i) == null ? 0 : 1 << i;
    }
    out.number(known);
    for (int i = 0; i < COUNTS; i++) {
      Long count = count(tokens, i);
      if (count != null) {
        out.number(count);
      }
    }
  }

  private static @Nullable Long count(TokenCounts tokens, int which) {
    return switch (which) {
      case 0 -> tokens.input();
      case 1 -> tokens.output();
      case 2 -> tokens.cacheRead();
      case 3 -> tokens.cacheWrite();
      case 4 -> tokens.cacheWriteOneHour();
      case 5 -> tokens.reasoning();
      case 6 -> tokens.inputAudio();
      case 7 -> tokens.outputAudio();
      default -> tokens.cacheReadAudio();
    };
  }

  private static @Nullable TokenCounts tokens(ByteBuffer in, int written) {
    long known = number(in);
    if (known == 0) {
      return null;
    }
    var counts = new @Nullable Long[COUNTS];
    for (int i = 0; i < written; i++) {
      counts[i] = (known & (1 << i)) == 0 ? null : Long.valueOf(number(in));
    }
    return new TokenCounts(
        counts[0], counts[1], counts[2], counts[3], counts[4], counts[5], counts[6], counts[7],
        counts[8]);
  }

  private static void duration(@Nullable Duration duration, ByteSink out) {
    out.number(
        duration == null ? 0 : duration.getSeconds() * MICROS + duration.getNano() / 1_000 + 1);
  }

  private static @Nullable Duration duration(ByteBuffer in) {
    long number = number(in);
    return number == 0 ? null : Duration.of(number - 1, ChronoUnit.MICROS);
  }

  private static void cost(@Nullable Cost cost, ByteSink out) {
    out.text(cost == null ? null : cost.currency().getCurrencyCode());
    if (cost != null) {
      amount(cost.input(), out);
      amount(cost.output(), out);
      amount(cost.cache(), out);
      amount(cost.other(), out);
      out.text(cost.priceReference());
    }
  }

  private static @Nullable Cost cost(ByteBuffer in) {
    String currency = text(in);
    return currency == null
        ? null
        : new Cost(
            amount(in), amount(in), amount(in), amount(in), Cost.currencyOf(currency), text(in));
  }

  /** Amounts are not negative and have no negative scale: the event sees to that. */
  private static void amount(BigDecimal amount, ByteSink out) {
    out.number(amount.scale());
    out.bytes(amount.unscaledValue().toByteArray());
  }

  private static BigDecimal amount(ByteBuffer in) {
    long scale = number(in);
    int length = length(number(in), in);
    if (scale < 0 || scale > Cost.SCALE || length == 0 || length > MAX_AMOUNT_BYTES) {
      throw new IllegalArgumentException(
          "an amount of " + length + " bytes with " + scale + " decimals");
    }
    var unscaled = new byte[length];
    in.get(unscaled);
    return new BigDecimal(new BigInteger(unscaled), (int) scale);
  }

  private static String required(ByteBuffer in) {
    return Objects.requireNonNull(text(in), "a text is missing");
  }

  private static @Nullable String text(ByteBuffer in) {
    long length = number(in) - 1;
    if (length < 0) {
      return null;
    }
    int bytes = length(length, in);
    String text =
        new String(in.array(), in.arrayOffset() + in.position(), bytes, StandardCharsets.UTF_8);
    in.position(in.position() + bytes);
    return text;
  }

  private static int length(long stated, ByteBuffer in) {
    if (stated < 0 || stated > in.remaining()) {
      throw new IllegalArgumentException("a length of " + stated);
    }
    return (int) stated;
  }

  private static long number(ByteBuffer in) {
    long value = 0;
    for (int shift = 0; shift < Long.SIZE; shift += 7) {
      byte next = in.get();
      value |= (long) (next & 0x7F) << shift;
      if (next >= 0) {
        return value;
      }
    }
    throw new IllegalArgumentException("a number without end");
  }
}
