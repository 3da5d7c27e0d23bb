package io.github.usage4j.benchmarks;

import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.http.client.HttpClient;
import dev.langchain4j.http.client.HttpClientBuilder;
import dev.langchain4j.http.client.HttpMethod;
import dev.langchain4j.http.client.HttpRequest;
import dev.langchain4j.http.client.SuccessfulHttpResponse;
import dev.langchain4j.http.client.sse.ServerSentEventListener;
import dev.langchain4j.http.client.sse.ServerSentEventParser;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatResponse;
import io.github.usage4j.langchain4j.TrackedModels;
import io.github.usage4j.langchain4j.UsageHttpClient;
import io.github.usage4j.pricing.PriceCatalog;
import io.github.usage4j.sink.UsageBuffer;
import io.github.usage4j.track.UsageTracker;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
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

/**
 * What reading the usage of a large answer off the wire costs: an embedding answer of 4.8 MB that
 * is there already, through a decorated HTTP client and through a bare one.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@State(Scope.Benchmark)
@Fork(5)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
public class WireScanBenchmark {

  private static final int SIZE = 4_800_000;

  private static final ChatRequest REQUEST =
      ChatRequest.builder().modelName("m").messages(UserMessage.from("hi")).build();

  private static final ChatResponse ANSWER =
      ChatResponse.builder().aiMessage(AiMessage.from("there")).build();

  private UsageTracker tracker;
  private ChatModel bare;
  private ChatModel scanned;

  @Setup
  public void open() {
    var body = new StringBuilder(SIZE + 200).append("{\"data\":[{\"embedding\":[");
    while (body.length() < SIZE) {
      body.append("-0.022495363,0.004016586,");
    }
    body.append("0.1]}],\"model\":\"m\",\"usage\":{\"prompt_tokens\":12,\"total_tokens\":12}}");
    SuccessfulHttpResponse response =
        SuccessfulHttpResponse.builder()
            .statusCode(200)
            .headers(Map.of("content-type", List.of("application/json")))
            .body(body.toString())
            .build();
    HttpClientBuilder client = new CannedBuilder(response);
    tracker =
        UsageTracker.builder(events -> {})
            .buffer(UsageBuffer.memory().maxWait(Duration.ZERO))
            .prices(PriceCatalog.none())
            .build();
    TrackedModels models = TrackedModels.with(tracker).provider("p");
    bare = models.wrap(new Calling(client.build()));
    scanned = models.wrap(new Calling(UsageHttpClient.builder(client).build()));
  }

  @TearDown
  public void close() {
    tracker.close();
  }

  @Benchmark
  public ChatResponse trackedWithoutWire() {
    return bare.chat(REQUEST);
  }

  @Benchmark
  public ChatResponse trackedWithWire() {
    return scanned.chat(REQUEST);
  }

  /** Asks its HTTP client and does not read the answer. */
  private static final class Calling implements ChatModel {
    private final HttpClient http;

    Calling(HttpClient http) {
      this.http = http;
    }

    @Override
    public ChatResponse chat(ChatRequest request) {
      http.execute(HttpRequest.builder().method(HttpMethod.POST).url("http://localhost/").build());
      return ANSWER;
    }
  }

  /** Builds clients that give the same answer to everything. */
  private record CannedBuilder(SuccessfulHttpResponse response) implements HttpClientBuilder {

    @Override
    public Duration connectTimeout() {
      return null;
    }

    @Override
    public HttpClientBuilder connectTimeout(Duration timeout) {
      return this;
    }

    @Override
    public Duration readTimeout() {
      return null;
    }

    @Override
    public HttpClientBuilder readTimeout(Duration timeout) {
      return this;
    }

    @Override
    public HttpClient build() {
      return new CannedClient(response);
    }
  }

  private record CannedClient(SuccessfulHttpResponse response) implements HttpClient {

    @Override
    public SuccessfulHttpResponse execute(HttpRequest request) {
      return response;
    }

    @Override
    public void execute(
        HttpRequest request, ServerSentEventParser parser, ServerSentEventListener listener) {
      throw new IllegalStateException("not streamed here");
    }
  }
}
