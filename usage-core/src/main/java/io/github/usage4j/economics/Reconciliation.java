package io.github.usage4j.economics;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.usage4j.BillingPeriod;
import io.github.usage4j.UsageException;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.UsageQueries;
import io.github.usage4j.UsageQueries.Dimension;
import io.github.usage4j.UsageSummary;
import java.io.BufferedReader;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Compares what a provider says was used with what was recorded: for each UTC day and model, tokens
 * and cost. Immutable; each method returns a changed copy.
 */
public final class Reconciliation {

  /** The most different pairs of day and model that a file may have. */
  public static final int MAX_ROWS = 1_000_000;

  private static final Comparator<Key> BY_DAY =
      Comparator.comparing(Key::day).thenComparing(Key::model);

  private final ProviderCsv columns;
  private final UnaryOperator<String> names;
  private final long tolerableTokens;
  private final BigDecimal tolerableCost;

  private record Key(LocalDate day, String model) {}

  /** Where a day and model was found. */
  public enum Found {
    /** In the file and in the store. */
    BOTH,
    /** In the file only: calls past the library, or by other names. */
    THERE_ONLY,
    /** In the store only. */
    HERE_ONLY
  }

  /**
   * What one side says of a day and model.
   *
   * @param input tokens, 0 if unknown
   * @param output tokens, 0 if unknown
   * @param cost null if that side states none
   */
  public record Side(long input, long output, @Nullable BigDecimal cost) {
    private static final Side NOTHING = new Side(0, 0, null);

    private Side plus(Side more) {
      return new Side(
          Math.addExact(input, more.input),
          Math.addExact(output, more.output),
          cost == null ? more.cost : more.cost == null ? cost : cost.add(more.cost));
    }
  }

  /**
   * One day and model.
   *
   * @param there what the provider says
   * @param here what was recorded
   * @param unpriced how many recorded calls have no price: their cost is missing on this side
   * @param within true if nothing that both state differs by more than the tolerance
   */
  public record Row(
      LocalDate day,
      String model,
      Found found,
      Side there,
      Side here,
      long unpriced,
      boolean within) {

    /** Input tokens recorded beyond those stated; negative if some are missing. */
    public long inputDifference() {
      return here.input() - there.input();
    }

    /** Output tokens recorded beyond those stated; negative if some are missing. */
    public long outputDifference() {
      return here.output() - there.output();
    }

    /** Cost computed beyond what is stated; null if one side states none. */
    public @Nullable BigDecimal costDifference() {
      BigDecimal stated = there.cost();
      BigDecimal computed = here.cost();
      return stated == null || computed == null ? null : computed.subtract(stated);
    }
  }

  /**
   * The comparison.
   *
   * @param currency of all costs; null if the file states none. Costs in others are not compared
   * @param tolerableTokens by how many tokens input or output may differ
   * @param tolerableCost by how much the cost may
   * @param lines how many lines the file has below its first
   * @param outside how many of them are of days outside the period, and not compared
   * @param rows every day and model of both, by day, then by model
   */
  public record Report(
      @Nullable String currency,
      long tolerableTokens,
      BigDecimal tolerableCost,
      long lines,
      long outside,
      List<Row> rows) {
    /** Copies the rows. */
    public Report {
      rows = List.copyOf(rows);
    }

    /** Those that are on one side only, or differ by more than the tolerance. */
    public List<Row> differences() {
      return rows.stream().filter(row -> !row.within()).toList();
    }
  }

  private Reconciliation(
      ProviderCsv columns,
      UnaryOperator<String> names,
      long tolerableTokens,
      BigDecimal tolerableCost) {
    this.columns = Objects.requireNonNull(columns, "columns");
    this.names = Objects.requireNonNull(names, "names");
    this.tolerableTokens = tolerableTokens;
    this.tolerableCost = tolerableCost;
  }

  /** With files that have these columns; nothing may differ. */
  public static Reconciliation of(ProviderCsv columns) {
    return new Reconciliation(columns, UnaryOperator.identity(), 0, BigDecimal.ZERO);
  }

  /** What a model of the file is called in the events. Default: the same. */
  public Reconciliation modelNames(UnaryOperator<String> toOurs) {
    return new Reconciliation(columns, toOurs, tolerableTokens, tolerableCost);
  }

  /**
   * How much may differ on one day and model. Default: nothing.
   *
   * @param tokens of input, and of output
   * @param cost in the currency of the file
   * @throws IllegalArgumentException if one is negative
   */
  public Reconciliation tolerance(long tokens, BigDecimal cost) {
    if (tokens < 0 || cost.signum() < 0) {
      throw new IllegalArgumentException(
          "the tolerance must not be negative, but was " + tokens + " tokens and " + cost);
    }
    return new Reconciliation(columns, names, tokens, cost);
  }

  /**
   * Compares a file, which is read once, a record at a time.
   *
   * @param who which calls the file is about: most likely those of one provider
   * @param when whole UTC days
   * @throws IllegalArgumentException if the period does not begin and end at midnight UTC, or
   *     anything in the file cannot be right, naming its line
   * @throws UsageException if the file cannot be read or the store cannot answer
   */
  public Report compare(Path file, UsageQueries queries, UsageFilter who, BillingPeriod when) {
    try (BufferedReader reader = Files.newBufferedReader(file, UTF_8)) {
      return compare(reader, queries, who, when);
    } catch (IOException e) {
      throw new UsageException("cannot read " + file + ": " + e.getMessage(), e);
    }
  }

  /**
   * The same from anything that is read as text; it is not closed.
   *
   * @throws IOException if it cannot be read
   */
  public Report compare(
      BufferedReader file, UsageQueries queries, UsageFilter who, BillingPeriod when)
      throws IOException {
    Days days = Days.of(when);
    var there = new HashMap<Key, Side>();
    var counted = new long[2];
    columns.read(
        file,
        row -> {
          counted[0]++;
          if (!days.contain(row.day())) {
            counted[1]++;
            return;
          }
          String model = Objects.requireNonNull(names.apply(row.model()), "name of the model");
          add(there, new Key(row.day(), model), row);
        });
    Map<Key, UsageSummary> here = new HashMap<>();
    queries
        .by(who, when, Dimension.DAY, Dimension.MODEL)
        .forEach(
            row -> {
              if (row.calls() > 0) { // what was only refused never reached the provider
                here.put(
                    new Key(LocalDate.parse(row.key(Dimension.DAY)), row.key(Dimension.MODEL)),
                    row);
              }
            });
    var keys = new ArrayList<>(there.keySet());
    here.keySet().stream().filter(key -> !there.containsKey(key)).forEach(keys::add);
    keys.sort(BY_DAY);
    List<Row> rows = new ArrayList<>();
    for (Key key : keys) {
      rows.add(row(key, there.get(key), here.get(key)));
    }
    return new Report(
        columns.currency(), tolerableTokens, tolerableCost, counted[0], counted[1], rows);
  }

  private static void add(Map<Key, Side> there, Key key, ProviderCsv.Row row) {
    if (there.size() >= MAX_ROWS && !there.containsKey(key)) {
      throw new IllegalArgumentException(
          "line " + row.line() + ": a file may have at most " + MAX_ROWS + " days and models");
    }
    try {
      there.merge(key, new Side(row.input(), row.output(), row.cost()), Side::plus);
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException(
          "line " + row.line() + ": the tokens of " + key.day() + " must fit into a long", e);
    }
  }

  private Row row(Key key, @Nullable Side stated, @Nullable UsageSummary recorded) {
    Side there = stated == null ? Side.NOTHING : stated;
    Side here = recorded == null ? Side.NOTHING : side(recorded);
    Found found =
        stated == null ? Found.HERE_ONLY : recorded == null ? Found.THERE_ONLY : Found.BOTH;
    boolean within =
        found == Found.BOTH
            && (!columns.statesInput() || isWithin(here.input(), there.input()))
            && (!columns.statesOutput() || isWithin(here.output(), there.output()))
            && isWithin(here.cost(), there.cost());
    return new Row(
        key.day(),
        key.model(),
        found,
        there,
        here,
        recorded == null ? 0 : recorded.unpriced(),
        within);
  }

  private Side side(UsageSummary recorded) {
    Long input = recorded.tokens().input();
    Long output = recorded.tokens().output();
    String currency = columns.currency();
    return new Side(
        input == null ? 0 : input,
        output == null ? 0 : output,
        currency == null ? null : recorded.cost(currency));
  }

  private boolean isWithin(long here, long there) {
    return Math.abs(here - there) <= tolerableTokens;
  }

  private boolean isWithin(@Nullable BigDecimal here, @Nullable BigDecimal there) {
    return here == null
        || there == null
        || here.subtract(there).abs().compareTo(tolerableCost) <= 0;
  }

  /** The days of a period. */
  private record Days(LocalDate first, LocalDate end) {

    static Days of(BillingPeriod when) {
      LocalDate first = LocalDate.ofInstant(when.start(), ZoneOffset.UTC);
      LocalDate end = LocalDate.ofInstant(when.end(), ZoneOffset.UTC);
      if (!BillingPeriod.day(first).start().equals(when.start())
          || !BillingPeriod.day(end).start().equals(when.end())) {
        throw new IllegalArgumentException(
            "the period must begin and end at midnight UTC, because a bill is by the day, but was "
                + when.start()
                + " to "
                + when.end());
      }
      return new Days(first, end);
    }

    boolean contain(LocalDate day) {
      return !day.isBefore(first) && day.isBefore(end);
    }
  }
}
