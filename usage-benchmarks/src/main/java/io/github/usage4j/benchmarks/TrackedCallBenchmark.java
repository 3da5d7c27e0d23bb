package io.github.usage4j.benchmarks;

import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.output.TokenUsage;
import io.github.usage4j.Attribution;
import io.github.usage4j.langchain4j.TrackedModels;
import io.github.usage4j.pricing.PriceCatalog;
import io.github.usage4j.sink.UsageBuffer;
import io.github.usage4j.track.UsageTracker;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
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
import org.openjdk.jmh.infra.Blackhole;

/**
 * What accounting for a call costs the caller: a model that returns at once, bare and tracked, and
 * beside it what a tracing span with as many attributes costs. Nothing waits for a sink; events and
 * spans are handed to a thread that throws them away.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@State(Scope.Benchmark)
@Fork(5)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
public class TrackedCallBenchmark {

  private static final ChatResponse ANSWER =
      ChatResponse.builder()
          .aiMessage(AiMessage.from("there"))
          .id("chatcmpl-1")
          .modelName("gpt-4o-mini-2024-07-18")
          .tokenUsage(new TokenUsage(412, 18))
          .build();

  private static final ChatRequest REQUEST =
      ChatRequest.builder().modelName("gpt-4o-mini").messages(UserMessage.from("hi")).build();

  private final ChatModel bare = new InstantModel();
  private final StreamingChatModel bareStream = new InstantStream();
  private UsageTracker tracker;
  private ChatModel tracked;
  private StreamingChatModel trackedStream;
  private SdkTracerProvider provider;
  private Tracer tracer;
  private List<AttributeKey<String>> keys;

  /** Answers at once, without what the interface does around doChat. */
  private static final class InstantModel implements ChatModel {
    @Override
    public ChatResponse chat(ChatRequest request) {
      return ANSWER;
    }
  }

  /** The same, in two pieces. */
  private static final class InstantStream implements StreamingChatModel {
    @Override
    public void chat(ChatRequest request, StreamingChatResponseHandler handler) {
      handler.onPartialResponse("the");
      handler.onPartialResponse("re");
      handler.onCompleteResponse(ANSWER);
    }
  }

  private record Swallow(Blackhole hole) implements StreamingChatResponseHandler {
    @Override
    public void onPartialResponse(String part) {
      hole.consume(part);
    }

    @Override
    public void onCompleteResponse(ChatResponse answer) {
      hole.consume(answer);
    }

    @Override
    public void onError(Throwable error) {
      hole.consume(error);
    }
  }

  private static final class Discard implements SpanExporter {
    @Override
    public CompletableResultCode export(Collection<SpanData> spans) {
      return CompletableResultCode.ofSuccess();
    }

    @Override
    public CompletableResultCode flush() {
      return CompletableResultCode.ofSuccess();
    }

    @Override
    public CompletableResultCode shutdown() {
      return CompletableResultCode.ofSuccess();
    }
  }

  @Setup
  public void open() {
    tracker =
        UsageTracker.builder(events -> {})
            .buffer(UsageBuffer.memory().maxWait(Duration.ZERO))
            .prices(PriceCatalog.none())
            .attribution(() -> Attribution.NONE)
            .build();
    TrackedModels models = TrackedModels.with(tracker).provider("openai");
    tracked = models.wrap(bare);
    trackedStream = models.wrap(bareStream);
    provider =
        SdkTracerProvider.builder()
            .addSpanProcessor(BatchSpanProcessor.builder(new Discard()).build())
            .build();
    tracer = provider.get("benchmark");
    keys = new ArrayList<>();
    for (int i = 0; i < 16; i++) {
      keys.add(AttributeKey.stringKey("gen_ai.attribute." + i));
    }
  }

  @TearDown
  public void close() {
    tracker.close();
    provider.close();
  }

  @Benchmark
  public ChatResponse blockingBare() {
    return bare.chat(REQUEST);
  }

  @Benchmark
  public ChatResponse blockingTracked() {
    return tracked.chat(REQUEST);
  }

  @Benchmark
  public void streamingBare(Blackhole hole) {
    bareStream.chat(REQUEST, new Swallow(hole));
  }

  @Benchmark
  public void streamingTracked(Blackhole hole) {
    trackedStream.chat(REQUEST, new Swallow(hole));
  }

  @Benchmark
  public Span openTelemetrySpan() {
    Span span = tracer.spanBuilder("chat gpt-4o-mini").startSpan();
    for (AttributeKey<String> key : keys) {
      span.setAttribute(key, "gpt-4o-mini");
    }
    span.end();
    return span;
  }
}
