package io.github.usage4j.langchain4j;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.usage4j.langchain4j.BedrockStream.Watched;
import io.github.usage4j.provider.InvokedUsage;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.SdkRequest;
import software.amazon.awssdk.core.exception.SdkServiceException;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttribute;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.http.SdkHttpResponse;
import software.amazon.awssdk.services.bedrockruntime.model.CacheDetail;
import software.amazon.awssdk.services.bedrockruntime.model.ConverseRequest;
import software.amazon.awssdk.services.bedrockruntime.model.ConverseResponse;
import software.amazon.awssdk.services.bedrockruntime.model.ConverseStreamRequest;
import software.amazon.awssdk.services.bedrockruntime.model.InvokeModelRequest;
import software.amazon.awssdk.services.bedrockruntime.model.InvokeModelResponse;
import software.amazon.awssdk.services.bedrockruntime.model.InvokeModelWithResponseStreamRequest;
import software.amazon.awssdk.services.bedrockruntime.model.PerformanceConfiguration;
import software.amazon.awssdk.services.bedrockruntime.model.ServiceTier;
import software.amazon.awssdk.services.bedrockruntime.model.TokenUsage;

/**
 * Shows a tracked Bedrock model what Bedrock states of its usage, in answers and in streams: also
 * where LangChain4j refuses them although they were paid for, and where a stream is cancelled.
 * Register it with the client that is given to the model:
 *
 * <pre>{@code
 * BedrockRuntimeClient.builder()
 *     .overrideConfiguration(c -> c.addExecutionInterceptor(new BedrockUsageInterceptor()))
 *     .build();
 * }</pre>
 *
 * <p>Calls in the common format ({@code Converse}) and in a model's own ({@code InvokeModel}) are
 * read, with and without stream. Only token counts, the service tier and the model's name are kept.
 * Other operations, and calls of models that are not tracked, are left alone. Safe for use by
 * several threads; nothing here throws.
 */
public final class BedrockUsageInterceptor implements ExecutionInterceptor {

  private static final String EVENT_STREAM = "application/vnd.amazon.eventstream";

  /** The SDK wants names that are used once, and a class may be loaded twice beside one SDK. */
  private static final ExecutionAttribute<Execution> EXECUTION =
      new ExecutionAttribute<>("io.github.usage4j.execution." + UUID.randomUUID());

  /** The exchange of a call to the SDK; a new one if it begins to read another answer. */
  private static final class Execution {

    private final @Nullable WireCapture capture;
    private volatile WireExchange exchange;

    Execution(@Nullable WireCapture capture, WireExchange exchange) {
      this.capture = capture;
      this.exchange = exchange;
    }

    boolean begun() {
      return exchange.seen().progress() != WireExchange.Progress.SENT;
    }

    WireExchange stream() {
      if (begun()) {
        WireExchange again = WireCapture.begin(capture, InvokedUsage::new);
        exchange = again == null ? exchange : again;
      }
      exchange.opened();
      return exchange;
    }
  }

  /** An interceptor for any number of clients. */
  public BedrockUsageInterceptor() {}

  @Override
  public void beforeExecution(Context.BeforeExecution context, ExecutionAttributes attributes) {
    SdkRequest request = context.request();
    if (attributes.getAttribute(EXECUTION) != null) {
      return; // registered twice
    }
    if (request instanceof ConverseRequest
        || request instanceof ConverseStreamRequest
        || request instanceof InvokeModelRequest
        || request instanceof InvokeModelWithResponseStreamRequest) {
      WireCapture capture = Reentry.capture();
      WireExchange exchange = WireCapture.begin(capture, InvokedUsage::new);
      if (exchange != null) {
        attributes.putAttribute(EXECUTION, new Execution(capture, exchange));
      }
    }
  }

  @Override
  public Optional<Publisher<ByteBuffer>> modifyAsyncHttpResponseContent(
      Context.ModifyHttpResponse context, ExecutionAttributes attributes) {
    Optional<Publisher<ByteBuffer>> content = context.responsePublisher();
    Execution execution = attributes.getAttribute(EXECUTION);
    if (execution == null || content.isEmpty() || content.get() instanceof Watched) {
      return content;
    }
    SdkHttpResponse response = context.httpResponse();
    String type = response.firstMatchingHeader("content-type").orElse("");
    if (!response.isSuccessful() || !type.startsWith(EVENT_STREAM)) {
      return content;
    }
    WireExchange exchange = execution.stream();
    exchange.piece(
        usage -> {
          if (usage instanceof InvokedUsage invoked) {
            invoked.terms(name -> response.firstMatchingHeader(name).orElse(null));
          }
        });
    return Optional.of(new Watched(content.get(), exchange));
  }

  @Override
  public void afterUnmarshalling(
      Context.AfterUnmarshalling context, ExecutionAttributes attributes) {
    Execution execution = attributes.getAttribute(EXECUTION);
    if (execution == null || execution.begun()) {
      return;
    }
    if (context.response() instanceof ConverseResponse answer) {
      read(answer, execution.exchange);
    } else if (context.response() instanceof InvokeModelResponse answer) {
      read(answer, context.httpResponse(), execution.exchange);
    }
  }

  @Override
  public void onExecutionFailure(Context.FailedExecution context, ExecutionAttributes attributes) {
    Execution execution = attributes.getAttribute(EXECUTION);
    if (execution == null) {
      return;
    }
    if (context.exception() instanceof SdkServiceException) {
      execution.exchange.refused();
    } else {
      execution.exchange.failed(context.exception());
    }
  }

  private static void read(
      InvokeModelResponse answer, SdkHttpResponse http, WireExchange exchange) {
    try {
      SdkBytes body = answer.body();
      boolean json = answer.contentType() == null || answer.contentType().contains("json");
      exchange.body(
          usage -> {
            if (usage instanceof InvokedUsage invoked) {
              invoked.terms(name -> http.firstMatchingHeader(name).orElse(null));
              invoked.headers(name -> http.firstMatchingHeader(name).orElse(null));
            }
            if (body != null && json) {
              usage.read(body.asByteArrayUnsafe());
            }
          },
          true);
    } catch (RuntimeException | LinkageError e) { // an SDK of another version
      exchange.unreadable(e);
    }
  }

  private static void read(ConverseResponse answer, WireExchange exchange) {
    try {
      TokenUsage usage = answer.usage();
      if (usage == null) {
        exchange.ended();
      } else {
        ObjectNode block = block(usage);
        addTerms(answer, block);
        exchange.usage(block);
      }
    } catch (RuntimeException | LinkageError e) { // an SDK of another version
      exchange.unreadable(e);
    }
  }

  /** As Bedrock puts it on the wire, so that there is one place that knows what it means. */
  private static ObjectNode block(TokenUsage usage) {
    ObjectNode block = JsonNodeFactory.instance.objectNode();
    put(block, "inputTokens", usage.inputTokens());
    put(block, "outputTokens", usage.outputTokens());
    put(block, "cacheReadInputTokens", usage.cacheReadInputTokens());
    put(block, "cacheWriteInputTokens", usage.cacheWriteInputTokens());
    try {
      if (usage.hasCacheDetails()) {
        var details = block.putArray("cacheDetails");
        for (CacheDetail detail : usage.cacheDetails()) {
          ObjectNode part = details.addObject().put("ttl", detail.ttlAsString());
          put(part, "inputTokens", detail.inputTokens());
        }
      }
    } catch (LinkageError e) {
      // An SDK that does not tell cache writes apart yet.
      block.remove("cacheDetails");
    }
    return block;
  }

  private static void addTerms(ConverseResponse answer, ObjectNode block) {
    try {
      ServiceTier tier = answer.serviceTier();
      if (tier != null) {
        block.put("serviceTier", tier.typeAsString());
      }
    } catch (LinkageError e) {
      // An SDK that does not know of tiers yet.
      block.remove("serviceTier");
    }
    try {
      PerformanceConfiguration performance = answer.performanceConfig();
      if (performance != null) {
        block.put("latency", performance.latencyAsString());
      }
    } catch (LinkageError e) {
      // An SDK that does not know of latencies yet.
      block.remove("latency");
    }
  }

  private static void put(ObjectNode block, String key, @Nullable Integer tokens) {
    if (tokens != null) {
      block.put(key, tokens);
    }
  }
}
