package io.github.usage4j.jdbc;

import io.github.usage4j.Attribution;
import io.github.usage4j.Cost;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.internal.DecimalBounds;
import java.math.BigDecimal;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** How a row becomes an event again; {@link EventColumns} is the way there. */
final class EventMapper {

  /** Columns that are joined in from the label table. */
  static final String USER_LABEL = "user_label";

  static final String CUSTOMER_LABEL = "customer_label";

  private EventMapper() {}

  /**
   * The event of the current row, which must have {@link #USER_LABEL} and {@link #CUSTOMER_LABEL}.
   *
   * @throws IllegalArgumentException if the row breaks a rule of {@link UsageEvent}
   */
  static UsageEvent read(ResultSet row, Dialect dialect) throws SQLException {
    UUID id = Dialect.required(row.getObject("id", UUID.class), "id");
    try {
      return event(id, row, dialect);
    } catch (RuntimeException e) {
      // Beside broken rules also NULL in a column that belongs to a part of the event.
      throw new IllegalArgumentException(
          "the stored event " + id + " cannot be read: " + e.getMessage(), e);
    }
  }

  private static UsageEvent event(UUID id, ResultSet row, Dialect dialect) throws SQLException {
    Long timeToFirstToken = count(row, "time_to_first_token_us");
    String source = row.getString("source");
    return new UsageEvent(
        id,
        UsageEvent.Kind.valueOf(text(row, "kind")),
        row.getBoolean("streaming"),
        text(row, "provider"),
        text(row, "request_model"),
        row.getString("response_model"),
        row.getString("response_id"),
        row.getString("service_tier"),
        row.getString("credential_id"),
        dialect.instant(row, "occurred_at"),
        duration(row.getLong("duration_us")),
        timeToFirstToken == null ? null : duration(timeToFirstToken),
        text(row, "operation_id"),
        row.getString("parent_operation_id"),
        row.getInt("step"),
        row.getInt("attempts"),
        row.getBoolean("opens_operation"),
        attribution(row),
        TokenColumn.read(tokens -> count(row, tokens.column)),
        Json.tokens(row.getString("stated_tokens")),
        UsageEvent.Quality.valueOf(text(row, "quality")),
        source == null ? null : UsageEvent.Source.valueOf(source),
        Json.amounts(row.getString("units")),
        Json.texts(row.getString("conditions")),
        cost(row),
        statedCost(row),
        UsageEvent.Outcome.valueOf(text(row, "outcome")),
        row.getString("error_type"),
        row.getString("error_message"),
        row.getString("finish_reason"),
        row.getInt("tool_calls"),
        row.getString("metadata"),
        row.getString("instance"));
  }

  private static Attribution attribution(ResultSet row) throws SQLException {
    return new Attribution(
        row.getString("organization"),
        row.getString("user_id"),
        row.getString(USER_LABEL),
        row.getString("customer_id"),
        row.getString(CUSTOMER_LABEL),
        row.getString("session_id"),
        row.getString("category"),
        row.getBoolean("impersonated"),
        Json.texts(row.getString("tags")));
  }

  private static @Nullable Cost cost(ResultSet row) throws SQLException {
    String currency = row.getString("currency");
    return currency == null
        ? null
        : new Cost(
            amount(row, "cost_input"),
            amount(row, "cost_output"),
            amount(row, "cost_cache"),
            amount(row, "cost_other"),
            Cost.currencyOf(currency),
            row.getString("price_reference"));
  }

  private static @Nullable Cost statedCost(ResultSet row) throws SQLException {
    String currency = row.getString("stated_currency");
    if (currency == null) {
      return null;
    }
    Map<String, String> parts = Json.texts(row.getString("stated_cost_detail"));
    if (parts.isEmpty()) {
      return Cost.total(amount(row, "stated_cost"), currency);
    }
    return new Cost(
        part(parts, "input"),
        part(parts, "output"),
        part(parts, "cache"),
        part(parts, "other"),
        Cost.currencyOf(currency),
        parts.get("priceReference"));
  }

  private static BigDecimal part(Map<String, String> parts, String name) {
    return DecimalBounds.ANY.require(name, Dialect.required(parts.get(name), name));
  }

  private static BigDecimal amount(ResultSet row, String column) throws SQLException {
    return Dialect.required(row.getBigDecimal(column), column);
  }

  private static String text(ResultSet row, String column) throws SQLException {
    return Dialect.required(row.getString(column), column);
  }

  private static @Nullable Long count(ResultSet row, String column) throws SQLException {
    long value = row.getLong(column);
    return row.wasNull() ? null : Long.valueOf(value);
  }

  private static Duration duration(long micros) {
    return Duration.of(micros, ChronoUnit.MICROS);
  }
}
