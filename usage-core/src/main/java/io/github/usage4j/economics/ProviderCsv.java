package io.github.usage4j.economics;

import io.github.usage4j.Cost;
import io.github.usage4j.internal.DecimalBounds;
import java.io.BufferedReader;
import java.io.IOException;
import java.math.BigDecimal;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * How a provider's usage export is to be read: which column of a CSV file, by its name in the first
 * line, says what. Immutable; each method returns a changed copy. Values are taken strictly: whole
 * numbers of tokens, decimal amounts, and days as {@code 2026-11-21}, as an instant with its zone,
 * or in seconds since 1970.
 */
public final class ProviderCsv {

  /** Days with seconds, not with a year: ten digits reach from 2001 to 2286. */
  private static final String SECONDS = "[0-9]{10}";

  private static final int MAX_SHOWN = 60;

  private static final String WHOLE = "[0-9]{1,18}";
  private static final String AMOUNT = "-?[0-9]{1,20}(\\.[0-9]{1,30})?([eE]-?[0-9]{1,2})?";

  private final String day;
  private final String model;
  private final List<String> input;
  private final List<String> output;
  private final @Nullable String cost;
  private final @Nullable String currency;
  private final @Nullable String currencyColumn;

  /**
   * One line of the file.
   *
   * @param line its number, from 1
   * @param cost null if the file states none
   */
  record Row(
      long line, LocalDate day, String model, long input, long output, @Nullable BigDecimal cost) {}

  private ProviderCsv(
      String day,
      String model,
      List<String> input,
      List<String> output,
      @Nullable String cost,
      @Nullable String currency,
      @Nullable String currencyColumn) {
    this.day = day;
    this.model = model;
    this.input = List.copyOf(input);
    this.output = List.copyOf(output);
    this.cost = cost;
    this.currency = currency;
    this.currencyColumn = currencyColumn;
  }

  /**
   * A file with these columns.
   *
   * @param day the column that says the UTC day, or any instant of it
   * @param model the column that says the model
   */
  public static ProviderCsv columns(String day, String model) {
    return new ProviderCsv(day, model, List.of(), List.of(), null, null, null);
  }

  /**
   * The columns that together are all input tokens, cached ones included: some providers state them
   * apart. An empty value counts 0.
   */
  public ProviderCsv input(String... columns) {
    return new ProviderCsv(day, model, List.of(columns), output, cost, currency, currencyColumn);
  }

  /** The columns that together are all output tokens, reasoning included. */
  public ProviderCsv output(String... columns) {
    return new ProviderCsv(day, model, input, List.of(columns), cost, currency, currencyColumn);
  }

  /**
   * The column that says what it cost.
   *
   * @param isoCode the currency of all its amounts
   * @throws IllegalArgumentException if the currency is unknown
   */
  public ProviderCsv cost(String column, String isoCode) {
    Cost.currencyOf(isoCode);
    return new ProviderCsv(day, model, input, output, column, isoCode, currencyColumn);
  }

  /**
   * The column that says in which currency the cost of each line is, for files that have one. A
   * line in another one than that of {@link #cost} is refused, because they cannot be added.
   */
  public ProviderCsv currencyColumn(String column) {
    return new ProviderCsv(day, model, input, output, cost, currency, column);
  }

  /** The ISO 4217 code of the costs; null if the file has none. */
  @Nullable String currency() {
    return currency;
  }

  /** Whether the file says anything of these. */
  boolean statesInput() {
    return !input.isEmpty();
  }

  boolean statesOutput() {
    return !output.isEmpty();
  }

  /**
   * Reads a file to its end, one record at a time.
   *
   * @throws IllegalArgumentException naming the line, the column and the value, if anything in it
   *     cannot be right
   */
  void read(BufferedReader file, Consumer<Row> rows) throws IOException {
    var csv = new CsvReader(file);
    List<String> names = csv.read();
    if (names == null) {
      throw new IllegalArgumentException("the file is empty; its first line must name the columns");
    }
    names = names.stream().map(String::strip).toList();
    int dayAt = place(names, day);
    int modelAt = place(names, model);
    List<Integer> inputAt = places(names, input);
    List<Integer> outputAt = places(names, output);
    int costAt = cost == null ? -1 : place(names, cost);
    int currencyAt = costAt < 0 || currencyColumn == null ? -1 : place(names, currencyColumn);
    for (List<String> row = csv.read(); row != null; row = csv.read()) {
      long line = csv.line();
      if (row.size() != names.size()) {
        throw new IllegalArgumentException(
            "line " + line + ": there must be " + names.size() + " values, but are " + row.size());
      }
      String name = row.get(modelAt).strip();
      if (name.isEmpty()) {
        throw bad(line, model, "must name a model", "");
      }
      if (currencyAt >= 0) {
        requireCurrency(line, row.get(currencyAt).strip());
      }
      rows.accept(
          new Row(
              line,
              dayOf(line, row.get(dayAt).strip()),
              name,
              tokens(line, names, row, inputAt),
              tokens(line, names, row, outputAt),
              costAt < 0 ? null : amount(line, row.get(costAt).strip())));
    }
  }

  private static List<Integer> places(List<String> names, List<String> columns) {
    var places = new ArrayList<Integer>();
    columns.forEach(column -> places.add(place(names, column)));
    return places;
  }

  private static int place(List<String> names, String column) {
    int place = names.indexOf(column);
    if (place < 0 || names.lastIndexOf(column) != place) {
      throw new IllegalArgumentException(
          "line 1: there must be one column '" + column + "', but the columns are " + names);
    }
    return place;
  }

  private LocalDate dayOf(long line, String value) {
    try {
      if (value.matches(SECONDS)) {
        return LocalDate.ofInstant(Instant.ofEpochSecond(Long.parseLong(value)), ZoneOffset.UTC);
      }
      return value.length() == "2026-11-21".length()
          ? LocalDate.parse(value)
          : LocalDate.ofInstant(OffsetDateTime.parse(value).toInstant(), ZoneOffset.UTC);
    } catch (DateTimeException e) {
      throw bad(line, day, "must be a day, an instant with its zone, or seconds", value);
    }
  }

  private static long tokens(long line, List<String> names, List<String> row, List<Integer> at) {
    long sum = 0;
    for (int place : at) {
      String value = row.get(place).strip();
      if (!value.isEmpty() && !value.matches(WHOLE)) {
        throw bad(line, names.get(place), "must be a whole number of tokens, not negative", value);
      }
      try {
        sum = Math.addExact(sum, value.isEmpty() ? 0 : Long.parseLong(value));
      } catch (ArithmeticException e) {
        throw bad(line, names.get(place), "is too much together with what else is counted", value);
      }
    }
    return sum;
  }

  private void requireCurrency(long line, String value) {
    if (!value.equalsIgnoreCase(currency)) {
      throw bad(
          line,
          currencyColumn,
          "must be " + currency + ", as costs of several are not added",
          value);
    }
  }

  private BigDecimal amount(long line, String value) {
    BigDecimal amount = value.matches(AMOUNT) ? DecimalBounds.ANY.exact(value) : null;
    if (amount == null) {
      throw bad(line, cost, "must be a decimal amount", value);
    }
    return amount;
  }

  private static IllegalArgumentException bad(
      long line, @Nullable String column, String rule, String value) {
    String shown = value.length() > MAX_SHOWN ? value.substring(0, MAX_SHOWN) + "…" : value;
    return new IllegalArgumentException(
        "line " + line + ": " + column + " " + rule + ", but was '" + shown + "'");
  }
}
