package io.github.usage4j.pricing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.github.usage4j.TokenCounts;
import java.io.IOException;
import java.io.OutputStream;
import java.math.BigDecimal;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Price lists that change while they are in use, from a real server that misbehaves. */
class RefreshedPricesTest {

  private static final Instant NOW = Instant.parse("2026-11-21T10:00:00Z");

  /** For answers that come. */
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** For those that do not. */
  private static final Duration IMPATIENCE = Duration.ofMillis(500);

  /** What the server does with a request. */
  private interface Answer {
    void to(HttpExchange exchange) throws IOException;
  }

  private final AtomicInteger requests = new AtomicInteger();
  private final List<String> said = new ArrayList<>();
  private final CountDownLatch end = new CountDownLatch(1);
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private volatile Answer answer = json(list(20, "1"));
  private volatile Instant now = NOW;
  private HttpServer server;

  @TempDir private Path folder;

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext(
        "/",
        exchange -> {
          requests.incrementAndGet();
          try (exchange) {
            answer.to(exchange);
          }
        });
    server.start();
  }

  @AfterEach
  void stop() {
    end.countDown();
    server.stop(0);
    threads.shutdownNow();
  }

  private URI address() {
    return URI.create(
        "http://127.0.0.1:" + server.getAddress().getPort() + "/prices.json?key=s3cret");
  }

  private LoadedPrices loaded() {
    return loaded(PATIENCE);
  }

  private LoadedPrices loaded(Duration patience) {
    return LoadedPrices.open(new PriceDownload(address(), patience), GenaiPricesJson::read)
        .maxAge(Duration.ofDays(90), () -> now, said::add);
  }

  private static String list(int models, String input) {
    return IntStream.range(0, models)
        .mapToObj(
            i ->
                """
                {"id": "acme-%s", "match": {"equals": "acme-%s"},
                 "prices": {"input_mtok": %s, "output_mtok": 2, "web_searches_kcount": 10}}
                """
                    .formatted(i, i, input))
        .collect(Collectors.joining(",", "[{\"id\": \"acme\", \"models\": [", "]}]"));
  }

  private static Answer json(String body) {
    return exchange -> {
      byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
      exchange.sendResponseHeaders(200, bytes.length);
      exchange.getResponseBody().write(bytes);
    };
  }

  private static String input(PriceCatalog prices, String model) {
    return prices
        .find("acme", model, NOW)
        .map(price -> price.costOf(TokenCounts.input(1_000_000)).total().toPlainString())
        .orElse("unpriced");
  }

  private void refused(LoadedPrices prices, String why) {
    long before = prices.health().failures();
    int warnings = said.size();
    now = now.plusSeconds(60);
    assertThat(prices.reload(PriceChecks.USUAL)).isFalse();
    assertThat(prices.reload(PriceChecks.USUAL)).isFalse(); // as bad as before: nothing new to say
    assertThat(said).hasSize(warnings + 1);
    assertThat(said.get(warnings)).contains("/prices.json").contains(why).doesNotContain("s3cret");
    PriceHealth health = prices.health();
    assertThat(health.failures()).isEqualTo(before + 2);
    assertThat(health.problem()).contains(why);
    assertThat(health.lastFailure()).isEqualTo(now);
    assertThat(health.lastSuccess()).isBefore(now);
    assertThat(input(prices, "acme-7")).isEqualTo("1");
  }

  @Test
  void refresh_keepsTheLastGoodPrices_whateverTheServerDoes() {
    LoadedPrices prices = loaded();
    assertThat(prices.size()).isEqualTo(20);
    now = now.plusSeconds(60);
    assertThat(prices.reload(PriceChecks.USUAL)).isTrue();
    assertThat(prices.health().lastSuccess()).isEqualTo(now);

    answer = exchange -> exchange.sendResponseHeaders(500, -1);
    refused(prices, "the server answered 500");
    answer = exchange -> exchange.sendResponseHeaders(404, -1);
    refused(prices, "the server answered 404");
    answer = exchange -> exchange.close(); // no answer at all
    refused(prices, "cannot be read");
    answer = json("<html>maintenance</html>");
    refused(prices, "not JSON");
    answer = json("");
    refused(prices, "not JSON");
    answer = json("[]");
    refused(prices, "there is no price in it");
    answer = json(list(20, "1").substring(0, 900));
    refused(prices, "not JSON");
    answer = json(list(20, "\"x\""));
    refused(prices, "must be a decimal number");
    answer = json(list(20, "-1"));
    refused(prices, "must be between 0 and");
    answer = json(list(20, "1e-100000000"));
    refused(prices, "input_mtok");
    answer = json(list(10, "1"));
    refused(prices, "10 of 20 models are gone, more than 10 %");
    answer = json(list(20, "1000"));
    refused(prices, "costs 1000 after 1");
    answer = json(list(20, "0.001"));
    refused(prices, "costs 0.001 after 1");
    answer = json(list(20, "0"));
    refused(prices, "costs 0 after 1");
    answer =
        exchange -> {
          exchange.sendResponseHeaders(200, 5_000);
          exchange.getResponseBody().write('[');
        };
    refused(prices, "cannot be read");
    answer = exchange -> exchange.sendResponseHeaders(200, PriceOrigin.MAX_BYTES + 1L);
    refused(prices, "more than 67108864");

    answer = json(list(20, "3"));
    now = now.plusSeconds(60);
    assertThat(prices.reload(PriceChecks.USUAL)).isTrue();
    assertThat(input(prices, "acme-7")).isEqualTo("3");
    PriceHealth health = prices.health();
    assertThat(health.problem()).isNull();
    assertThat(health.lastSuccess()).isEqualTo(now);
    assertThat(health.failures()).isEqualTo(32);
    assertThat(health.models()).isEqualTo(20);
    assertThat(health.where()).isEqualTo(address().toString().replace("?key=s3cret", ""));
    assertThat(health.version()).hasSize(12);
  }

  @Test
  void refresh_endlessBody_isRefused() {
    LoadedPrices prices = loaded();
    answer =
        exchange -> {
          exchange.sendResponseHeaders(200, 0);
          OutputStream out = exchange.getResponseBody();
          byte[] spaces = " ".repeat(1 << 16).getBytes(StandardCharsets.UTF_8);
          while (end.getCount() > 0) {
            out.write(spaces);
          }
        };
    assertThat(prices.reload(PriceChecks.USUAL)).isFalse();
    assertThat(said.get(0)).containsAnyOf("more than 67108864", "it takes too long");
    assertThat(input(prices, "acme-7")).isEqualTo("1");
  }

  @Test
  @Timeout(120)
  void refresh_slowServer_isGivenUp() {
    LoadedPrices prices = impatient();
    answer = exchange -> awaitEnd(60_000); // of the test: without giving up, it would not end
    assertThat(prices.reload(PriceChecks.USUAL)).isFalse();
    answer =
        exchange -> {
          exchange.sendResponseHeaders(200, 0);
          while (!awaitEnd(20)) {
            exchange.getResponseBody().write(' ');
            exchange.getResponseBody().flush();
          }
        };
    assertThat(prices.reload(PriceChecks.USUAL)).isFalse();
    assertThat(input(prices, "acme-7")).isEqualTo("1");
  }

  /** On a machine that lets the first answer wait for too long, it is asked for again. */
  private LoadedPrices impatient() {
    for (int i = 0; ; i++) {
      try {
        return loaded(IMPATIENCE);
      } catch (IllegalArgumentException e) {
        assertThat(i).as(e.getMessage()).isLessThan(100);
      }
    }
  }

  private boolean awaitEnd(int times10Millis) throws IOException {
    try {
      return end.await(times10Millis * 10L, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }

  @Test
  void refresh_modelThatVanished_keepsItsPrice() {
    LoadedPrices prices = loaded();
    answer = json(list(19, "2"));
    assertThat(prices.reload(PriceChecks.USUAL)).isTrue();
    assertThat(input(prices, "acme-18")).isEqualTo("2");
    assertThat(input(prices, "acme-19")).isEqualTo("1");
    assertThat(prices.health().kept()).isEqualTo(1);
    answer = json(list(19, "3"));
    assertThat(prices.reload(PriceChecks.USUAL)).isTrue();
    assertThat(input(prices, "acme-19")).isEqualTo("1");
    assertThat(prices.reload()).isTrue(); // as the file says
    assertThat(prices.health().kept()).isEqualTo(1); // it did not change since
    answer = json(list(19, "4"));
    assertThat(prices.reload()).isTrue();
    assertThat(input(prices, "acme-19")).isEqualTo("unpriced");
    assertThat(prices.health().kept()).isZero();
  }

  @Test
  void refresh_whatSomebodyLookedAt_isTaken() {
    LoadedPrices prices = loaded();
    answer = json(list(20, "1000"));
    assertThat(prices.reload(PriceChecks.USUAL)).isFalse();
    assertThat(said.get(0)).contains("if that is right, call reload()");
    assertThat(prices.reload(new PriceChecks(10, new BigDecimal("2000")))).isTrue();
    assertThat(input(prices, "acme-7")).isEqualTo("1000");
    answer = json(list(5, "1"));
    assertThat(prices.reload()).isTrue();
    assertThat(prices.size()).isEqualTo(5);
  }

  @Test
  void refresh_unchanged_isNotTransferredAgain_andARefusedOneIs() {
    var conditions = new ArrayList<String>();
    answer =
        exchange -> {
          String known = exchange.getRequestHeaders().getFirst("If-None-Match");
          conditions.add(String.valueOf(known));
          exchange.getResponseHeaders().add("ETag", "\"1\"");
          if ("\"1\"".equals(known)) {
            exchange.sendResponseHeaders(304, -1);
          } else {
            json(list(20, "1")).to(exchange);
          }
        };
    LoadedPrices prices = loaded();
    assertThat(prices.reload(PriceChecks.USUAL)).isTrue();
    answer =
        exchange -> {
          conditions.add(String.valueOf(exchange.getRequestHeaders().getFirst("If-None-Match")));
          exchange.getResponseHeaders().add("ETag", "\"2\"");
          json("broken").to(exchange);
        };
    assertThat(prices.reload(PriceChecks.USUAL)).isFalse();
    assertThat(prices.reload(PriceChecks.USUAL)).isFalse();
    assertThat(conditions).containsExactly("null", "\"1\"", "\"1\"", "\"1\"");
  }

  @Test
  void refresh_redirects_areFollowedWithinReason() {
    Answer list = json(list(20, "1"));
    answer =
        exchange -> {
          if (exchange.getRequestURI().getPath().equals("/moved")) {
            list.to(exchange);
          } else {
            redirect(exchange, "/moved");
          }
        };
    LoadedPrices prices = loaded();
    assertThat(prices.size()).isEqualTo(20);
    assertThat(prices.reload(PriceChecks.USUAL)).isTrue();
    answer = exchange -> redirect(exchange, "/round/and/round");
    refused(prices, "there are more than 3 redirects");
    answer = exchange -> redirect(exchange, "file:///etc/passwd");
    refused(prices, "redirects to");
    answer = exchange -> redirect(exchange, "not an address");
    refused(prices, "redirects to no address");
    answer = exchange -> exchange.sendResponseHeaders(302, -1);
    refused(prices, "redirects");
  }

  private static void redirect(HttpExchange exchange, String to) throws IOException {
    exchange.getResponseHeaders().add("Location", to);
    exchange.sendResponseHeaders(302, -1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"file:///etc/passwd", "ftp://example.com/x", "https:///x", "prices.json"})
  void address_thatIsNoneOfHttp_isRefused(String address) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PriceCatalog.genaiPrices(URI.create(address)))
        .withMessageContaining("must begin with https:// or http://");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PriceCatalog.bundled().from(URI.create(address)));
  }

  @Test
  void from_startsWithWhatIsThere_thoughTheServerIsDown() throws IOException {
    Path file = Files.writeString(folder.resolve("prices.json"), list(20, "1"));
    answer = exchange -> exchange.sendResponseHeaders(503, -1);
    LoadedPrices prices =
        PriceCatalog.genaiPrices(file)
            .maxAge(Duration.ofDays(90), () -> now, said::add)
            .from(address());
    assertThat(requests).hasValue(0);
    assertThat(prices.reload(PriceChecks.USUAL)).isFalse();
    assertThat(input(prices, "acme-7")).isEqualTo("1");
    answer = json(list(20, "2"));
    assertThat(prices.reload(PriceChecks.USUAL)).isTrue();
    assertThat(input(prices, "acme-7")).isEqualTo("2");
    assertThat(PriceCatalog.bundled().from(address()).size())
        .isEqualTo(PriceCatalog.bundled().size());
  }

  @Test
  void refreshEvery_takesNewPrices_andNoCallWaits() throws Exception {
    try (RefreshedPrices prices = loaded().refreshEvery(Duration.ofSeconds(1))) {
      assertThat(input(prices, "acme-7")).isEqualTo("1");
      var asked = new CountDownLatch(1);
      var go = new CountDownLatch(1);
      answer =
          exchange -> {
            asked.countDown();
            awaitLatch(go);
            json(list(20, "2")).to(exchange);
          };
      assertThat(asked.await(60, TimeUnit.SECONDS)).isTrue();
      assertThat(input(prices, "acme-7")).isEqualTo("1"); // while the thread waits for the server
      assertThat(prices.health().models()).isEqualTo(20);
      answer = json(list(20, "2"));
      go.countDown();
      await(() -> input(prices, "acme-7").equals("2"));
      answer = exchange -> exchange.sendResponseHeaders(500, -1);
      await(() -> prices.health().problem() != null);
      answer = json(list(20, "3"));
      await(() -> input(prices, "acme-7").equals("3"));
      assertThat(prices.health().problem()).isNull();
    }
  }

  private static void awaitLatch(CountDownLatch latch) throws IOException {
    try {
      if (!latch.await(60, TimeUnit.SECONDS)) {
        throw new IOException("nobody went on");
      }
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }

  private static void await(BooleanSupplier condition) {
    long end = System.nanoTime() + Duration.ofMinutes(1).toNanos();
    while (!condition.getAsBoolean() && System.nanoTime() < end) {
      LockSupport.parkNanos(20_000_000);
    }
    assertThat(condition.getAsBoolean()).isTrue();
  }

  @Test
  void close_endsTheThread_andThePricesStay() throws Exception {
    RefreshedPrices prices = loaded().refreshEvery(Duration.ofSeconds(1));
    prices.close();
    prices.close();
    assertThat(input(prices, "acme-7")).isEqualTo("1");
    await(
        () ->
            Thread.getAllStackTraces().keySet().stream()
                .noneMatch(thread -> thread.getName().equals("usage4j-prices")));
    assertThat(prices.refresh()).isTrue(); // by hand still
  }

  @Test
  void settings_thatCannotBeMeant_areRefused() {
    LoadedPrices prices = loaded();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> prices.refreshEvery(Duration.ofMillis(999)));
    assertThatIllegalArgumentException().isThrownBy(() -> new PriceChecks(101, null));
    assertThatIllegalArgumentException().isThrownBy(() -> new PriceChecks(-1, null));
    assertThatIllegalArgumentException().isThrownBy(() -> new PriceChecks(1, BigDecimal.ONE));
  }
}
