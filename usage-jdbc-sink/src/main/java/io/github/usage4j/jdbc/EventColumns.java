package io.github.usage4j.jdbc;

import io.github.usage4j.Cost;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.internal.DecimalBounds;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** How an event becomes a row; {@link EventMapper} is the way back. */
final class EventColumns {

  private EventColumns() {}

  /** All columns in the order in which they are written. */
  static List<Column> writtenAt(Instant now) {
    var columns = new ArrayList<>(OF_EVENT);
    TokenColumn.all().forEach(column -> columns.add(tokens(column.column, column::of)));
    var recordedAt = OffsetDateTime.ofInstant(now.truncatedTo(ChronoUnit.MICROS), ZoneOffset.UTC);
    columns.add(new Column("recorded_at", Column.Type.TIMESTAMP, event -> recordedAt));
    return List.copyOf(columns);
  }

  static String names(List<Column> columns) {
    return columns.stream().map(Column::name).collect(Collectors.joining(", "));
  }

  private static final List<Column> OF_EVENT =
      List.of(
          new Column("id", Column.Type.UUID, UsageEvent::id),
          text("operation_id", UsageEvent::operationId),
          text("parent_operation_id", UsageEvent::parentOperationId),
          integer("step", UsageEvent::step),
          integer("attempts", UsageEvent::attempts),
          flag("opens_operation", UsageEvent::opensOperation),
          text("kind", event -> event.kind().name()),
          flag("streaming", UsageEvent::streaming),
          new Column(
              "occurred_at",
              Column.Type.TIMESTAMP,
              event -> event.occurredAt().atOffset(ZoneOffset.UTC)),
          new Column("utc_day", Column.Type.DATE, UsageEvent::utcDay),
          bigint("duration_us", event -> micros(event.duration())),
          bigint(
              "time_to_first_token_us",
              event -> event.timeToFirstToken() == null ? null : micros(event.timeToFirstToken())),
          text("provider", UsageEvent::provider),
          text("request_model", UsageEvent::requestModel),
          text("response_model", UsageEvent::responseModel),
          text("model", UsageEvent::model),
          text("response_id", UsageEvent::responseId),
          text("service_tier", UsageEvent::serviceTier),
          text("credential_id", UsageEvent::credentialId),
          text("outcome", event -> event.outcome().name()),
          text("error_type", UsageEvent::errorType),
          text("error_message", UsageEvent::errorMessage),
          text("finish_reason", UsageEvent::finishReason),
          integer("tool_calls", UsageEvent::toolCalls),
          tokens("total_tokens", TokenCounts::total),
          text("stated_tokens", event -> Json.ofTokens(event.statedTokens())),
          text("quality", event -> event.quality().name()),
          text("source", event -> event.source() == null ? null : event.source().name()),
          text("units", event -> Json.of(event.units())),
          text("conditions", event -> Json.of(event.conditions())),
          text("organization", event -> event.attribution().organization()),
          text("user_id", event -> event.attribution().user()),
          text("customer_id", event -> event.attribution().customer()),
          text("session_id", event -> event.attribution().session()),
          text("category", event -> event.attribution().category()),
          flag("impersonated", event -> event.attribution().impersonated()),
          text("tags", event -> Json.of(event.attribution().tags())),
          cost("cost_input", UsageEvent::cost, Cost::input),
          cost("cost_output", UsageEvent::cost, Cost::output),
          cost("cost_cache", UsageEvent::cost, Cost::cache),
          cost("cost_other", UsageEvent::cost, Cost::other),
          cost("cost_total", UsageEvent::cost, Cost::total),
          text("currency", event -> currency(event.cost())),
          text(
              "price_reference",
              event -> event.cost() == null ? null : event.cost().priceReference()),
          cost("stated_cost", UsageEvent::statedCost, Cost::total),
          text("stated_currency", event -> currency(event.statedCost())),
          text("stated_cost_detail", event -> Json.ofCostParts(event.statedCost())),
          text("metadata", UsageEvent::metadata),
          text("instance", UsageEvent::instance));

  private static final DecimalBounds STORABLE = new DecimalBounds(38 - Cost.SCALE, Cost.SCALE);

  private static Column text(String name, Function<UsageEvent, @Nullable String> value) {
    return new Column(name, Column.Type.TEXT, value::apply);
  }

  private static Column integer(String name, Function<UsageEvent, Integer> value) {
    return new Column(name, Column.Type.INTEGER, value::apply);
  }

  private static Column bigint(String name, Function<UsageEvent, @Nullable Long> value) {
    return new Column(name, Column.Type.BIGINT, value::apply);
  }

  private static Column flag(String name, Function<UsageEvent, Boolean> value) {
    return new Column(name, Column.Type.BOOLEAN, value::apply);
  }

  private static Column tokens(String name, Function<TokenCounts, @Nullable Long> count) {
    return new Column(name, Column.Type.BIGINT, event -> count.apply(event.tokens()));
  }

  private static Column cost(
      String name, Function<UsageEvent, @Nullable Cost> which, Function<Cost, BigDecimal> part) {
    return new Column(
        name,
        Column.Type.DECIMAL,
        event -> {
          Cost cost = which.apply(event);
          return cost == null ? null : storable(name, part.apply(cost));
        });
  }

  private static @Nullable String currency(@Nullable Cost cost) {
    return cost == null ? null : cost.currency().getCurrencyCode();
  }

  private static BigDecimal storable(String name, BigDecimal amount) {
    if (STORABLE.exact(amount) == null) {
      throw new UnstorableException(
          name
              + " must have at most "
              + STORABLE.integerDigits()
              + " digits before the point, but was "
              + amount.toPlainString());
    }
    return amount;
  }

  static long micros(Duration duration) {
    try {
      return Math.addExact(
          Math.multiplyExact(duration.getSeconds(), 1_000_000L), duration.getNano() / 1_000);
    } catch (ArithmeticException e) {
      throw new UnstorableException("a duration must fit into microseconds, but was " + duration);
    }
  }

  /** A value that no column holds; the batch is rejected, not tried again. */
  static final class UnstorableException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    UnstorableException(String message) {
      super(message);
    }
  }
}
