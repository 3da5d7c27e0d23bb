package io.github.usage4j.langchain4j;

import io.github.usage4j.langchain4j.LoopbackOpenAi.Reply;
import io.github.usage4j.langchain4j.internal.EventStreams;
import java.net.URI;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.http.Protocol;
import software.amazon.awssdk.http.async.SdkAsyncHttpClient;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.bedrockruntime.BedrockRuntimeAsyncClient;
import software.amazon.awssdk.services.bedrockruntime.BedrockRuntimeClient;

/** Real clients of Bedrock with our interceptor, and what a server answers them. */
final class LoopbackBedrock {

  static final String EVENT_STREAM = "application/vnd.amazon.eventstream";

  /** Stopping its threads takes seconds, so all clients share it; the server speaks HTTP/1.1. */
  private static final SdkAsyncHttpClient HTTP =
      NettyNioAsyncHttpClient.builder().protocol(Protocol.HTTP1_1).build();

  private LoopbackBedrock() {}

  static BedrockRuntimeClient client(String url) {
    return configured(BedrockRuntimeClient.builder(), url).build();
  }

  static BedrockRuntimeAsyncClient async(String url) {
    return configured(BedrockRuntimeAsyncClient.builder(), url).httpClient(HTTP).build();
  }

  private static <B extends AwsClientBuilder<B, C>, C> B configured(B builder, String url) {
    return builder
        .endpointOverride(URI.create(url))
        .region(Region.US_EAST_1)
        .credentialsProvider(
            StaticCredentialsProvider.create(AwsBasicCredentials.create("none", "none")))
        // Twice, as it is if the host registers it for all clients too.
        .overrideConfiguration(
            c ->
                c.addExecutionInterceptor(new BedrockUsageInterceptor())
                    .addExecutionInterceptor(new BedrockUsageInterceptor()));
  }

  static byte[] start() {
    return EventStreams.event("messageStart", "{\"p\":\"ab\",\"role\":\"assistant\"}");
  }

  static byte[] text(String text) {
    return EventStreams.event(
        "contentBlockDelta",
        "{\"contentBlockIndex\":0,\"delta\":{\"text\":\"" + text + "\"},\"p\":\"abcdef\"}");
  }

  static byte[] stop() {
    return EventStreams.all(
        EventStreams.event("contentBlockStop", "{\"contentBlockIndex\":0,\"p\":\"abc\"}"),
        EventStreams.event("messageStop", "{\"p\":\"abc\",\"stopReason\":\"end_turn\"}"));
  }

  static byte[] usage() {
    return EventStreams.event(
        "metadata",
        "{\"metrics\":{\"latencyMs\":638},\"p\":\"abc\",\"usage\":{\"inputTokens\":10,"
            + "\"outputTokens\":2,\"totalTokens\":72,\"cacheReadInputTokens\":20,"
            + "\"cacheWriteInputTokens\":40,\"cacheDetails\":[{\"ttl\":\"5m\",\"inputTokens\":10},"
            + "{\"ttl\":\"1h\",\"inputTokens\":30}]}}");
  }

  /** An answer with these headers, sent in one piece. */
  static Reply reply(String type, byte[] body, String... headers) {
    return exchange -> {
      exchange.getResponseHeaders().set("content-type", type);
      for (int i = 0; i < headers.length; i += 2) {
        exchange.getResponseHeaders().set(headers[i], headers[i + 1]);
      }
      exchange.sendResponseHeaders(200, 0);
      try (var out = exchange.getResponseBody()) {
        out.write(body);
      }
    };
  }

  /** A stream of these frames, sent in one piece. */
  static Reply reply(byte[]... frames) {
    return reply(EVENT_STREAM, EventStreams.all(frames));
  }
}
