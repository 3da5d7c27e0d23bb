package io.github.usage4j.examples.quickstart;

import static io.github.usage4j.UsageEvent.Kind.CHAT;
import static io.github.usage4j.UsageMeasure.COST;
import static io.github.usage4j.UsageQueries.Dimension.DAY;
import static io.github.usage4j.UsageQueries.Dimension.MODEL;
import static io.github.usage4j.UsageQueries.Dimension.USER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.openai.OpenAiChatModel;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel;
import dev.langchain4j.model.output.Response;
import dev.langchain4j.model.output.TokenUsage;
import dev.langchain4j.model.scoring.ScoringModel;
import dev.langchain4j.service.AiServices;
import io.github.usage4j.Attribution;
import io.github.usage4j.BillingPeriod;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.UsageMetrics;
import io.github.usage4j.UsageQueries;
import io.github.usage4j.UsageSummary;
import io.github.usage4j.jdbc.JdbcUsageStore;
import io.github.usage4j.langchain4j.TrackedModels;
import io.github.usage4j.pricing.ModelPrice;
import io.github.usage4j.pricing.PriceCatalog;
import io.github.usage4j.sink.InMemoryUsageStore;
import io.github.usage4j.sink.UsageBuffer;
import io.github.usage4j.sink.UsageSink;
import io.github.usage4j.track.TrackedCall;
import io.github.usage4j.track.UsageScope;
import io.github.usage4j.track.UsageTracker;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.h2.jdbcx.JdbcConnectionPool;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The code that users write, scenario by scenario, run against a real client and a database. */
@Timeout(120)
class ApiTourTest {

  private static final BillingPeriod NOW = BillingPeriod.monthOf(Instant.now());
  private static final UsageFilter ACME = UsageFilter.organization("acme");

  @TempDir private Path folder;
  private ScriptedOpenAi openAi;

  @BeforeEach
  void start() throws Exception {
    openAi = new ScriptedOpenAi();
  }

  @AfterEach
  void stop() {
    openAi.close();
  }

  private JdbcUsageStore h2() {
    String url = "jdbc:h2:" + folder.resolve("usage").toAbsolutePath();
    return JdbcUsageStore.open(JdbcConnectionPool.create(url, "sa", ""));
  }

  private ChatModel model() {
    return OpenAiChatModel.builder()
        .baseUrl(openAi.baseUrl())
        .apiKey("none")
        .modelName("gpt-4o-mini")
        .build();
  }

  private StreamingChatModel streamingModel() {
    return OpenAiStreamingChatModel.builder()
        .baseUrl(openAi.baseUrl())
        .apiKey("none")
        .modelName("gpt-4o-mini")
        .build();
  }

  private static SupportDesk.Assistant assistant(ChatModel model) {
    return AiServices.builder(SupportDesk.Assistant.class)
        .chatModel(model)
        .tools(new SupportDesk.Tools())
        .build();
  }

  @Test
  void scenario1_hello() {
    var store = h2();
    try (var tracker = UsageTracker.create(store)) {
      ChatModel model = TrackedModels.with(tracker).wrap(model());
      model.chat("Why is the sky blue?");
    }
    UsageSummary month =
        store.queries().total(UsageFilter.allOrganizations(), BillingPeriod.monthOf(Instant.now()));
    assertThat(month.tokens()).isEqualTo(TokenCounts.of(412, 18).cacheRead(0).reasoning(0));
  }

  @Test
  void scenario2_totalOfOneRequest() {
    try (var tracker = UsageTracker.create(h2())) {
      TrackedModels models = TrackedModels.with(tracker);
      var assistant = assistant(models.wrap(model()));
      try (UsageScope scope =
          tracker.scope(Attribution.organization("acme").user("ada").category("support"))) {
        String answer = assistant.chat("Where is my order?");

        UsageSummary usage = scope.totalUsage();
        assertThat(answer).isEqualTo("Your order 4711 arrives tomorrow.");
        assertThat(usage.totalTokens()).isEqualTo(1_509);
        assertThat(usage.toolTurns()).isEqualTo(2);
        assertThat(usage.unpriced()).isZero();
      }
    }
  }

  @Test
  void scenario3_streamingWithTokensPerMessage() throws Exception {
    var shown = Collections.synchronizedList(new ArrayList<Long>());
    var done = new CountDownLatch(1);
    try (var tracker = UsageTracker.create(h2())) {
      var assistant =
          AiServices.builder(SupportDesk.StreamingAssistant.class)
              .streamingChatModel(TrackedModels.with(tracker).wrap(streamingModel()))
              .tools(new SupportDesk.Tools())
              .build();
      UsageScope seen;
      try (UsageScope scope = tracker.scope(Attribution.organization("acme").user("ada"))) {
        seen = scope;
        scope.onUsage(usage -> shown.add(usage.totalTokens()));

        assistant
            .chat("Tell me a story")
            .onPartialResponseWithContext((part, context) -> {})
            .onCompleteResponse(response -> done.countDown())
            .onError(error -> done.countDown())
            .start();
      }
      assertThat(done.await(60, TimeUnit.SECONDS)).isTrue();
      assertThat(seen.totalUsage().totalTokens()).isEqualTo(1_509);
      assertThat(shown).containsExactly(430L, 922L, 1_509L);
    }
  }

  @Test
  void scenario3_stopped_isCancelled() throws Exception {
    var store = h2();
    var stopped = new CountDownLatch(1);
    try (var tracker = UsageTracker.create(store)) {
      StreamingChatModel model = TrackedModels.with(tracker).wrap(streamingModel());
      // The third turn answers with text, so that there are pieces to stop at.
      List<dev.langchain4j.data.message.ChatMessage> messages =
          List.of(
              dev.langchain4j.data.message.UserMessage.from("hi"),
              dev.langchain4j.data.message.ToolExecutionResultMessage.from("1", "a", "x"),
              dev.langchain4j.data.message.ToolExecutionResultMessage.from("2", "b", "y"));
      UsageScope scope = tracker.scope(Attribution.organization("acme"));
      scope.onUsage(usage -> stopped.countDown());
      scope.run(
          () ->
              model.chat(
                  messages,
                  new dev.langchain4j.model.chat.response.StreamingChatResponseHandler() {
                    @Override
                    public void onPartialResponse(
                        dev.langchain4j.model.chat.response.PartialResponse part,
                        dev.langchain4j.model.chat.response.PartialResponseContext context) {
                      context.streamingHandle().cancel();
                    }

                    @Override
                    public void onCompleteResponse(ChatResponse response) {}

                    @Override
                    public void onError(Throwable error) {}
                  }));
      assertThat(stopped.await(60, TimeUnit.SECONDS)).isTrue();
      assertThat(scope.totalUsage().cancelled()).isEqualTo(1);
    }
    assertThat(store.queries().total(ACME, NOW).cancelled()).isEqualTo(1);
  }

  private record Login(String tenant, String id, String email) {
    private static final ThreadLocal<Login> CURRENT = new ThreadLocal<>();

    static Optional<Login> current() {
      return Optional.ofNullable(CURRENT.get());
    }
  }

  @Test
  void scenario4_resolverViewedCustomerSessionCategory() {
    var store = new InMemoryUsageStore();
    UsageTracker tracker =
        UsageTracker.builder(store)
            .buffer(UsageBuffer.none())
            .attribution(
                () ->
                    Login.current()
                        .map(
                            login ->
                                Attribution.organization(login.tenant())
                                    .user(login.id(), login.email()))
                        .orElse(Attribution.NONE))
            .build();
    var assistant = assistant(TrackedModels.with(tracker).wrap(model()));
    Login.CURRENT.set(new Login("acme", "ada", "ada@acme.example"));
    try {
      tracker
          .scope(who -> who.customer("c7", "Customer 7").session("chat-1").category("support"))
          .call(() -> assistant.chat("Where is my order?"));
    } finally {
      Login.CURRENT.remove();
    }
    assertThat(store.events())
        .hasSize(3)
        .extracting(UsageEvent::attribution)
        .containsOnly(
            Attribution.organization("acme")
                .user("ada", "ada@acme.example")
                .customer("c7", "Customer 7")
                .session("chat-1")
                .category("support"));
  }

  @Test
  void scenario5_ownExecutor() {
    try (var tracker = UsageTracker.create(h2())) {
      ChatModel model = TrackedModels.with(tracker).wrap(model());
      ExecutorService pool = tracker.wrap(Executors.newCachedThreadPool());
      try (UsageScope scope =
          tracker.scope(Attribution.organization("acme").category("summaries"))) {
        var summaries =
            Stream.of("a", "b", "c", "d")
                .map(
                    text ->
                        CompletableFuture.supplyAsync(() -> model.chat("Summarise: " + text), pool))
                .toList();
        summaries.forEach(CompletableFuture::join);
        assertThat(scope.totalUsage().calls()).isEqualTo(4);
        assertThat(scope.totalUsage().totalTokens()).isEqualTo(4 * 430);
      }
      pool.shutdown();
      assertThat(new Thread(tracker.wrap(() -> model.chat("hi")))).isNotNull();
    }
  }

  @Test
  void scenario6_severalModelsOfOneTracker() {
    var store = new InMemoryUsageStore();
    UsageTracker tracker = UsageTracker.builder(store).buffer(UsageBuffer.none()).build();
    TrackedModels models = TrackedModels.with(tracker);
    ChatModel router = models.category("router").wrap(model());
    ChatModel deepSeek = models.provider("deepseek").wrap(model());
    router.chat("which?");
    deepSeek.chat("hi");
    assertThat(store.events())
        .extracting(UsageEvent::provider)
        .containsExactly("openai", "deepseek");
    assertThat(store.events())
        .extracting(event -> event.attribution().category())
        .containsExactly("router", null);
  }

  @Test
  void scenario7_and_8_monthOfAnOrganization_priced() {
    var store = h2();
    ModelPrice contract =
        ModelPrice.perMillion("openai", "gpt-4o-mini", "USD")
            .input("2.00")
            .cacheRead("1.00")
            .output("8.00")
            .validFrom(Instant.parse("2026-07-01T00:00:00Z"))
            .reference("contract 2026-07");
    PriceCatalog prices = PriceCatalog.of(contract).orElse(PriceCatalog.none());
    try (var tracker = UsageTracker.builder(store).prices(prices).build()) {
      var assistant = assistant(TrackedModels.with(tracker).wrap(model()));
      tracker
          .scope(Attribution.organization("acme").user("ada", "Ada"))
          .call(() -> assistant.chat("Where is my order?"));
    }
    UsageQueries usage = store.queries();
    UsageSummary total = usage.total(ACME, NOW);
    // (412 + 471 + 523 - 768) x 2 + 768 x 1 + (18 + 21 + 64) x 8, per million
    assertThat(total.cost("USD")).isEqualByComparingTo("0.002868");
    assertThat(total.unpriced()).isZero();
    assertThat(usage.by(ACME, NOW, MODEL)).hasSize(1);
    assertThat(usage.by(ACME, NOW, MODEL).get(0).key(MODEL)).isEqualTo("gpt-4o-mini-2024-07-18");
    assertThat(usage.daily(ACME, NOW)).hasSizeGreaterThan(27);
    assertThat(usage.daily(ACME, NOW).get(0).key(DAY)).endsWith("-01");
    assertThat(usage.top(ACME, NOW, USER, COST, 10).get(0).label(USER)).isEqualTo("Ada");
    assertThat(store.reports().compareElapsed(ACME, NOW, Instant.now()).change(COST).percent())
        .isNull();
    var page = usage.events(ACME, NOW, 2, null);
    assertThat(page.events()).hasSize(2);
    assertThat(usage.events(ACME, NOW, 2, page.next()).next()).isNull();
    assertThat(usage.by(UsageFilter.allOrganizations().unpriced(), NOW, MODEL)).isEmpty();
    UsageEvent event = usage.event(ACME, page.events().get(0).id()).orElseThrow();
    assertThat(prices.explain(event).orElseThrow().total())
        .isEqualByComparingTo(event.cost().total());
  }

  @Test
  void scenario10_and_11_metricsAndFanOut() {
    var store = new InMemoryUsageStore();
    var sent = Collections.synchronizedList(new ArrayList<String>());
    var lost = new ArrayList<Integer>();
    UsageSink toKafka =
        events -> {
          for (var event : events) sent.add(event.id().toString());
        };
    UsageTracker tracker =
        UsageTracker.builder(store)
            .alsoTo(toKafka)
            .metrics(
                new UsageMetrics() {
                  @Override
                  public void dropped(int events, DropReason reason) {
                    lost.add(events);
                  }
                })
            .build();
    TrackedModels.with(tracker).wrap(model()).chat("hi");
    tracker.close();
    assertThat(store.events()).hasSize(1);
    assertThat(sent).containsExactly(store.events().get(0).id().toString());
    assertThat(lost).isEmpty();
  }

  @Test
  void scenario2_withListeners_joinsTheInvocationOutsideAScope() {
    var store = new InMemoryUsageStore();
    UsageTracker tracker = UsageTracker.builder(store).buffer(UsageBuffer.none()).build();
    TrackedModels models = TrackedModels.with(tracker);
    AiServices.builder(SupportDesk.Assistant.class)
        .chatModel(models.wrap(model()))
        .tools(new SupportDesk.Tools())
        .registerListeners(models.aiServiceListeners())
        .build()
        .chat("Where is my order?");
    assertThat(store.events().stream().map(UsageEvent::operationId).distinct()).hasSize(1);
    assertThat(UsageSummary.of(store.events()).totalTokens()).isEqualTo(1_509);
  }

  @Test
  void scenario12_embeddingsAndRerank() {
    var store = new InMemoryUsageStore();
    UsageTracker tracker = UsageTracker.builder(store).buffer(UsageBuffer.none()).build();
    TrackedModels models = TrackedModels.with(tracker).provider("voyage_ai").category("rag");
    EmbeddingModel embeddings =
        models.wrap(
            new EmbeddingModel() {
              @Override
              public Response<List<Embedding>> embedAll(List<TextSegment> segments) {
                var vectors = segments.stream().map(s -> Embedding.from(new float[] {1})).toList();
                return Response.from(vectors, new TokenUsage(7 * segments.size()));
              }
            });
    ScoringModel scoring =
        models.wrap(
            (ScoringModel)
                (segments, query) ->
                    Response.from(segments.stream().map(s -> 0.5).toList(), new TokenUsage(100)));
    List<TextSegment> segments = List.of(TextSegment.from("a"), TextSegment.from("b"));
    try (UsageScope scope = tracker.scope(Attribution.organization("acme"))) {
      embeddings.embedAll(segments);
      embeddings.embed("question");
      scoring.scoreAll(segments, "question");

      assertThat(scope.totalUsage().tokens().input()).isEqualTo(14 + 7 + 100);
      assertThat(scope.totalUsage().calls()).isEqualTo(3);
    }
    assertThat(store.events())
        .extracting(UsageEvent::kind)
        .containsExactly(
            UsageEvent.Kind.EMBEDDING, UsageEvent.Kind.EMBEDDING, UsageEvent.Kind.RERANK);
  }

  private record Reply(long promptTokens, long completionTokens, long cachedTokens) {}

  @Test
  void scenario13_anotherSdkByHand() throws Exception {
    var store = new InMemoryUsageStore();
    UsageTracker tracker = UsageTracker.builder(store).buffer(UsageBuffer.none()).build();
    Reply reply =
        tracker
            .start(CHAT, "acme-llm", "large-2")
            .run(
                () -> new Reply(900, 120, 400),
                r ->
                    TokenCounts.of(r.promptTokens(), r.completionTokens())
                        .cacheRead(r.cachedTokens()));
    TrackedCall call = tracker.start(CHAT, "acme-llm", "large-2");
    CompletableFuture.supplyAsync(() -> reply)
        .whenComplete(
            (r, error) -> {
              if (error == null) {
                call.succeeded(TokenCounts.of(r.promptTokens(), r.completionTokens()));
              } else {
                call.failed(error);
              }
            })
        .join();
    assertThat(UsageSummary.of(store.events()).tokens())
        .isEqualTo(TokenCounts.of(1_800, 240).cacheRead(400));
  }

  private record OldRow(
      int id, String model, Instant at, String org, String user, int in, int out) {}

  @Test
  void scenario14_importHistory() {
    var store = h2();
    Instant at = Instant.parse("2025-03-01T12:00:00Z");
    for (int time = 0; time < 2; time++) {
      try (var tracker = UsageTracker.create(store)) {
        Stream.of(
                new OldRow(1, "gpt", at, "acme", "ada", 10, 1),
                new OldRow(2, "gpt", at, "acme", "bob", 20, 2))
            .map(
                row ->
                    UsageEvent.builder(
                            UsageEvent.idFrom("old-billing", row.id()), CHAT, "openai", row.model())
                        .startedAt(row.at())
                        .attribution(Attribution.organization(row.org()).user(row.user()))
                        .tokens(TokenCounts.of(row.in(), row.out()))
                        .build())
            .forEach(tracker::record);
        assertThat(tracker.flush(Duration.ofSeconds(60))).isTrue();
      }
    }
    assertThat(store.queries().total(ACME, BillingPeriod.month(2025, 3)).tokens())
        .isEqualTo(TokenCounts.of(30, 3));
  }

  private static final class FakeModel implements ChatModel {
    @Override
    public ChatResponse doChat(ChatRequest request) {
      return ChatResponse.builder()
          .aiMessage(AiMessage.from("there"))
          .modelName("fake-1")
          .tokenUsage(new TokenUsage(100, 20))
          .build();
    }
  }

  @Test
  void scenario16_testsOfTheUsersApplication() {
    InMemoryUsageStore store = new InMemoryUsageStore();
    UsageTracker tracker =
        UsageTracker.builder(store)
            .buffer(UsageBuffer.none())
            .clock(InstantSource.fixed(Instant.parse("2026-11-21T10:00:00Z")))
            .prices(
                PriceCatalog.of(
                    ModelPrice.perMillion("fake", "fake-1", "USD").input("1").output("2")))
            .build();
    ChatModel model = TrackedModels.with(tracker).provider("fake").wrap(new FakeModel());
    tracker
        .scope(Attribution.organization("acme").user("ada"))
        .call(() -> model.chat("Where is my order?"));

    UsageEvent event = store.events().get(0);
    assertEquals("ada", event.attribution().user());
    assertEquals(120L, event.tokens().total());
    assertThat(event.cost().total()).isEqualByComparingTo("0.00014");
  }
}
