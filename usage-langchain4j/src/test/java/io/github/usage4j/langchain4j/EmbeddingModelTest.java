package io.github.usage4j.langchain4j;

import static io.github.usage4j.langchain4j.LoopbackOpenAi.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.bedrock.BedrockTitanEmbeddingModel;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.embedding.listener.EmbeddingModelListener;
import dev.langchain4j.model.embedding.listener.EmbeddingModelRequestContext;
import dev.langchain4j.model.embedding.request.EmbeddingRequest;
import dev.langchain4j.model.embedding.response.EmbeddingResponse;
import dev.langchain4j.model.embedding.response.EmbeddingResponseMetadata;
import dev.langchain4j.model.localai.LocalAiChatModel;
import dev.langchain4j.model.output.TokenUsage;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Kind;
import io.github.usage4j.UsageEvent.Quality;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Embeddings: four ways in, one event each. */
class EmbeddingModelTest {

  /** Answers with as many tokens as there are texts. */
  static class Fake implements EmbeddingModel {
    final AtomicInteger calls = new AtomicInteger();

    @Override
    public EmbeddingResponse doEmbed(EmbeddingRequest request) {
      calls.incrementAndGet();
      return EmbeddingResponse.builder()
          .embeddings(
              request.inputs().stream().map(i -> Embedding.from(new float[] {1, 2})).toList())
          .metadata(
              EmbeddingResponseMetadata.builder()
                  .modelName("embed-1")
                  .tokenUsage(new TokenUsage(request.inputs().size()))
                  .build())
          .build();
    }

    @Override
    public CompletableFuture<EmbeddingResponse> doEmbedAsync(EmbeddingRequest request) {
      return CompletableFuture.completedFuture(doEmbed(request));
    }

    @Override
    public String modelName() {
      return "embed-1";
    }
  }

  private final Ledger ledger = new Ledger();
  private final Fake fake = new Fake();
  private final EmbeddingModel model = ledger.models.wrap(fake);

  private static EmbeddingRequest request() {
    return EmbeddingRequest.builder().textSegment(TextSegment.from("one")).build();
  }

  @Test
  void eachOverload_isOneEvent() {
    model.embed("one");
    model.embed(TextSegment.from("one"));
    model.embedAll(List.of(TextSegment.from("one"), TextSegment.from("two")));
    model.embed(request());
    model.embedAsync(request()).join();

    assertThat(ledger.events())
        .extracting(e -> e.tokens().input())
        .containsExactly(1L, 1L, 2L, 1L, 1L);
    assertThat(ledger.events()).allMatch(e -> e.kind() == Kind.EMBEDDING);
    assertThat(ledger.events()).allMatch(e -> e.quality() == Quality.REPORTED);
    assertThat(ledger.events()).extracting(UsageEvent::requestModel).containsOnly("embed-1");
    assertThat(fake.calls).hasValue(5);
  }

  @Test
  void nothingToEmbed_isNoCall() {
    assertThat(model.embedAll(List.of()).content()).isEmpty();
    assertThat(ledger.events()).isEmpty();
  }

  @Test
  void dimension_isNotRecorded() {
    var knowing =
        new Fake() {
          @Override
          public int dimension() {
            return 2;
          }
        };
    assertThat(ledger.models.wrap(knowing).dimension()).isEqualTo(2);
    assertThat(knowing.calls).hasValue(0);
    assertThat(ledger.events()).isEmpty();
  }

  @Test
  void listenerAddedLater_hearsAndIsRecordedOnce() {
    var heard = new AtomicInteger();
    EmbeddingModel listening =
        model.addListener(
            new EmbeddingModelListener() {
              @Override
              public void onRequest(EmbeddingModelRequestContext context) {
                heard.incrementAndGet();
              }
            });
    listening.embed("one");

    assertThat(heard).hasValue(1);
    assertThat(ledger.events()).hasSize(1);
  }

  @Test
  void failure_isRecordedAndThrownAsItIs() {
    var failure = new IllegalStateException("boom");
    var failing =
        new Fake() {
          @Override
          public EmbeddingResponse doEmbed(EmbeddingRequest request) {
            throw failure;
          }
        };
    assertThatThrownBy(() -> ledger.models.wrap(failing).embed("one")).isSameAs(failure);
    assertThat(ledger.figures()).containsExactly("null/null ERROR");
  }

  @Test
  void realClient_isRecorded() {
    String body =
        "{\"data\":[{\"index\":0,\"embedding\":[1.0,2.0]}],\"model\":\"text-embedding-3-small\","
            + "\"usage\":{\"prompt_tokens\":9,\"total_tokens\":9}}";
    try (var server = new LoopbackOpenAi(json(200, body))) {
      TrackedModels.with(ledger.tracker).wrap((EmbeddingModel) server.embedding()).embed("one");
    }
    assertThat(ledger.only().provider()).isEqualTo("openai");
    assertThat(ledger.only().model()).isEqualTo("text-embedding-3-small");
    assertThat(ledger.only().tokens().input()).isEqualTo(9);
    assertThat(ledger.only().tokens().output())
        .satisfiesAnyOf(out -> assertThat(out).isNull(), out -> assertThat(out).isZero());
  }

  @Test
  void clientThatSaysLittle_isKnownByItsPackageAndTheHost() {
    try (var server =
        new LoopbackOpenAi(json(200, "{\"embedding\":[0.1],\"inputTextTokenCount\":3}"))) {
      EmbeddingModel titan =
          BedrockTitanEmbeddingModel.builder()
              .client(LoopbackBedrock.client(server.url().replace("/v1", "")))
              .model("amazon.titan-embed-text-v2:0")
              .build();
      TrackedModels.with(ledger.tracker).model("titan").wrap(titan).embed("one");
    }
    assertThat(ledger.only().provider()).isEqualTo("aws.bedrock");
    assertThat(ledger.only().model()).isEqualTo("titan");
    assertThat(ledger.only().tokens().input()).isEqualTo(3);
  }

  @Test
  void chatModelThatSaysNothing_isKnownByItsPackage() {
    var models = TrackedModels.with(ledger.tracker);
    var local = new LocalAiChatModel(() -> Fakes.text(Fakes.tokens(1, 2)));

    models.wrap((ChatModel) local).chat("hi");
    models
        .wrap(local.streaming())
        .chat(
            "hi",
            new StreamingChatResponseHandler() {
              @Override
              public void onCompleteResponse(ChatResponse response) {}

              @Override
              public void onError(Throwable error) {
                throw new AssertionError(error);
              }
            });
    models.wrap(Fakes.chat(Fakes.text(Fakes.tokens(1, 2)))).chat("hi");

    assertThat(ledger.events())
        .extracting(UsageEvent::provider)
        .containsExactly("localai", "localai", "other");
  }
}
