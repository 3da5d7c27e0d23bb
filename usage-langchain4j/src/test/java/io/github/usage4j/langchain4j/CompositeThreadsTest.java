package io.github.usage4j.langchain4j;

import static io.github.usage4j.langchain4j.Fakes.chat;
import static io.github.usage4j.langchain4j.Fakes.text;
import static io.github.usage4j.langchain4j.Fakes.tokens;
import static org.assertj.core.api.Assertions.assertThat;

import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatResponse;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Decorators of the host's that are tracked, with tracked models inside: on other threads. */
@Timeout(60)
class CompositeThreadsTest {

  private final Ledger ledger = new Ledger();
  private final TrackedModels outside = ledger.models.provider("outside");
  private final TrackedModels a = ledger.models.provider("a");
  private final TrackedModels b = ledger.models.provider("b");
  private final ExecutorService pool = Executors.newFixedThreadPool(2);

  @AfterEach
  void nothingElse() {
    pool.shutdownNow();
    assertThat(ledger.anomalies).hasValue(0);
  }

  private static RuntimeException refused() {
    return new IllegalStateException("refused");
  }

  private static ChatModel fallback(ChatModel first, ChatModel second) {
    return chat(
        request -> {
          try {
            return first.chat(request);
          } catch (RuntimeException e) {
            return second.chat(request);
          }
        });
  }

  /** What is recorded, with who served it and as which step. */
  private List<String> calls() {
    return ledger.calls();
  }

  // Other threads

  private static ChatModel on(Executor executor, ChatModel model) {
    return chat(
        request -> CompletableFuture.supplyAsync(() -> model.chat(request), executor).join());
  }

  @Test
  void wrappedExecutor_carriesTheCallAround() {
    Executor wrapped = ledger.tracker.wrap((Executor) pool);
    ChatModel first = on(wrapped, a.wrap(chat(refused())));
    ChatModel second = on(wrapped, b.wrap(chat(text(tokens(20, 2)))));
    outside.wrap(fallback(first, second)).chat("hi");

    assertThat(calls()).containsExactly("1 a null/null ERROR", "2 b 20/2");
    assertThat(ledger.operations()).isEqualTo(1);
  }

  @Test
  void wrappedTask_thatRunsAfterTheCall_isACallOfItsOwn() {
    ChatModel inner = a.wrap(chat(text(tokens(10, 1)), text(tokens(20, 2))));
    var later = new AtomicReference<Runnable>();
    outside
        .wrap(
            chat(
                request -> {
                  later.set(ledger.tracker.wrap(() -> inner.chat(request)));
                  return inner.chat(request);
                }))
        .chat("hi");
    later.get().run();

    assertThat(calls()).containsExactly("1 a 10/1", "1 a 20/2");
  }

  @Test
  void sameRequest_twiceAtOnceThroughTheOuter_isTwoCalls() throws Exception {
    var both = new CountDownLatch(2);
    ChatModel inner =
        a.wrap(
            chat(
                request -> {
                  both.countDown();
                  await(both);
                  return text(tokens(10, 1));
                }));
    for (Executor executor : List.of(pool, ledger.tracker.wrap((Executor) pool))) {
      ChatModel outer = outside.wrap(chat(inner::chat));
      ChatRequest request = ChatRequest.builder().messages(UserMessage.from("hi")).build();
      var one = CompletableFuture.supplyAsync(() -> outer.chat(request), executor);
      var two = CompletableFuture.supplyAsync(() -> outer.chat(request), executor);
      one.join();
      two.join();
    }
    assertThat(calls()).hasSize(4).containsOnly("1 a 10/1");
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void raceOfTwoModels_isBothCalls_alsoTheOneThatLost() {
    var asked = new CountDownLatch(1);
    var decided = new CountDownLatch(1);
    ChatModel slow =
        a.wrap(
            chat(
                request -> {
                  asked.countDown();
                  await(decided);
                  return text(tokens(10, 1));
                }));
    ChatModel fast =
        b.wrap(
            chat(
                request -> {
                  await(asked);
                  return text(tokens(20, 2));
                }));
    Executor wrapped = ledger.tracker.wrap((Executor) pool);
    var lost = new AtomicReference<CompletableFuture<?>>();
    outside
        .wrap(
            chat(
                request -> {
                  var one = CompletableFuture.supplyAsync(() -> slow.chat(request), wrapped);
                  lost.set(one);
                  return CompletableFuture.supplyAsync(() -> fast.chat(request), wrapped).join();
                }))
        .chat("hi");
    decided.countDown();
    lost.get().join();

    assertThat(ledger.figures()).containsExactly("20/2", "10/1");
    assertThat(ledger.operations()).isEqualTo(1);
  }

  @Test
  void manyAtOnce_areEachCallOfAProvider_andNoneTwice() {
    var asked = new AtomicInteger();
    ChatModel failing =
        a.wrap(
            chat(
                request -> {
                  if (asked.incrementAndGet() % 2 == 0) {
                    throw refused();
                  }
                  return text(tokens(10, 1));
                }));
    ChatModel second = b.wrap(chat(request -> text(tokens(20, 2))));
    ExecutorService inside = Executors.newFixedThreadPool(4);
    Executor wrapped = ledger.tracker.wrap((Executor) inside);
    ChatModel outer = outside.wrap(fallback(on(wrapped, failing), second));
    ChatRequest request = ChatRequest.builder().messages(UserMessage.from("the same")).build();
    List<CompletableFuture<ChatResponse>> all =
        IntStream.range(0, 1000)
            .mapToObj(i -> CompletableFuture.supplyAsync(() -> outer.chat(request), pool))
            .toList();
    all.forEach(CompletableFuture::join);
    inside.shutdown();

    assertThat(
            ledger.events().stream()
                .collect(
                    Collectors.groupingBy(
                        e -> e.provider() + " " + Ledger.figures(e), Collectors.counting())))
        .isEqualTo(Map.of("a 10/1", 500L, "a null/null ERROR", 500L, "b 20/2", 500L));
    assertThat(ledger.operations()).isEqualTo(1000);
  }

  // chatAsync

  private static ChatModel async(Function<ChatRequest, CompletableFuture<ChatResponse>> how) {
    return new ChatModel() {
      @Override
      public CompletableFuture<ChatResponse> chatAsync(ChatRequest request) {
        return how.apply(request);
      }
    };
  }

  @Test
  void asyncFallback_inACompletion_isEachCallOfAProvider() {
    var first = new CompletableFuture<ChatResponse>();
    var second = new CompletableFuture<ChatResponse>();
    ChatModel one = a.wrap(async(request -> first));
    ChatModel two = b.wrap(async(request -> second));
    ChatModel either =
        outside.wrap(
            async(
                request ->
                    one.chatAsync(request).exceptionallyCompose(e -> two.chatAsync(request))));
    CompletableFuture<String> result = either.chatAsync("hi");
    first.completeExceptionally(refused());
    second.complete(text(tokens(20, 2)));

    assertThat(result).isCompletedWithValue("done");
    assertThat(calls()).containsExactly("1 a null/null ERROR", "2 b 20/2");
    assertThat(ledger.operations()).isEqualTo(1);
  }

  @Test
  void asyncFallback_onAWrappedExecutor_isEachCallOfAProvider() {
    Executor wrapped = ledger.tracker.wrap((Executor) pool);
    var first = new CompletableFuture<ChatResponse>();
    ChatModel one = a.wrap(async(request -> first));
    ChatModel two =
        b.wrap(async(request -> CompletableFuture.completedFuture(text(tokens(20, 2)))));
    ChatModel either =
        outside.wrap(
            async(
                request ->
                    one.chatAsync(request)
                        .exceptionallyComposeAsync(e -> two.chatAsync(request), wrapped)));
    CompletableFuture<String> result = either.chatAsync("hi");
    first.completeExceptionally(refused());

    assertThat(result.join()).isEqualTo("done");
    assertThat(calls()).containsExactly("1 a null/null ERROR", "2 b 20/2");
  }

  @Test
  void asyncCall_cancelledOutside_isOneCancelledCall() {
    var source = new CompletableFuture<ChatResponse>();
    ChatModel inner = a.wrap(async(request -> source));
    CompletableFuture<ChatResponse> result =
        outside
            .wrap(async(inner::chatAsync))
            .chatAsync(ChatRequest.builder().messages(UserMessage.from("hi")).build());
    result.cancel(true);

    assertThat(source).isCancelled();
    assertThat(calls()).containsExactly("1 a null/null CANCELLED");
  }
}
