package io.github.usage4j.examples.price;

import static io.github.usage4j.examples.price.CaseColumn.AT;
import static io.github.usage4j.examples.price.CaseColumn.CASE;
import static io.github.usage4j.examples.price.CaseColumn.CONDITIONS;
import static io.github.usage4j.examples.price.CaseColumn.CURRENCY;
import static io.github.usage4j.examples.price.CaseColumn.EXPECTED;
import static io.github.usage4j.examples.price.CaseColumn.MODEL;
import static io.github.usage4j.examples.price.CaseColumn.PROVIDER;
import static io.github.usage4j.examples.price.CaseColumn.ROW_FROM;
import static io.github.usage4j.examples.price.CaseColumn.SERVICE_TIER;
import static io.github.usage4j.examples.price.CaseColumn.TIER_APPLIED;
import static io.github.usage4j.examples.price.CaseColumn.TOTAL;
import static io.github.usage4j.examples.price.CaseColumn.UNITS;

import io.github.usage4j.Cost;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.examples.support.BadInputException;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A file of cases: comma-separated values with a header. */
final class CaseFile {

  private static final Pattern WHOLE_NUMBER = Pattern.compile("-?[0-9]+");
  private static final Pattern DECIMAL =
      Pattern.compile("\\+?([0-9]{1,99}\\.?[0-9]{0,99}|\\.[0-9]{1,99})([eE][+-]?[0-9]{1,3})?");
  private static final String OR_UNPRICED = " or " + Expected.UNPRICED;

  /** What {@code expected_usd} says of the currency. */
  private static final String IN_DOLLARS = "expected_usd";

  private final Path path;

  CaseFile(Path path) {
    this.path = path;
  }

  /**
   * All cases.
   *
   * @throws BadInputException naming file, line and reason, if anything cannot be used
   */
  List<PriceCase> read() throws BadInputException {
    var cases = new ArrayList<PriceCase>();
    try (var reader = new CsvReader(path)) {
      List<String> first = reader.next();
      if (first == null) {
        throw reader.bad(
            "the file is empty; a header is required: " + CaseColumn.titles(CaseColumn.REQUIRED));
      }
      var header = new Header(reader, first);
      for (List<String> cells = reader.next(); cells != null; cells = reader.next()) {
        cases.add(new Row(reader, header, cells).priceCase());
      }
    }
    if (cases.isEmpty()) {
      throw new BadInputException(path + ": there are no cases");
    }
    return cases;
  }

  /** Where each column is, and what it is called in this file. */
  private static final class Header {
    private final List<String> names;
    private final Map<CaseColumn, Integer> places = new EnumMap<>(CaseColumn.class);

    Header(CsvReader reader, List<String> cells) throws BadInputException {
      names = cells.stream().map(String::strip).toList();
      for (int i = 0; i < names.size(); i++) {
        String name = names.get(i);
        CaseColumn column = CaseColumn.named(name).orElse(null);
        if (column == null) {
          throw reader.bad(
              "unknown column '"
                  + name
                  + "'; there are "
                  + CaseColumn.titles(List.of(CaseColumn.values())));
        }
        Integer before = places.put(column, i);
        if (before != null) {
          throw reader.bad("the header has a column twice: " + names.get(before) + " and " + name);
        }
      }
      for (CaseColumn column : CaseColumn.REQUIRED) {
        if (!places.containsKey(column)) {
          throw reader.bad(
              "the header has no column " + column.title + ": " + String.join(",", names));
        }
      }
    }

    /** For messages, and for what a name says. */
    String name(CaseColumn column) {
      Integer place = places.get(column);
      return place == null ? column.title : names.get(place);
    }
  }

  /** One line, cell by name. */
  private static final class Row {
    private final CsvReader reader;
    private final Header header;
    private final List<String> cells;

    Row(CsvReader reader, Header header, List<String> cells) throws BadInputException {
      this.reader = reader;
      this.header = header;
      this.cells = cells;
      if (cells.size() != header.names.size()) {
        throw reader.bad(
            "expected " + header.names.size() + " columns, but there are " + cells.size());
      }
    }

    PriceCase priceCase() throws BadInputException {
      String name = get(CASE);
      String tier = get(SERVICE_TIER);
      var c =
          new PriceCase(
              name.isEmpty() ? "line " + reader.line() : name,
              required(PROVIDER),
              required(MODEL),
              instant(required(AT)),
              tokens(),
              tier.isEmpty() ? null : tier,
              named(CONDITIONS),
              units(),
              expected(),
              day(get(ROW_FROM)),
              tierApplied(get(TIER_APPLIED)));
      try {
        c.event(); // the rules of events hold for cases, too
      } catch (IllegalArgumentException | ArithmeticException e) {
        throw reader.bad("cannot be recorded: " + e.getMessage());
      }
      return c;
    }

    private TokenCounts tokens() throws BadInputException {
      var tokens =
          new TokenCounts(
              count(CaseColumn.INPUT),
              count(CaseColumn.OUTPUT),
              count(CaseColumn.CACHE_READ),
              count(CaseColumn.CACHE_WRITE),
              count(CaseColumn.CACHE_WRITE_ONE_HOUR),
              count(CaseColumn.REASONING),
              count(CaseColumn.INPUT_AUDIO),
              count(CaseColumn.OUTPUT_AUDIO),
              count(CaseColumn.CACHE_READ_AUDIO));
      if (!tokens.consistent().equals(tokens)) {
        throw reader.bad(
            "tokens contradict each other: cache reads and writes are part of input, one-hour"
                + " writes of cache writes, reasoning of output, audio of input or output, and its"
                + " cached part of cache reads; but they are "
                + tokens);
      }
      Long total = count(TOTAL);
      if (total != null && !total.equals(tokens.total())) {
        throw reader.bad(
            header.name(TOTAL)
                + " must be input and output, "
                + tokens.total()
                + ", but is "
                + total);
      }
      return tokens;
    }

    private Expected expected() throws BadInputException {
      String text = get(EXPECTED);
      boolean orUnpriced = text.endsWith(OR_UNPRICED);
      String amount =
          orUnpriced ? text.substring(0, text.length() - OR_UNPRICED.length()).strip() : text;
      String currency = currency();
      if (!orUnpriced && (amount.isEmpty() || amount.equals(Expected.UNPRICED))) {
        return new Expected(null, false, currency);
      }
      if (!DECIMAL.matcher(amount).matches()) {
        throw reader.bad(
            header.name(EXPECTED)
                + " must be a decimal number, '"
                + Expected.UNPRICED
                + "', or a number and '"
                + OR_UNPRICED.strip()
                + "', but is '"
                + text
                + "'");
      }
      return new Expected(new BigDecimal(amount), orUnpriced, currency);
    }

    private @Nullable String currency() throws BadInputException {
      String text = get(CURRENCY);
      boolean dollars = header.name(EXPECTED).equals(IN_DOLLARS);
      if (text.isEmpty()) {
        return dollars ? "USD" : null;
      }
      try {
        String code = Cost.currencyOf(text).getCurrencyCode();
        if (dollars && !code.equals("USD")) {
          throw reader.bad(IN_DOLLARS + " is in USD, but currency is " + code);
        }
        return code;
      } catch (IllegalArgumentException e) {
        throw reader.bad(e.getMessage());
      }
    }

    private Map<String, BigDecimal> units() throws BadInputException {
      var units = new LinkedHashMap<String, BigDecimal>();
      for (Map.Entry<String, String> unit : named(UNITS).entrySet()) {
        if (!DECIMAL.matcher(unit.getValue()).matches()) {
          throw reader.bad(
              "units of "
                  + unit.getKey()
                  + " must be a decimal number, but are '"
                  + unit.getValue()
                  + "'");
        }
        units.put(unit.getKey(), new BigDecimal(unit.getValue()));
      }
      return units;
    }

    /** Values by name, such as {@code speed=fast;inference_geo=us}. */
    private Map<String, String> named(CaseColumn column) throws BadInputException {
      var values = new LinkedHashMap<String, String>();
      String text = get(column);
      if (text.isEmpty()) {
        return values;
      }
      for (String pair : text.split(";", -1)) {
        int equals = pair.indexOf('=');
        String name = equals < 0 ? "" : pair.substring(0, equals).strip();
        if (name.isEmpty()) {
          throw reader.bad(
              header.name(column)
                  + " must be name=value, with a semicolon between two, but is '"
                  + text
                  + "'");
        }
        if (values.put(name, pair.substring(equals + 1).strip()) != null) {
          throw reader.bad(header.name(column) + " has " + name + " twice: '" + text + "'");
        }
      }
      return values;
    }

    private Instant instant(String text) throws BadInputException {
      try {
        if (text.endsWith("Z")) { // offsets and a small z can be parsed, too
          return Instant.parse(text);
        }
      } catch (DateTimeException e) {
        // refused below
      }
      throw reader.bad(header.name(AT) + " must be ISO-8601 with Z, but is '" + text + "'");
    }

    private @Nullable LocalDate day(String text) throws BadInputException {
      try {
        return text.isEmpty() ? null : LocalDate.parse(text);
      } catch (DateTimeException e) {
        throw reader.bad(
            "row_effective_from must be a day such as 2026-07-30, but is '" + text + "'");
      }
    }

    private @Nullable Boolean tierApplied(String text) throws BadInputException {
      return switch (text) {
        case "" -> null;
        case "true", "True", "TRUE" -> true;
        case "false", "False", "FALSE" -> false;
        default -> throw reader.bad("tier_applied must be true or false, but is '" + text + "'");
      };
    }

    /** Empty where there is no such column. */
    private String get(CaseColumn column) {
      Integer place = header.places.get(column);
      return place == null ? "" : cells.get(place).strip();
    }

    private String required(CaseColumn column) throws BadInputException {
      String cell = get(column);
      if (cell.isEmpty()) {
        throw reader.bad(header.name(column) + " is blank");
      }
      return cell;
    }

    /** Null where nothing is said. */
    private @Nullable Long count(CaseColumn column) throws BadInputException {
      String text = get(column);
      if (text.isEmpty()) {
        return null;
      }
      long count;
      try {
        if (!WHOLE_NUMBER.matcher(text).matches()) { // a plus or other scripts can be parsed, too
          throw new NumberFormatException(text);
        }
        count = Long.parseLong(text);
      } catch (NumberFormatException e) {
        throw reader.bad(header.name(column) + " must be a whole number, but is '" + text + "'");
      }
      if (count < 0 || count > UsageEvent.MAX_TOKENS) {
        throw reader.bad(
            header.name(column)
                + " must be between 0 and "
                + UsageEvent.MAX_TOKENS
                + ", but is "
                + count);
      }
      return count;
    }
  }
}
