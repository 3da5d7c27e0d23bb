package io.github.usage4j.pricing;

import io.github.usage4j.TokenCounts;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The recorded price facts, read and reckoned with as their own description says and in no other
 * way: nothing here uses the library's catalog, matching or arithmetic.
 */
final class PriceFacts {

  private static final BigDecimal MILLION = new BigDecimal(1_000_000);

  private final List<Map<String, String>> rows;

  PriceFacts() {
    rows = PriceTable.rows(PriceTable.shared("prices.csv"));
  }

  List<Map<String, String>> rows() {
    return rows;
  }

  /** The row that applies; null if none does. */
  Map<String, String> find(String provider, String model, Instant at) {
    String id = null;
    Map<String, String> best = null;
    for (Map<String, String> row : rows) {
      if (!row.get("provider").equals(provider)) {
        continue;
      }
      if (id == null && matches(row.get("match"), model)) {
        id = row.get("model_id");
      }
      if (row.get("model_id").equals(id) && applies(row, at) && beats(row, best)) {
        best = row;
      }
    }
    return best;
  }

  private static boolean matches(String match, String model) {
    for (String clause : match.split(Pattern.quote(" | "))) {
      if (clauseMatches(clause, model)) {
        return true;
      }
    }
    return false;
  }

  private static boolean clauseMatches(String clause, String model) {
    if (clause.startsWith("re:")) {
      return Pattern.compile(clause.substring(3), Pattern.CASE_INSENSITIVE).matcher(model).find();
    }
    String value = clause.substring(1).toLowerCase(Locale.ENGLISH);
    String name = model.toLowerCase(Locale.ENGLISH);
    return switch (clause.charAt(0)) {
      case '=' -> name.equals(value);
      case '^' -> name.startsWith(value);
      case '~' -> name.contains(value);
      case '$' -> name.endsWith(value);
      default -> throw new IllegalArgumentException(clause);
    };
  }

  private static boolean applies(Map<String, String> row, Instant at) {
    if (!row.get("effective_from").isEmpty() && at.isBefore(from(row))) {
      return false;
    }
    if (row.get("daily_from_utc").isEmpty()) {
      return true;
    }
    LocalTime time = LocalTime.ofInstant(at, ZoneOffset.UTC);
    return !time.isBefore(time(row, "daily_from_utc")) && time.isBefore(time(row, "daily_to_utc"));
  }

  private static boolean beats(Map<String, String> row, Map<String, String> best) {
    if (best == null) {
      return true;
    }
    int later = row.get("effective_from").compareTo(best.get("effective_from"));
    return later > 0 || (later == 0 && !row.get("daily_from_utc").isEmpty());
  }

  static Instant from(Map<String, String> row) {
    return LocalDate.parse(row.get("effective_from")).atStartOfDay(ZoneOffset.UTC).toInstant();
  }

  static LocalTime time(Map<String, String> row, String column) {
    return LocalTime.parse(row.get(column).replace("Z", ""));
  }

  /** A name that a clause is for. */
  static String nameFor(String clause) {
    if (!clause.startsWith("re:")) {
      return clause.substring(1);
    }
    return clause
        .substring(3)
        .replace("^", "")
        .replace("$", "")
        .replace("\\d{4}-\\d{2}-\\d{2}", "2026-07-01")
        .replace("\\d{8}", "20260701")
        .replace("\\d", "7")
        .replace("\\", "");
  }

  /** The formula of the facts' description; null if a price that is needed is not there. */
  static BigDecimal cost(Map<String, String> row, TokenCounts tokens) {
    String threshold = row.get("tier_threshold_tokens");
    String tier = !threshold.isEmpty() && tokens.input() > Long.parseLong(threshold) ? "tier_" : "";
    BigDecimal input = price(row, tier + "input_per_mtok", null);
    BigDecimal output = price(row, tier + "output_per_mtok", null);
    BigDecimal read = price(row, tier + "cache_read_per_mtok", input);
    BigDecimal write = price(row, tier + "cache_write_per_mtok", input);
    boolean writesApart = !row.get(tier + "cache_write_per_mtok").isEmpty();
    BigDecimal oneHour = price(row, tier + "cache_write_1h_per_mtok", writesApart ? null : write);
    if (output == null && tokens.output() > 0
        || oneHour == null && tokens.cacheWriteOneHour() > 0) {
      return null;
    }
    BigDecimal plain =
        number(tokens.input() - tokens.cacheRead() - tokens.cacheWrite()).multiply(input);
    return plain
        .add(number(tokens.cacheRead()).multiply(read))
        .add(number(tokens.cacheWrite() - tokens.cacheWriteOneHour()).multiply(write))
        .add(number(tokens.cacheWriteOneHour()).multiply(oneHour == null ? write : oneHour))
        .add(output == null ? BigDecimal.ZERO : number(tokens.output()).multiply(output))
        .divide(MILLION);
  }

  private static BigDecimal number(long count) {
    return BigDecimal.valueOf(count);
  }

  private static BigDecimal price(Map<String, String> row, String column, BigDecimal otherwise) {
    return row.get(column).isEmpty() ? otherwise : new BigDecimal(row.get(column));
  }
}
