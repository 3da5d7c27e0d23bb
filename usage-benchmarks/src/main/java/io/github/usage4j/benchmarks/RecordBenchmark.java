package io.github.usage4j.benchmarks;

import io.github.usage4j.Attribution;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Kind;
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
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jctools.queues.MpscArrayQueue;
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
 * What handing an event to a buffer costs beside the least it could cost (the event, and an offer
 * to a bare queue that another thread empties), and beside a span with 16 attributes.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@State(Scope.Benchmark)
@Fork(3)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
public class RecordBenchmark {

  private static final Attribution WHO = Attribution.organization("acme").user("ada");

  private final MpscArrayQueue<UsageEvent> queue = new MpscArrayQueue<>(16_384);
  private volatile boolean on = true;
  private Thread drainer;
  private UsageTracker tracker;
  private UsageTracker pricing;
  private SdkTracerProvider provider;
  private Tracer tracer;
  private List<AttributeKey<String>> keys;

  @Setup
  public void open() {
    drainer =
        new Thread(
            () -> {
              while (on) {
                queue.drain(event -> {}, 500);
                LockSupport.parkNanos(50_000);
              }
            });
    drainer.setDaemon(true);
    drainer.start();
    tracker =
        UsageTracker.builder(events -> {})
            .buffer(UsageBuffer.memory().capacity(16_384).maxWait(Duration.ZERO))
            .prices(PriceCatalog.none())
            .build();
    pricing =
        UsageTracker.builder(events -> {})
            .buffer(UsageBuffer.memory().capacity(16_384).maxWait(Duration.ZERO))
            .build();
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
    on = false;
    tracker.close();
    pricing.close();
    provider.close();
  }

  private static UsageEvent event() {
    Instant now = Instant.now();
    return UsageEvent.builder(UsageEvent.newId(now), Kind.CHAT, "openai", "gpt-4o-mini")
        .startedAt(now)
        .attribution(WHO)
        .tokens(TokenCounts.of(412, 18))
        .build();
  }

  @Benchmark
  public UsageEvent eventAlone() {
    return event();
  }

  @Benchmark
  public boolean eventAndBareOffer() {
    return queue.offer(event());
  }

  @Benchmark
  public Object record() {
    return tracker.record(event());
  }

  @Benchmark
  public Object recordAndPrice() {
    return pricing.record(event());
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
}
