package io.github.usage4j.langchain4j;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.exception.SdkServiceException;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttribute;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.services.bedrockruntime.model.CacheDetail;
import software.amazon.awssdk.services.bedrockruntime.model.ConverseRequest;
import software.amazon.awssdk.services.bedrockruntime.model.ConverseResponse;
import software.amazon.awssdk.services.bedrockruntime.model.TokenUsage;

/**
 * Shows a tracked Bedrock model what Bedrock states of its usage: also for answers that LangChain4j
 * refuses although they were paid for. Register it with the client that is given to the model:
 *
 * <pre>{@code
 * BedrockRuntimeClient.builder()
 *     .overrideConfiguration(c -> c.addExecutionInterceptor(new BedrockUsageInterceptor()))
 *     .build();
 * }</pre>
 *
 * <p>Only token counts are kept. Streamed answers do not pass by here; their figures are those that
 * LangChain4j tells. Calls of other operations and of models that are not tracked are left alone.
 */
public final class BedrockUsageInterceptor implements ExecutionInterceptor {

  /** The SDK wants names that are used once, and a class may be loaded twice beside one SDK. */
  private static final ExecutionAttribute<WireExchange> EXCHANGE =
      new ExecutionAttribute<>("io.github.usage4j.exchange." + UUID.randomUUID());

  /** An interceptor for any number of clients. */
  public BedrockUsageInterceptor() {}

  @Override
  public void beforeExecution(Context.BeforeExecution context, ExecutionAttributes attributes) {
    if (context.request() instanceof ConverseRequest) {
      WireExchange exchange = WireCapture.begin();
      if (exchange != null) {
        attributes.putAttribute(EXCHANGE, exchange);
      }
    }
  }

  @Override
  public void afterUnmarshalling(
      Context.AfterUnmarshalling context, ExecutionAttributes attributes) {
    WireExchange exchange = attributes.getAttribute(EXCHANGE);
    if (exchange != null && context.response() instanceof ConverseResponse answer) {
      read(answer, exchange);
    }
  }

  @Override
  public void onExecutionFailure(Context.FailedExecution context, ExecutionAttributes attributes) {
    WireExchange exchange = attributes.getAttribute(EXCHANGE);
    if (exchange == null) {
      return;
    }
    if (context.exception() instanceof SdkServiceException) {
      exchange.refused();
    } else {
      exchange.failed(context.exception());
    }
  }

  private static void read(ConverseResponse answer, WireExchange exchange) {
    try {
      TokenUsage usage = answer.usage();
      if (usage == null) {
        exchange.ended();
      } else {
        exchange.usage(block(usage));
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

  private static void put(ObjectNode block, String key, @Nullable Integer tokens) {
    if (tokens != null) {
      block.put(key, tokens);
    }
  }
}
