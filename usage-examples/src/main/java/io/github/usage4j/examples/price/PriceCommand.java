package io.github.usage4j.examples.price;

import io.github.usage4j.Cost;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.examples.support.BadInputException;
import io.github.usage4j.pricing.CostExplanation;
import io.github.usage4j.pricing.PriceCatalog;
import java.io.PrintStream;
import java.util.List;
import java.util.Optional;

/** Prices the calls in a file by a catalog and compares with what they should cost. */
public final class PriceCommand {

  private static final int EQUAL = 0;
  private static final int DIFFERENT = 1;
  private static final int BAD_INPUT = 2;

  private PriceCommand() {}

  /**
   * Runs the program.
   *
   * @param out gets a line for each case
   * @param err gets what is wrong with the input, explanations, what differs beside the cost, and
   *     how many cases are equal, different and without a price
   * @return 0 if all are equal, 1 if one is not, 2 if something given cannot be used
   */
  public static int run(String[] args, PrintStream out, PrintStream err) {
    try {
      PriceOptions options = PriceOptions.parse(args);
      return compare(new CaseFile(options.cases()).read(), options, out, err);
    } catch (BadInputException e) {
      err.println(e.getMessage());
      return BAD_INPUT;
    }
  }

  private static int compare(
      List<PriceCase> cases, PriceOptions options, PrintStream out, PrintStream err) {
    PriceCatalog prices = options.prices();
    int different = 0;
    int unpriced = 0;
    out.println("case,cost,expected,equal");
    for (PriceCase c : cases) {
      UsageEvent event = c.event();
      Optional<Cost> cost = prices.costOf(event, List.of());
      boolean equal = c.expected().isMetBy(cost.orElse(null));
      out.println(
          String.join(
              ",",
              CsvReader.cell(c.name()),
              cost.map(priced -> Expected.plain(priced.total())).orElse(Expected.UNPRICED),
              c.expected().toString(),
              String.valueOf(equal)));
      different += equal ? 0 : 1;
      unpriced += cost.isEmpty() ? 1 : 0;
      Optional<CostExplanation> why = prices.explain(event);
      c.differences(prices.find(event).orElse(null), cost.orElse(null), why.orElse(null))
          .forEach(difference -> err.println("case " + c.name() + ": " + difference));
      if (options.explain()) {
        err.println("case " + c.name() + ": " + why.map(Object::toString).orElse("unpriced"));
      }
    }
    err.printf(
        "%d cases, %d different, %d equal; %d unpriced%n",
        cases.size(), different, cases.size() - different, unpriced);
    return different == 0 ? EQUAL : DIFFERENT;
  }
}
