package io.github.usage4j.examples.replay;

import dev.langchain4j.model.bedrock.BedrockChatModel;
import dev.langchain4j.model.bedrock.BedrockStreamingChatModel;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import io.github.usage4j.langchain4j.BedrockUsageInterceptor;
import java.net.URI;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.http.Protocol;
import software.amazon.awssdk.http.async.SdkAsyncHttpClient;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.retries.DefaultRetryStrategy;
import software.amazon.awssdk.services.bedrockruntime.BedrockRuntimeAsyncClient;
import software.amazon.awssdk.services.bedrockruntime.BedrockRuntimeClient;

/**
 * Bedrock's Converse: LangChain4j calls it through the AWS SDK, which is told another address here.
 */
record BedrockClients() implements ProviderClient.Chat {
  private static final Region REGION = Region.US_EAST_1;

  @Override
  public ChatModel blocking(ProviderClient.Target target) {
    return BedrockChatModel.builder()
        .client(target.closing(replayed(BedrockRuntimeClient.builder(), target).build()))
        .modelId(target.model())
        .region(REGION)
        .maxRetries(0)
        .timeout(OpenAiClients.TIMEOUT)
        .build();
  }

  @Override
  public StreamingChatModel streaming(ProviderClient.Target target) {
    return BedrockStreamingChatModel.builder()
        .client(
            target.closing(
                replayed(BedrockRuntimeAsyncClient.builder(), target)
                    .httpClient(Streaming.HTTP)
                    .build()))
        .modelId(target.model())
        .region(REGION)
        .timeout(OpenAiClients.TIMEOUT)
        .build();
  }

  private static <B extends AwsClientBuilder<B, C>, C> B replayed(
      B builder, ProviderClient.Target target) {
    return builder
        .endpointOverride(URI.create(target.baseUrl()))
        .region(REGION)
        .credentialsProvider(
            StaticCredentialsProvider.create(AwsBasicCredentials.create("none", "none")))
        .overrideConfiguration(
            it -> {
              it.retryStrategy(DefaultRetryStrategy.doNotRetry())
                  .apiCallTimeout(OpenAiClients.TIMEOUT);
              if (target.capture() == Capture.WIRE) {
                it.addExecutionInterceptor(new BedrockUsageInterceptor());
              }
            });
  }

  /**
   * The connections of every streaming client: stopping the threads behind them takes seconds, so
   * they are started once, when first needed, and end with the program. The replay server speaks
   * HTTP/1.1 only.
   */
  private static final class Streaming {
    static final SdkAsyncHttpClient HTTP =
        NettyNioAsyncHttpClient.builder().protocol(Protocol.HTTP1_1).build();
  }
}
