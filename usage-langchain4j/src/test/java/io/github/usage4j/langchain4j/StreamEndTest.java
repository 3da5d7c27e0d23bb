package io.github.usage4j.langchain4j;

import static io.github.usage4j.langchain4j.LoopbackOpenAi.USAGE;
import static io.github.usage4j.langchain4j.LoopbackOpenAi.answer;
import static io.github.usage4j.langchain4j.LoopbackOpenAi.events;
import static io.github.usage4j.langchain4j.LoopbackOpenAi.json;
import static io.github.usage4j.langchain4j.LoopbackOpenAi.piece;
import static io.github.usage4j.langchain4j.LoopbackOpenAi.stop;
import static io.github.usage4j.langchain4j.LoopbackOpenAi.usage;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.exception.InternalServerException;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialResponseContext;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Outcome;
import io.github.usage4j.UsageEvent.Quality;
import io.github.usage4j.UsageEvent.Source;
import io.github.usage4j.langchain4j.LoopbackOpenAi.Reply;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** How calls of OpenAI's real client end, over HTTP. */
class StreamEndTest {

  private final Ledger ledger = new Ledger();
  private final TrackedModels models = TrackedModels.with(ledger.tracker);

  /** Notes what it is told; may throw. */
  private static class Recording implements StreamingChatResponseHandler {
    final List<String> told = new CopyOnWriteArrayList<>();
    final CountDownLatch end = new CountDownLatch(1);

    @Override
    public void onPartialResponse(PartialResponse piece, PartialResponseContext context) {
      told.add("piece " + piece.text());
    }

    @Override
    public void onCompleteResponse(ChatResponse response) {
      told.add("complete");
      end.countDown();
    }

    @Override
    public void onError(Throwable error) {
      told.add("error " + error.getClass().getSimpleName());
    }

    Recording await() throws InterruptedException {
      assertThat(end.await(60, TimeUnit.SECONDS)).isTrue();
      return this;
    }
  }

  private <H extends Recording> H stream(H handler, Reply reply) throws InterruptedException {
    try (var server = new LoopbackOpenAi(reply)) {
      models.wrap(server.streaming()).chat("hi", handler);
      handler.await();
    }
    return handler;
  }

  @Test
  void completeStream_isRecordedWithAllItsFigures() throws Exception {
    Recording handler =
        stream(new Recording(), events(piece("Hel"), piece("lo"), stop(), usage(), "[DONE]"));

    assertThat(handler.told).containsExactly("piece Hel", "piece lo", "complete");
    assertAnswered(ledger.only());
    assertThat(ledger.only().streaming()).isTrue();
    assertThat(ledger.only().timeToFirstToken()).isNotNull();
  }

  @Test
  void blockingAnswer_isRecordedWithAllItsFigures() {
    try (var server = new LoopbackOpenAi(answer(USAGE))) {
      assertThat(models.wrap((dev.langchain4j.model.chat.ChatModel) server.chat(0)).chat("hi"))
          .isEqualTo("Hello");
    }
    assertAnswered(ledger.only());
    assertThat(ledger.only().serviceTier()).isEqualTo("flex");
  }

  private static void assertAnswered(UsageEvent event) {
    assertThat(event.outcome()).isEqualTo(Outcome.SUCCESS);
    assertThat(event.quality()).isEqualTo(Quality.REPORTED);
    assertThat(event.source()).isEqualTo(Source.RAW_METADATA);
    assertThat(event.provider()).isEqualTo("openai");
    assertThat(event.requestModel()).isEqualTo("gpt-4o-mini");
    assertThat(event.responseModel()).isEqualTo("gpt-4o-mini-2024-07-18");
    assertThat(event.responseId()).isEqualTo("c1");
    assertThat(event.finishReason()).isEqualTo("stop");
    assertThat(event.tokens().input()).isEqualTo(150);
    assertThat(event.tokens().output()).isEqualTo(20);
    assertThat(event.tokens().cacheRead()).isEqualTo(90);
    assertThat(event.tokens().cacheWrite()).isEqualTo(30); // what the client's own object drops
    assertThat(event.tokens().reasoning()).isEqualTo(7);
  }

  @Test
  void streamWithoutUsage_isMissingNotZero() throws Exception {
    stream(new Recording(), events(piece("Hel"), stop(), "[DONE]"));

    assertThat(ledger.figures()).containsExactly("null/null");
    assertThat(ledger.only().quality()).isEqualTo(Quality.MISSING);
  }

  @Test
  void streamCutOff_isOneCallWithoutFigures() throws Exception {
    stream(new Recording(), events(piece("Hel")));

    assertThat(ledger.figures()).containsExactly("null/null");
    assertThat(ledger.only().finishReason()).isNull();
  }

  @Test
  void badChunkThenComplete_isOneSuccess() throws Exception {
    Recording handler =
        stream(
            new Recording(), events(piece("Hel"), "{bad", piece("lo"), stop(), usage(), "[DONE]"));

    assertThat(handler.told).contains("piece Hel", "piece lo", "complete").hasSize(4);
    assertAnswered(ledger.only());
    assertThat(ledger.anomalies).hasValue(0);
  }

  @Test
  void badChunkAndNothingMore_isHeldUntilTheTrackerCloses() throws Exception {
    var handler =
        new Recording() {
          @Override
          public void onError(Throwable error) {
            super.onError(error);
            end.countDown();
          }
        };
    dev.langchain4j.model.chat.StreamingChatModel model =
        new dev.langchain4j.model.chat.StreamingChatModel() {
          @Override
          public void doChat(
              dev.langchain4j.model.chat.request.ChatRequest request,
              StreamingChatResponseHandler to) {
            to.onError(new IllegalStateException("unreadable"));
          }
        };
    models.wrap(model).chat("hi", handler);
    assertThat(ledger.events()).isEmpty();

    ledger.tracker.close();

    assertThat(ledger.only().outcome()).isEqualTo(Outcome.ERROR);
    assertThat(ledger.only().errorType()).isEqualTo(IllegalStateException.class.getName());
  }

  @Test
  void handlerThatThrowsOnAPiece_changesNothing() throws Exception {
    var handler =
        new Recording() {
          @Override
          public void onPartialResponse(PartialResponse piece, PartialResponseContext context) {
            super.onPartialResponse(piece, context);
            throw new IllegalStateException("handler");
          }
        };
    stream(handler, events(piece("Hel"), stop(), usage(), "[DONE]"));

    assertThat(handler.told)
        .containsExactly("piece Hel", "error IllegalStateException", "complete");
    assertAnswered(ledger.only());
  }

  @Test
  void handlerThatThrowsAtTheEnd_changesNothing() throws Exception {
    var failed = new CountDownLatch(1);
    var handler =
        new Recording() {
          @Override
          public void onCompleteResponse(ChatResponse response) {
            super.onCompleteResponse(response);
            throw new IllegalStateException("handler");
          }

          @Override
          public void onError(Throwable error) {
            super.onError(error);
            failed.countDown();
          }
        };
    stream(handler, events(piece("Hel"), stop(), usage(), "[DONE]"));

    assertThat(failed.await(60, TimeUnit.SECONDS)).isTrue();
    assertThat(handler.told)
        .containsExactly("piece Hel", "complete", "error IllegalStateException");
    assertAnswered(ledger.only());
    assertThat(ledger.anomalies).hasValue(0);
  }

  @Test
  void cancelledStream_isOneCancelledCall() throws Exception {
    var more = new CountDownLatch(1);
    var handler =
        new Recording() {
          @Override
          public void onPartialResponse(PartialResponse piece, PartialResponseContext context) {
            super.onPartialResponse(piece, context);
            if (told.size() == 2) {
              context.streamingHandle().cancel();
              assertThat(context.streamingHandle().isCancelled()).isTrue();
              context.streamingHandle().cancel();
              end.countDown();
            }
          }
        };
    Reply reply =
        exchange -> {
          exchange.getResponseHeaders().set("content-type", "text/event-stream");
          exchange.sendResponseHeaders(200, 0);
          try {
            for (int i = 0; i < 1000 && !more.await(5, TimeUnit.MILLISECONDS); i++) {
              exchange.getResponseBody().write(("data: " + piece("t" + i) + "\n\n").getBytes());
              exchange.getResponseBody().flush();
            }
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        };
    stream(handler, reply);
    more.countDown();

    assertThat(handler.told).containsExactly("piece t0", "piece t1");
    // "hi" and a message, "t0t1": by the rule of thumb
    assertThat(ledger.figures()).containsExactly("4/1 CANCELLED");
    assertThat(ledger.only().quality()).isEqualTo(Quality.ESTIMATED);
    assertThat(ledger.anomalies).hasValue(0);
  }

  @Test
  void refusedStream_failsAtOnce() throws Exception {
    var handler =
        new Recording() {
          @Override
          public void onError(Throwable error) {
            super.onError(error);
            end.countDown();
          }
        };
    stream(handler, json(500, "{\"error\":{\"message\":\"boom\"}}"));

    assertThat(handler.told).containsExactly("error InternalServerException");
    assertThat(ledger.figures()).containsExactly("null/null ERROR");
  }

  @Test
  void retriedFailure_isOneFailedCall() {
    try (var server = new LoopbackOpenAi(json(500, "{\"error\":{\"message\":\"boom\"}}"))) {
      var model = models.wrap((dev.langchain4j.model.chat.ChatModel) server.chat(2));

      assertThatThrownBy(() -> model.chat("hi")).isInstanceOf(InternalServerException.class);

      assertThat(server.requests).hasValue(3);
    }
    assertThat(ledger.figures()).containsExactly("null/null ERROR");
  }

  @Test
  void openRouterCost_isKeptAsStated() {
    String usage =
        "\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":2,\"total_tokens\":12,"
            + "\"cost\":0.00014250000000000002}";
    try (var server = new LoopbackOpenAi(answer(usage))) {
      models.wrap((dev.langchain4j.model.chat.ChatModel) server.chat(0)).chat("hi");
    }
    assertThat(ledger.only().statedCost().total())
        .isEqualByComparingTo("0.00014250000000000002".substring(0, 20));
    assertThat(ledger.only().statedCost().currency().getCurrencyCode()).isEqualTo("USD");
  }

  @Test
  void contradictionsAndNonsense_areRecordedAndFlagged() {
    String contradiction =
        "\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":2,"
            + "\"prompt_tokens_details\":{\"cached_tokens\":90}}";
    String nonsense = "\"usage\":{\"prompt_tokens\":-5,\"completion_tokens\":2}";
    try (var server = new LoopbackOpenAi(answer(contradiction), answer(nonsense))) {
      var model = models.wrap((dev.langchain4j.model.chat.ChatModel) server.chat(0));
      model.chat("hi");
      model.chat("hi");
    }
    assertThat(ledger.figures()).containsExactly("10/2", "null/2");
    assertThat(ledger.events()).allMatch(e -> e.quality() == Quality.PARTIAL);
    assertThat(ledger.events().get(0).asStated().cacheRead()).isEqualTo(90);
    assertThat(ledger.anomalies).hasValue(2);
  }
}
