package io.github.usage4j.benchmarks;

import io.github.usage4j.Cost;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.pricing.LoadedPrices;
import io.github.usage4j.pricing.ModelPrice;
import io.github.usage4j.pricing.PriceCatalog;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** What finding a price costs, what multiplying costs, and how long 5 000 models take to load. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@State(Scope.Benchmark)
@Fork(2)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class PriceLookupBenchmark {

  private static final Instant AT = Instant.parse("2026-08-20T12:00:00Z");
  private static final TokenCounts TOKENS =
      TokenCounts.of(12_000, 800).cacheRead(9_000).cacheWrite(2_000);

  private Path file;
  private Path bundled;
  private LoadedPrices many;
  private PriceCatalog chained;
  private ModelPrice price;

  @Setup
  public void open() throws IOException {
    file = Files.createTempFile("prices", ".json");
    Files.writeString(
        file,
        IntStream.range(0, 5_000)
            .mapToObj(PriceLookupBenchmark::model)
            .collect(Collectors.joining(",\n", "{", "}")));
    bundled = Files.createTempFile("bundled", ".json");
    try (InputStream in = LoadedPrices.class.getResourceAsStream("prices.json")) {
      Files.copy(Objects.requireNonNull(in), bundled, StandardCopyOption.REPLACE_EXISTING);
    }
    many = PriceCatalog.liteLlm(file);
    chained = PriceCatalog.of().orElse(many).orElse(PriceCatalog.bundled());
    price = PriceCatalog.bundled().find("anthropic", "claude-sonnet-4-5", AT).orElseThrow();
  }

  private static String model(int i) {
    return """
        "acme-%d": {"litellm_provider": "openai", "mode": "chat", "max_input_tokens": 200000,
         "input_cost_per_token": 1.5e-06, "output_cost_per_token": 6e-06,
         "cache_read_input_token_cost": 1.5e-07, "supports_function_calling": true}
        """
        .formatted(i);
  }

  @TearDown
  public void delete() throws IOException {
    Files.delete(file);
    Files.delete(bundled);
  }

  /** The last of 5 000 models. */
  @Benchmark
  public Optional<ModelPrice> findAmongFiveThousand() {
    return many.find("openai", "acme-4999", AT);
  }

  /** A model that patterns match, in the last of three catalogs. */
  @Benchmark
  public Optional<ModelPrice> findByPatternInTheLastCatalog() {
    return chained.find("aws.bedrock", "us.anthropic.claude-opus-4-1-20250805-v1:0", AT);
  }

  /** A model that no catalog knows. */
  @Benchmark
  public Optional<ModelPrice> findNothing() {
    return chained.find("openai", "no-such-model", AT);
  }

  /** The arithmetic, with caches. */
  @Benchmark
  public Cost multiply() {
    return price.costOf(TOKENS);
  }

  /** Reading 5 000 models. */
  @Benchmark
  @OutputTimeUnit(TimeUnit.MILLISECONDS)
  public LoadedPrices load() {
    return PriceCatalog.liteLlm(file);
  }

  /** Reading the whole bundled catalog, as the first tracker of a process does. */
  @Benchmark
  @OutputTimeUnit(TimeUnit.MILLISECONDS)
  public LoadedPrices loadBundled() {
    return PriceCatalog.file(bundled);
  }
}
