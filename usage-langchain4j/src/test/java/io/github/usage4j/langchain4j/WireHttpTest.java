package io.github.usage4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import dev.langchain4j.exception.HttpException;
import dev.langchain4j.http.client.HttpClient;
import dev.langchain4j.http.client.HttpClientBuilder;
import dev.langchain4j.http.client.HttpMethod;
import dev.langchain4j.http.client.HttpRequest;
import dev.langchain4j.http.client.SuccessfulHttpResponse;
import dev.langchain4j.http.client.sse.ServerSentEvent;
import dev.langchain4j.http.client.sse.ServerSentEventContext;
import dev.langchain4j.http.client.sse.ServerSentEventListener;
import dev.langchain4j.http.client.sse.ServerSentEventParser;
import io.github.usage4j.TokenCounts;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow.Publisher;
import java.util.concurrent.Flow.Subscriber;
import java.util.concurrent.Flow.Subscription;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** The decoration by itself, around a client that answers what a test says. */
class WireHttpTest {

  private static final String USAGE = "{\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2}}";

  private static final HttpRequest REQUEST =
      HttpRequest.builder().method(HttpMethod.POST).url("http://localhost/v1").build();

  private final Ledger ledger = new Ledger();
  private final WireCapture capture = new WireCapture(Settings.of(ledger.tracker));

  /** What a later version of the interface looks like. */
  public interface Newer extends HttpClient, AutoCloseable {
    CompletableFuture<SuccessfulHttpResponse> executeAsync(HttpRequest request);

    Publisher<Object> stream(HttpRequest request);

    int untouched(int number);

    @Override
    void close();
  }

  private static final class Fake implements Newer {

    final CompletableFuture<SuccessfulHttpResponse> future = new CompletableFuture<>();
    Supplier<SuccessfulHttpResponse> answer = () -> response("application/json", USAGE);
    boolean closed;

    @Override
    public SuccessfulHttpResponse execute(HttpRequest request) {
      return answer.get();
    }

    @Override
    public void execute(
        HttpRequest request, ServerSentEventParser parser, ServerSentEventListener listener) {
      listener.onOpen(response("text/event-stream", null));
      listener.onEvent(new ServerSentEvent(null, USAGE));
      listener.onEvent(
          new ServerSentEvent(null, "plain"),
          new ServerSentEventContext(
              new dev.langchain4j.http.client.sse.DefaultServerSentEventParsingHandle(
                  java.io.InputStream.nullInputStream())));
      listener.onError(new IllegalStateException("late"));
      listener.onClose();
    }

    @Override
    public CompletableFuture<SuccessfulHttpResponse> executeAsync(HttpRequest request) {
      return future;
    }

    @Override
    public Publisher<Object> stream(HttpRequest request) {
      return subscriber -> {
        subscriber.onSubscribe(
            new Subscription() {
              @Override
              public void request(long n) {}

              @Override
              public void cancel() {}
            });
        subscriber.onNext(response("text/event-stream", null));
        subscriber.onNext(new ServerSentEvent(null, USAGE));
        subscriber.onComplete();
      };
    }

    @Override
    public int untouched(int number) {
      return number + 1;
    }

    @Override
    public void close() {
      closed = true;
    }
  }

  /** A builder like those of LangChain4j: it is changed, and returns itself. */
  private static final class FakeBuilder implements HttpClientBuilder {

    final Fake client = new Fake();
    private Duration connect;
    private Duration read;

    @Override
    public Duration connectTimeout() {
      return connect;
    }

    @Override
    public HttpClientBuilder connectTimeout(Duration timeout) {
      connect = timeout;
      return this;
    }

    @Override
    public Duration readTimeout() {
      return read;
    }

    @Override
    public HttpClientBuilder readTimeout(Duration timeout) {
      read = timeout;
      return this;
    }

    @Override
    public HttpClient build() {
      return client;
    }
  }

  private final FakeBuilder builder = new FakeBuilder();
  private final Newer http = (Newer) UsageHttpClient.builder(builder).build();

  private static SuccessfulHttpResponse response(String type, String body) {
    return SuccessfulHttpResponse.builder()
        .statusCode(200)
        .headers(Map.of("Content-Type", List.of(type)))
        .body(body)
        .build();
  }

  private <T> T inCall(Supplier<T> code) {
    return Reentry.handOn(ledger.tracker, this, capture, null, code);
  }

  private TokenCounts tokens() {
    return capture.sum(true, "openai").usage().tokens();
  }

  @Test
  void builder_staysDecoratedThroughItsSetters() {
    HttpClientBuilder decorated = UsageHttpClient.builder(builder);

    HttpClientBuilder set =
        decorated.connectTimeout(Duration.ofSeconds(1)).readTimeout(Duration.ofSeconds(2));

    assertThat(set).isSameAs(decorated).isEqualTo(decorated).isNotEqualTo(builder);
    assertThat(set.connectTimeout()).isEqualTo(Duration.ofSeconds(1));
    assertThat(set.readTimeout()).isEqualTo(Duration.ofSeconds(2));
    assertThat(builder.readTimeout()).isEqualTo(Duration.ofSeconds(2));
    assertThat(UsageHttpClient.builder(set)).isSameAs(set);
    assertThat(UsageHttpClient.builder()).isNotSameAs(UsageHttpClient.builder());
  }

  @Test
  void nullBuilder_isRefused() {
    assertThatThrownBy(() -> UsageHttpClient.builder(null))
        .isInstanceOf(NullPointerException.class)
        .hasMessage("http");
  }

  @Test
  void methodsOfLaterVersions_areHandedOn() {
    assertThat(http.untouched(4)).isEqualTo(5);
    http.close();
    assertThat(builder.client.closed).isTrue();
    assertThat(capture.sum(true, "openai").exchanges()).isZero();
  }

  @Test
  void exceptions_comeThroughAsTheyAre() {
    var refused = new HttpException(503, "busy " + USAGE);
    builder.client.answer =
        () -> {
          throw refused;
        };

    assertThatThrownBy(() -> inCall(() -> http.execute(REQUEST))).isSameAs(refused);
    assertThatThrownBy(() -> http.execute(REQUEST)).isSameAs(refused);

    assertThat(tokens().isUnknown()).isTrue();
    assertThat(capture.sum(true, "openai").exchanges()).isEqualTo(1);
  }

  @Test
  void listener_getsEachCallOnItsOverload_afterItWasRead() {
    var calls = new ArrayList<String>();
    var listener =
        new ServerSentEventListener() {
          @Override
          public void onOpen(SuccessfulHttpResponse response) {
            calls.add("open " + tokens().input());
          }

          @Override
          public void onEvent(ServerSentEvent event) {
            calls.add("event " + tokens().input());
          }

          @Override
          public void onEvent(ServerSentEvent event, ServerSentEventContext context) {
            calls.add("event in context");
          }

          @Override
          public void onError(Throwable error) {
            calls.add(error.getMessage());
          }

          @Override
          public void onClose() {
            calls.add("close");
          }
        };

    inCall(
        () -> {
          http.execute(REQUEST, listener);
          return true;
        });

    assertThat(calls).containsExactly("open null", "event 9", "event in context", "late", "close");
    assertThat(capture.sum(true, "openai").usage().partial()).isFalse();
    assertThat(capture.sum(false, "openai").usage().partial()).isTrue(); // it broke off
  }

  @Test
  void future_isReadBeforeItsDependentsRun_andCancelsTheClients() {
    CompletableFuture<SuccessfulHttpResponse> future = inCall(() -> http.executeAsync(REQUEST));
    CompletableFuture<TokenCounts> seen = future.thenApply(response -> tokens());

    builder.client.future.complete(response("application/json", USAGE));

    assertThat(seen).isCompletedWithValue(TokenCounts.of(9, 2));

    var other = new FakeBuilder();
    var newer = (Newer) UsageHttpClient.builder(other).build();
    inCall(() -> newer.executeAsync(REQUEST)).cancel(true);
    assertThat(other.client.future).isCancelled();
  }

  @Test
  void future_failsWithTheSameException() {
    CompletableFuture<SuccessfulHttpResponse> future = inCall(() -> http.executeAsync(REQUEST));
    var failure = new IllegalStateException("down");

    builder.client.future.completeExceptionally(failure);

    assertThatThrownBy(future::join).hasCause(failure);
    assertThat(tokens().isUnknown()).isTrue();
  }

  @Test
  void publisher_isAnExchangeForEachSubscription() {
    Publisher<Object> stream = inCall(() -> http.stream(REQUEST));
    assertThat(capture.sum(true, "openai").exchanges()).isZero();

    List<Object> first = received(stream);
    assertThat(tokens()).isEqualTo(TokenCounts.of(9, 2));
    List<Object> second = received(stream);

    assertThat(tokens()).isEqualTo(TokenCounts.of(18, 4));
    assertThat(first).hasSize(2);
    assertThat(second).hasSize(2);
  }

  private static List<Object> received(Publisher<Object> stream) {
    var items = new ArrayList<>();
    stream.subscribe(
        new Subscriber<>() {
          @Override
          public void onSubscribe(Subscription subscription) {
            subscription.request(Long.MAX_VALUE);
          }

          @Override
          public void onNext(Object item) {
            items.add(item);
          }

          @Override
          public void onError(Throwable error) {}

          @Override
          public void onComplete() {}
        });
    return items;
  }

  @Test
  void audio_isNotLookedAt() {
    builder.client.answer = () -> response("audio/mpeg", USAGE);

    inCall(() -> http.execute(REQUEST));

    assertThat(tokens().isUnknown()).isTrue();
    assertThat(capture.sum(true, "openai").exchanges()).isEqualTo(1);
  }

  @Test
  void contradictionInOneExchange_doesNotHideInTheSum() {
    String sound = "{\"usage\":{\"prompt_tokens\":100,\"completion_tokens\":2}}";
    String contradictory =
        "{\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2,\"cached_tokens\":90}}";
    for (String body : List.of(contradictory, sound)) {
      builder.client.answer = () -> response("application/json", body);
      inCall(() -> http.execute(REQUEST));
    }

    assertThat(tokens()).isEqualTo(TokenCounts.of(109, 4).cacheRead(9));
    assertThat(capture.sum(true, "openai").usage().partial()).isTrue();
  }

  @Test
  void costs_areAddedOnlyIfAllAreStated() {
    String priced = "{\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2,\"cost\":0.5}}";
    for (String body : List.of(priced, priced)) {
      builder.client.answer = () -> response("application/json", body);
      inCall(() -> http.execute(REQUEST));
    }
    assertThat(capture.sum(true, "openai").usage().cost().total()).isEqualByComparingTo("1.0");

    builder.client.answer = () -> response("application/json", USAGE);
    inCall(() -> http.execute(REQUEST));
    assertThat(capture.sum(true, "openai").usage().cost()).isNull();
  }

  @Test
  void largeAnswer_isReadWithoutKeepingIt() {
    var body = new StringBuilder("{\"data\":[{\"embedding\":[0.0");
    for (int i = 0; i < 250_000; i++) {
      body.append(",-0.0123456789012");
    }
    body.append("]}],\"usage\":{\"prompt_tokens\":9,\"total_tokens\":9}}");
    SuccessfulHttpResponse large = response("application/json", body.toString());
    builder.client.answer = () -> large;
    assertThat(body.length()).isGreaterThan(4_000_000);
    var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long least = Long.MAX_VALUE;
    for (int i = 0; i < 10; i++) {
      long before = threads.getCurrentThreadAllocatedBytes();
      inCall(() -> http.execute(REQUEST));
      least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
    }

    assertThat(tokens().input()).isEqualTo(90);
    assertThat(least).isLessThan(10 * 1024);
  }

  @Test
  void brokenBodies_neverThrow() {
    for (byte[] bytes :
        List.of(
            new byte[0],
            new byte[] {(byte) 0xff, (byte) 0xfe, 0, 1, 2},
            "{\"usage\":".getBytes(StandardCharsets.UTF_8),
            ("[".repeat(100_000)).getBytes(StandardCharsets.UTF_8),
            ("{\"message\":".repeat(5_000)).getBytes(StandardCharsets.UTF_8),
            ("{\"usage\":" + "[".repeat(5_000)).getBytes(StandardCharsets.UTF_8))) {
      builder.client.answer =
          () ->
              SuccessfulHttpResponse.builder()
                  .statusCode(200)
                  .headers(Map.of())
                  .body(bytes)
                  .build();
      inCall(() -> http.execute(REQUEST));
    }

    assertThat(tokens().isUnknown()).isTrue();
    assertThat(ledger.anomalies).hasValue(0);
  }
}
