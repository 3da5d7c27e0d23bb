package io.github.usage4j.examples.price;

import io.github.usage4j.examples.support.BadInputException;
import io.github.usage4j.pricing.PriceCatalog;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What the user asked for on the command line.
 *
 * @param cases the file of cases
 * @param prices the catalog that they are priced by
 * @param explain whether the arithmetic is printed
 */
record PriceOptions(Path cases, PriceCatalog prices, boolean explain) {

  static final String USAGE =
      """
      usage: price FILE [--catalog FILE [--format FORMAT]] [--explain]
        FILE       cases, comma-separated values: provider, model, at, input, output and
                   expected_usd ("0.5", "unpriced", "0.5 or unpriced"); perhaps case, cache_read,
                   cache_write, cache_write_one_hour, reasoning, input_audio, output_audio,
                   cache_read_audio, total, service_tier, conditions ("speed=fast;inference_geo=us"),
                   units ("web_searches=2"), expected_cost and currency for other currencies,
                   row_effective_from, tier_applied, note; another column is refused
        --catalog  prices by this file in place of the bundled catalog
        --format   of that file: usage4j (which is the default), genai-prices, litellm, models.dev
        --explain  prints the arithmetic of every cost on the error stream\
      """;

  private static final Map<String, Function<Path, PriceCatalog>> FORMATS = formats();

  private static Map<String, Function<Path, PriceCatalog>> formats() {
    var formats = new LinkedHashMap<String, Function<Path, PriceCatalog>>();
    formats.put("usage4j", PriceCatalog::file);
    formats.put("genai-prices", PriceCatalog::genaiPrices);
    formats.put("litellm", PriceCatalog::liteLlm);
    formats.put("models.dev", PriceCatalog::modelsDev);
    return formats;
  }

  /**
   * Reads the command line, and the catalog.
   *
   * @throws BadInputException if it is not as {@link #USAGE} says, or the catalog cannot be used
   */
  static PriceOptions parse(String[] args) throws BadInputException {
    Path cases = null;
    Path catalog = null;
    String format = null;
    boolean explain = false;
    for (int i = 0; i < args.length; i++) {
      switch (args[i]) {
        case "--explain" -> explain = true;
        case "--catalog" -> catalog = path(value(args, i++));
        case "--format" -> format = value(args, i++);
        default -> {
          if (args[i].startsWith("-") || cases != null) {
            throw bad("unexpected argument: " + args[i]);
          }
          cases = path(args[i]);
        }
      }
    }
    if (cases == null) {
      throw bad("FILE is missing");
    }
    return new PriceOptions(cases, prices(catalog, format), explain);
  }

  private static PriceCatalog prices(@Nullable Path catalog, @Nullable String format)
      throws BadInputException {
    if (format != null && !FORMATS.containsKey(format)) {
      throw bad("--format must be one of " + FORMATS.keySet() + ", but is '" + format + "'");
    }
    if (catalog == null) {
      if (format != null) {
        throw bad("--format needs --catalog");
      }
      return PriceCatalog.bundled();
    }
    try {
      String read = format == null ? "usage4j" : format;
      return Objects.requireNonNull(FORMATS.get(read), read).apply(catalog);
    } catch (IllegalArgumentException e) {
      throw new BadInputException(String.valueOf(e.getMessage())); // names the file
    }
  }

  private static String value(String[] args, int option) throws BadInputException {
    if (option + 1 == args.length) {
      throw bad(args[option] + " needs a value");
    }
    return args[option + 1];
  }

  private static Path path(String file) throws BadInputException {
    try {
      return Path.of(file);
    } catch (InvalidPathException e) {
      throw new BadInputException(file + ": not a path: " + e.getReason());
    }
  }

  private static BadInputException bad(String what) {
    return new BadInputException(what + "\n" + USAGE);
  }
}
