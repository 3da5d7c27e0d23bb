package io.github.usage4j.examples.price;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.examples.support.BadInputException;
import io.github.usage4j.pricing.CostExplanation;
import io.github.usage4j.pricing.PriceCatalog;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Prices the calls in a file by the bundled catalog and compares with what they should cost. */
public final class PriceCommand {

  private static final int EQUAL = 0;
  private static final int DIFFERENT = 1;
  private static final int BAD_INPUT = 2;
  private static final String NO_PRICE = "unpriced";
  private static final String USAGE =
      """
      usage: price FILE [--explain]
        FILE       cases, comma-separated values: case, provider, model_id, at_utc, input_tokens,
                   output_tokens, expected_cost; perhaps cached_input_tokens, cache_write_tokens,
                   cache_write_1h_tokens, reasoning_tokens, total_tokens, currency,
                   row_effective_from, tier_applied; other columns are passed over
        --explain  prints the arithmetic of every cost on the error stream\
      """;

  private PriceCommand() {}

  /**
   * Runs the program.
   *
   * @param out gets a line for each case
   * @param err gets what is wrong with the input, explanations, and what differs beside the cost
   * @return 0 if all are equal, 1 if one is not, 2 if something given cannot be used
   */
  public static int run(String[] args, PrintStream out, PrintStream err) {
    try {
      boolean explain = false;
      String file = null;
      for (String arg : args) {
        if (arg.equals("--explain")) {
          explain = true;
        } else if (arg.startsWith("-") || file != null) {
          throw new BadInputException("unexpected argument: " + arg + "\n" + USAGE);
        } else {
          file = arg;
        }
      }
      if (file == null) {
        throw new BadInputException("FILE is missing\n" + USAGE);
      }
      return compare(new CaseFile(path(file)).read(), explain, out, err);
    } catch (BadInputException e) {
      err.println(e.getMessage());
      return BAD_INPUT;
    }
  }

  private static Path path(String file) throws BadInputException {
    try {
      return Path.of(file);
    } catch (InvalidPathException e) {
      throw new BadInputException(file + ": not a path: " + e.getReason());
    }
  }

  private static int compare(
      List<PriceCase> cases, boolean explain, PrintStream out, PrintStream err) {
    PriceCatalog prices = PriceCatalog.bundled();
    int different = 0;
    out.println("case,cost,expected,equal");
    for (PriceCase c : cases) {
      UsageEvent event = c.event();
      Optional<CostExplanation> why = prices.explain(event);
      boolean equal = c.isEqual(why.map(CostExplanation::toCost).orElse(null));
      out.println(
          String.join(
              ",",
              CaseFile.cell(c.name()),
              why.map(w -> plain(w.toCost().total())).orElse(NO_PRICE),
              c.expected() == null ? NO_PRICE : plain(c.expected()),
              String.valueOf(equal)));
      different += equal ? 0 : 1;
      c.differences(prices.find(event).orElse(null), why.orElse(null))
          .forEach(difference -> err.println("case " + c.name() + ": " + difference));
      if (explain) {
        err.println("case " + c.name() + ": " + why.map(Object::toString).orElse(NO_PRICE));
      }
    }
    err.printf("%d cases, %d different%n", cases.size(), different);
    return different == 0 ? EQUAL : DIFFERENT;
  }

  private static String plain(BigDecimal amount) {
    BigDecimal stripped = amount.stripTrailingZeros();
    return stripped.toPlainString();
  }
}
