package io.github.usage4j.pricing;

import io.github.usage4j.internal.Durations;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/**
 * A catalog whose file is read again and again on a thread of its own, so that no call waits for
 * it. A list that cannot be read, or looks wrong by its {@link PriceChecks}, is refused: the prices
 * in force stay, the log says so once, and {@link #health} says so until it is mended. Safe for use
 * by several threads. Close it at the end; it is a catalog still, and its prices stay as they are.
 *
 * <pre>{@code
 * RefreshedPrices prices = PriceCatalog.genaiPrices(URI.create("https://prices.example.com/data.json"))
 *     .refreshEvery(Duration.ofHours(6));
 * UsageTracker tracker = UsageTracker.builder(store).prices(prices.orElse(PriceCatalog.bundled())).build();
 * }</pre>
 *
 * @since 0.1.0
 */
public final class RefreshedPrices implements PriceCatalog, AutoCloseable {

  private static final Duration SHORTEST = Duration.ofSeconds(1);

  private final LoadedPrices prices;
  private final PriceChecks checks;
  private final ScheduledExecutorService thread;

  RefreshedPrices(LoadedPrices prices, PriceChecks checks, Duration interval) {
    if (interval.compareTo(SHORTEST) < 0) {
      throw new IllegalArgumentException(
          "the interval must be at least " + SHORTEST + ", but was " + interval);
    }
    this.prices = prices;
    this.checks = checks;
    thread =
        Executors.newSingleThreadScheduledExecutor(
            work -> {
              var worker = new Thread(work, "usage4j-prices");
              worker.setDaemon(true);
              return worker;
            });
    long wait = Durations.toNanos(interval);
    ScheduledFuture<?> unused =
        thread.scheduleWithFixedDelay(this::refresh, wait, wait, TimeUnit.NANOSECONDS);
  }

  /**
   * Reads the file now, on this thread.
   *
   * @return true if it is in force
   */
  public boolean refresh() {
    return prices.reload(checks);
  }

  /** How the prices are. */
  public PriceHealth health() {
    return prices.health();
  }

  @Override
  public Optional<ModelPrice> find(String provider, String model, Instant at) {
    return prices.find(provider, model, at);
  }

  @Override
  public Optional<ModelCapabilities> capabilities(String provider, String model) {
    return prices.capabilities(provider, model);
  }

  /** Ends the thread without waiting for it; more than once is harmless. */
  @Override
  public void close() {
    thread.shutdownNow();
  }
}
