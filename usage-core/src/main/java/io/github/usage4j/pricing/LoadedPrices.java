package io.github.usage4j.pricing;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.HexFormat;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A catalog that was read from a file and can be read again while it is in use. Prices change, so
 * one that is older than {@value #MAX_AGE_DAYS} days says so once in the log. Safe for use by
 * several threads: each look-up sees the old prices or the new ones, never some of both.
 */
public final class LoadedPrices implements PriceCatalog {

  /** After how many days a catalog is called old, unless it is told otherwise. */
  public static final int MAX_AGE_DAYS = 90;

  private static final Logger LOG = LoggerFactory.getLogger(LoadedPrices.class);
  private static final String BUNDLED = "/io/github/usage4j/pricing/prices.json";
  private static final int VERSION_DIGITS = 12;

  private final Current current;
  private final Duration maxAge;
  private final InstantSource clock;
  private final Consumer<String> warnings;
  private final AtomicBoolean warned = new AtomicBoolean();

  /** What is in force; shared by catalogs of one file that differ in settings. */
  private static final class Current {
    private final String file;
    private final Loader loader;
    private volatile Contents contents;

    private Current(String file, Loader loader) {
      this.file = file;
      this.loader = loader;
      contents = load();
    }

    Contents load() {
      try {
        Contents contents = loader.load(file);
        if (contents.index().models().stream().allMatch(model -> model.prices().isEmpty())) {
          throw new IllegalArgumentException(file + ": there is no price in it");
        }
        return contents;
      } catch (NoSuchFileException e) {
        throw new IllegalArgumentException(file + ": there is no such file", e);
      } catch (IOException | UncheckedIOException e) {
        throw new IllegalArgumentException(file + ": cannot be read: " + e, e);
      }
    }
  }

  /** What a file holds. */
  record Contents(PriceSource source, PriceIndex index) {}

  /** Reads a format. */
  @FunctionalInterface
  interface Format {
    /**
     * What a file holds.
     *
     * @param file what is known of the file apart from its content
     * @throws IllegalArgumentException naming file, place and value of what is wrong
     */
    Contents read(JsonAt root, PriceSource file);
  }

  @FunctionalInterface
  private interface Loader {
    Contents load(String file) throws IOException;
  }

  private static final class Bundled {
    static final LoadedPrices PRICES =
        new LoadedPrices(
            new Current("the bundled prices", LoadedPrices::readBundled),
            Duration.ofDays(MAX_AGE_DAYS),
            InstantSource.system(),
            LOG::warn);
  }

  private LoadedPrices(
      Current current, Duration maxAge, InstantSource clock, Consumer<String> warnings) {
    this.current = current;
    this.maxAge = maxAge;
    this.clock = clock;
    this.warnings = warnings;
  }

  static LoadedPrices bundled() {
    return Bundled.PRICES;
  }

  static LoadedPrices open(Path file, Format format) {
    return new LoadedPrices(
        new Current(file.toString(), name -> read(file, name, format)),
        Duration.ofDays(MAX_AGE_DAYS),
        InstantSource.system(),
        LOG::warn);
  }

  private static Contents read(Path file, String name, Format format) throws IOException {
    byte[] json = Files.readAllBytes(file);
    LocalDate modified =
        LocalDate.ofInstant(Files.getLastModifiedTime(file).toInstant(), ZoneOffset.UTC);
    Path last = Objects.requireNonNull(file.getFileName(), "file name");
    return format.read(
        JsonAt.parse(name, json), new PriceSource(last.toString(), version(json), modified));
  }

  private static Contents readBundled(String name) throws IOException {
    try (InputStream in = LoadedPrices.class.getResourceAsStream(BUNDLED)) {
      if (in == null) {
        throw new NoSuchFileException(BUNDLED);
      }
      byte[] json = in.readAllBytes();
      return CatalogJson.read(
          JsonAt.parse(name, json), new PriceSource("bundled", version(json), LocalDate.EPOCH));
    }
  }

  /** A catalog without a version of its own is known by its content. */
  private static String version(byte[] content) {
    try {
      byte[] hash = MessageDigest.getInstance("SHA-256").digest(content);
      return HexFormat.of().formatHex(hash).substring(0, VERSION_DIGITS);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }

  /** The same prices, called old after another time. */
  public LoadedPrices maxAge(Duration age) {
    return maxAge(age, clock);
  }

  /**
   * The same prices, called old after this time by this clock.
   *
   * @throws IllegalArgumentException if it is negative
   */
  public LoadedPrices maxAge(Duration age, InstantSource byClock) {
    return maxAge(age, byClock, warnings);
  }

  LoadedPrices maxAge(Duration age, InstantSource byClock, Consumer<String> to) {
    if (age.isNegative()) {
      throw new IllegalArgumentException("maxAge must not be negative, but was " + age);
    }
    return new LoadedPrices(current, age, Objects.requireNonNull(byClock, "clock"), to);
  }

  /**
   * Reads the file again. If it is broken, the prices stay as they are and a warning says why.
   *
   * @return true if the new prices are in force
   */
  public boolean reload() {
    synchronized (current) {
      try {
        current.contents = current.load();
        warned.set(false);
        return true;
      } catch (IllegalArgumentException e) {
        warnings.accept("prices stay as of " + asOf() + ", " + version() + ": " + e.getMessage());
        return false;
      }
    }
  }

  /** By what the prices in force are known in the references of costs. */
  public String version() {
    return current.contents.source().version();
  }

  /** The day as of which the prices in force are: the file's own date, else its last change. */
  public LocalDate asOf() {
    return current.contents.source().asOf();
  }

  /** How many models there are prices or capabilities of. */
  public int size() {
    return current.contents.index().models().size();
  }

  PriceIndex index() {
    return current.contents.index();
  }

  @Override
  public Optional<ModelPrice> find(String provider, String model, Instant at) {
    Contents contents = current.contents;
    warnIfOld(contents, at);
    return contents.index().find(provider, model, at);
  }

  @Override
  public Optional<ModelCapabilities> capabilities(String provider, String model) {
    return current.contents.index().capabilities(provider, model);
  }

  /** The clock is only asked where the call itself is later than the catalog is good for. */
  private void warnIfOld(Contents contents, Instant at) {
    long oldFrom =
        contents.source().asOf().toEpochDay() * Duration.ofDays(1).toSeconds() + maxAge.toSeconds();
    if (at.getEpochSecond() >= oldFrom
        && !warned.get()
        && clock.instant().getEpochSecond() >= oldFrom
        && warned.compareAndSet(false, true)) {
      warnings.accept(
          current.file
              + ": prices are as of "
              + asOf()
              + ", more than "
              + maxAge.toDays()
              + " days ago; costs may be out of date");
    }
  }
}
