package io.github.usage4j.pricing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
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
  private static final int MOST_NOTES = 3;

  private final Current current;
  private final Duration maxAge;
  private final InstantSource clock;
  private final Consumer<String> warnings;
  private final AtomicBoolean warned = new AtomicBoolean();

  /** What is in force; shared by catalogs of one file that differ in settings. */
  private static final class Current {
    private final PriceOrigin origin;
    private final Format format;
    private volatile InForce inForce;

    /** The content that was read last, and the one that is in force. */
    private @Nullable PriceSource lastRead;

    private @Nullable PriceSource last;

    /** A file that is read now. */
    private Current(PriceOrigin origin, Format format) {
      this.origin = origin;
      this.format = format;
      inForce = new InForce(load(null), 0, Status.good(Instant.now()));
      accepted();
    }

    /** Prices that are there already, and come from another file later. */
    private Current(PriceOrigin origin, Current before) {
      this.origin = origin;
      format = before.format;
      inForce = before.inForce;
    }

    /** What was read is in force. */
    void accepted() {
      last = lastRead;
      origin.accepted();
    }

    /** What the file holds; what is in force if that is known to be the same. */
    Contents load(@Nullable Contents before) {
      String file = origin.where();
      try {
        PriceOrigin.Read read = origin.read();
        if (read == null) {
          return Objects.requireNonNull(before, "a file is read whole at first");
        }
        var known = new PriceSource(read.name(), version(read.content()), read.modified());
        if (before != null && known.equals(last)) {
          return before;
        }
        Contents contents = format.read(JsonAt.parse(file, read.content()), known);
        if (contents.index().models().stream().allMatch(model -> model.prices().isEmpty())) {
          throw new IllegalArgumentException(file + ": there is no price in it");
        }
        List<String> notes = contents.notes();
        notes.stream().limit(MOST_NOTES).forEach(note -> LOG.warn("{}: {}", file, note));
        if (notes.size() > MOST_NOTES) {
          LOG.warn("{}: and {} models more", file, notes.size() - MOST_NOTES);
        }
        lastRead = known;
        return contents;
      } catch (NoSuchFileException e) {
        throw new IllegalArgumentException(file + ": there is no such file", e);
      } catch (IOException | UncheckedIOException e) {
        throw new IllegalArgumentException(file + ": cannot be read: " + e, e);
      }
    }
  }

  /**
   * What applies, and how it went.
   *
   * @param kept models that are not in the file any more
   */
  private record InForce(Contents contents, int kept, Status status) {}

  /** How it went so far. */
  private record Status(
      Instant lastSuccess, @Nullable Instant lastFailure, @Nullable String problem, long failures) {

    static Status good(Instant at) {
      return new Status(at, null, null, 0);
    }

    Status success(Instant at) {
      return new Status(at, lastFailure, null, failures);
    }

    Status failure(Instant at, String why) {
      return new Status(lastSuccess, at, why, failures + 1);
    }
  }

  /**
   * What a file holds.
   *
   * @param notes what could not be read, which leaves models without a price
   */
  record Contents(PriceSource source, PriceIndex index, List<String> notes) {
    Contents(PriceSource source, PriceIndex index) {
      this(source, index, List.of());
    }
  }

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

  private static final class Bundled {
    static final LoadedPrices PRICES =
        open(PriceOrigin.resource(BUNDLED, "the bundled prices", "bundled"), CatalogJson::read);
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
    return open(PriceOrigin.of(file), format);
  }

  static LoadedPrices open(URI address, Format format) {
    return open(new PriceDownload(address, PriceDownload.TIMEOUT), format);
  }

  static LoadedPrices open(PriceOrigin origin, Format format) {
    return new LoadedPrices(
        new Current(origin, format),
        Duration.ofDays(MAX_AGE_DAYS),
        InstantSource.system(),
        LOG::warn);
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
   * The same prices for now, which are read from another place from then on: so a service starts
   * with prices it has, and does not depend on a server that may be down.
   *
   * @param address of a file in the same format, beginning with {@code https://} or {@code http://}
   * @throws IllegalArgumentException if it does not
   * @since 0.1.0
   */
  public LoadedPrices from(URI address) {
    return from(new PriceDownload(address, PriceDownload.TIMEOUT));
  }

  LoadedPrices from(PriceOrigin origin) {
    return new LoadedPrices(new Current(origin, current), maxAge, clock, warnings);
  }

  /**
   * The same prices, read again at an interval on a thread of their own, by the {@link
   * PriceChecks#USUAL} checks.
   *
   * @param interval at least a second
   * @throws IllegalArgumentException if it is less
   * @since 0.1.0
   */
  public RefreshedPrices refreshEvery(Duration interval) {
    return refreshEvery(interval, PriceChecks.USUAL);
  }

  /**
   * The same by other checks.
   *
   * @since 0.1.0
   */
  public RefreshedPrices refreshEvery(Duration interval, PriceChecks checks) {
    return new RefreshedPrices(this, Objects.requireNonNull(checks, "checks"), interval);
  }

  /**
   * Reads the file again and takes whatever it says. If it is broken, the prices stay as they are
   * and a warning says why.
   *
   * @return true if what the file says is in force
   */
  public boolean reload() {
    return reload(PriceChecks.NONE);
  }

  /**
   * Reads the file again. If it is broken or does not pass the checks, the prices stay as they are
   * and a warning says why, once for each reason. Waits for the file; calls that look up prices do
   * not wait meanwhile.
   *
   * @return true if what the file says is in force
   * @since 0.1.0
   */
  public boolean reload(PriceChecks checks) {
    synchronized (current) {
      InForce before = current.inForce;
      try {
        Contents next = current.load(before.contents());
        Status status = before.status().success(clock.instant());
        if (next.equals(before.contents())) {
          current.inForce = new InForce(next, before.kept(), status);
          return true;
        }
        Map<String, ListedModel> vanished = checked(checks, before.contents(), next);
        current.inForce = new InForce(with(next, vanished.values()), vanished.size(), status);
        current.accepted();
        warned.set(false);
        return true;
      } catch (RuntimeException e) {
        refused(before, e);
        return false;
      }
    }
  }

  private Map<String, ListedModel> checked(PriceChecks checks, Contents inForce, Contents next) {
    try {
      Map<String, ListedModel> vanished =
          checks.check(inForce.index(), next.index(), clock.instant());
      return checks.equals(PriceChecks.NONE) ? Map.of() : vanished;
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          current.origin.where() + ": " + e.getMessage() + "; if that is right, call reload()", e);
    }
  }

  private static Contents with(Contents next, Collection<ListedModel> kept) {
    if (kept.isEmpty()) {
      return next;
    }
    var models = new ArrayList<>(next.index().models());
    models.addAll(kept);
    return new Contents(
        next.source(), new PriceIndex(models, next.index().fallbacks()), next.notes());
  }

  private void refused(InForce before, RuntimeException why) {
    String problem = String.valueOf(why.getMessage());
    boolean said = problem.equals(before.status().problem());
    current.inForce =
        new InForce(
            before.contents(), before.kept(), before.status().failure(clock.instant(), problem));
    if (!said) {
      warnings.accept("prices stay as of " + asOf() + ", " + version() + ": " + problem);
    }
  }

  /**
   * How the prices are: of when, and how reading them went.
   *
   * @since 0.1.0
   */
  public PriceHealth health() {
    InForce now = current.inForce;
    PriceSource source = now.contents().source();
    Instant begun = source.asOf().atStartOfDay(ZoneOffset.UTC).toInstant();
    return new PriceHealth(
        current.origin.where(),
        source.version(),
        source.asOf(),
        Duration.between(begun, clock.instant()),
        now.contents().index().models().size(),
        now.kept(),
        now.status().lastSuccess(),
        now.status().lastFailure(),
        now.status().problem(),
        now.status().failures());
  }

  /** By what the prices in force are known in the references of costs. */
  public String version() {
    return contents().source().version();
  }

  /** The day as of which the prices in force are: the file's own date, else its last change. */
  public LocalDate asOf() {
    return contents().source().asOf();
  }

  /** How many models there are prices or capabilities of. */
  public int size() {
    return index().models().size();
  }

  private Contents contents() {
    return current.inForce.contents();
  }

  PriceIndex index() {
    return contents().index();
  }

  @Override
  public Optional<ModelPrice> find(String provider, String model, Instant at) {
    Contents contents = contents();
    warnIfOld(contents, at);
    return contents.index().find(provider, model, at);
  }

  @Override
  public Optional<ModelCapabilities> capabilities(String provider, String model) {
    return index().capabilities(provider, model);
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
          current.origin.where()
              + ": prices are as of "
              + asOf()
              + ", more than "
              + maxAge.toDays()
              + " days ago; costs may be out of date");
    }
  }
}
