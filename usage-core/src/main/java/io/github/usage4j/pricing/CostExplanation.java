package io.github.usage4j.pricing;

import io.github.usage4j.Cost;
import io.github.usage4j.internal.DecimalBounds;
import java.math.BigDecimal;
import java.util.Currency;
import java.util.List;
import java.util.Locale;

/**
 * How a cost comes about: the products that it is the sum of. Immutable.
 *
 * @param priceReference which price was applied: catalog, version, row and tier
 * @param currency of all amounts
 * @param lines one for each kind of token or unit that was used and is priced by itself
 */
public record CostExplanation(String priceReference, Currency currency, List<Line> lines) {

  /** Which part of a {@link Cost} a line belongs to. */
  public enum Part {
    /** Input tokens that were neither read from nor written to a cache. */
    INPUT,
    /** Output tokens. */
    OUTPUT,
    /** Cache reads and writes. */
    CACHE,
    /** What is charged apart from tokens. */
    OTHER
  }

  /**
   * One product: {@code quantity * price / per}.
   *
   * @param part where it is summed
   * @param what was counted, such as {@code cache read} or {@code searches}
   * @param quantity how many
   * @param price of so many as {@code per} says
   * @param per {@value #MILLION} for tokens, mostly 1 for all else
   * @param amount what these cost, exact; of units with more decimals than a cost has, rounded half
   *     to even in its last
   */
  public record Line(
      Part part, String what, BigDecimal quantity, BigDecimal price, int per, BigDecimal amount) {

    /** Prices of tokens are for so many. */
    public static final int MILLION = 1_000_000;

    private String toString(Currency currency) {
      return String.format(
          Locale.ROOT,
          "%-20s %15s x %s %s%s = %s",
          what,
          quantity(quantity),
          price.toPlainString(),
          currency,
          per == MILLION ? " / 1M" : per == 1 ? "" : " / " + per,
          DecimalBounds.plain(amount).toPlainString());
    }

    private static String quantity(BigDecimal quantity) {
      BigDecimal plain = DecimalBounds.plain(quantity);
      return plain.scale() > 0
          ? plain.toPlainString()
          : String.format(Locale.ROOT, "%,d", plain.unscaledValue());
    }
  }

  /** Copies the lines. */
  public CostExplanation {
    lines = List.copyOf(lines);
  }

  /** The sum of all lines, exact. */
  public BigDecimal total() {
    return lines.stream().map(Line::amount).reduce(BigDecimal.ZERO, BigDecimal::add);
  }

  /** The cost that these lines add up to, part by part. */
  public Cost toCost() {
    var sums = new CostParts();
    lines.forEach(line -> sums.add(line.part(), line.amount()));
    return sums.toCost(currency, priceReference);
  }

  /** One line for each product, then the sum and which price it was. */
  @Override
  public String toString() {
    var text = new StringBuilder();
    for (Line line : lines) {
      text.append(line.toString(currency)).append(System.lineSeparator());
    }
    return text.append("total ")
        .append(toCost().total().toPlainString())
        .append(' ')
        .append(currency)
        .append(" (")
        .append(priceReference)
        .append(')')
        .toString();
  }
}
