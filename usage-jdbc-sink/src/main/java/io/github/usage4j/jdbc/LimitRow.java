package io.github.usage4j.jdbc;

import io.github.usage4j.internal.DecimalBounds;
import io.github.usage4j.limit.LimitKey;
import io.github.usage4j.limit.LimitState;
import io.github.usage4j.limit.LimitStore.Terms;
import java.math.BigDecimal;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.stream.Collectors;

/**
 * A row of {@code usage_limit_state}. Immutable.
 *
 * @param hash of the key
 * @param alerted the highest percentage of which an alert was raised; 0 if none was
 */
record LimitRow(
    UUID hash,
    LimitKey key,
    Terms terms,
    BigDecimal granted,
    BigDecimal used,
    BigDecimal leased,
    int alerted) {

  /** What {@link #read} needs. */
  static final String COLUMNS =
      "state_hash, " + LimitKeys.COLUMNS + ", allowance, alert_at, granted, used, leased, alerted";

  static LimitRow read(ResultSet row, Dialect dialect) throws SQLException {
    return new LimitRow(
        dialect.hash(row, "state_hash"),
        LimitKeys.read(row, dialect),
        new Terms(amount(row, "allowance"), percentages(row.getString("alert_at"))),
        amount(row, "granted"),
        amount(row, "used"),
        amount(row, "leased"),
        row.getInt("alerted"));
  }

  LimitState state() {
    return new LimitState(key, terms.allowance(), terms.alertAt(), granted, used, leased);
  }

  BigDecimal total() {
    return terms.allowance().add(granted);
  }

  boolean has(Terms told) {
    return terms.alertAt().equals(told.alertAt())
        && terms.allowance().compareTo(told.allowance()) == 0;
  }

  LimitRow terms(Terms told) {
    return has(told) ? this : new LimitRow(hash, key, told, granted, used, leased, alerted);
  }

  LimitRow grant(BigDecimal amount) {
    return new LimitRow(hash, key, terms, granted.add(amount), used, leased, alerted);
  }

  LimitRow use(BigDecimal amount) {
    return new LimitRow(hash, key, terms, granted, used.add(amount), leased, alerted);
  }

  LimitRow lease(BigDecimal more) {
    return new LimitRow(hash, key, terms, granted, used, leased.add(more), alerted);
  }

  LimitRow alerted(int threshold) {
    return new LimitRow(hash, key, terms, granted, used, leased, threshold);
  }

  /** In one form, so that equal amounts are equal: as few decimals as possible. */
  static BigDecimal plain(BigDecimal amount) {
    return DecimalBounds.plain(amount);
  }

  static BigDecimal amount(ResultSet row, String column) throws SQLException {
    return plain(Dialect.required(row.getBigDecimal(column), column));
  }

  static String text(List<Integer> percentages) {
    return percentages.stream().map(String::valueOf).collect(Collectors.joining(","));
  }

  private static List<Integer> percentages(String text) {
    return text.isEmpty()
        ? List.of()
        : Arrays.stream(text.split(",", -1)).map(Integer::valueOf).toList();
  }
}
