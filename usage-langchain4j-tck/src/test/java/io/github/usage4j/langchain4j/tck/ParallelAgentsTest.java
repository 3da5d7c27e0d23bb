package io.github.usage4j.langchain4j.tck;

import static org.assertj.core.api.Assertions.assertThat;

import dev.langchain4j.agent.tool.P;
import dev.langchain4j.agent.tool.Tool;
import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agentic.Agent;
import dev.langchain4j.agentic.AgenticServices;
import dev.langchain4j.agentic.UntypedAgent;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.output.TokenUsage;
import dev.langchain4j.service.UserMessage;
import dev.langchain4j.service.V;
import io.github.usage4j.Attribution;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.langchain4j.TrackedModels;
import io.github.usage4j.sink.InMemoryUsageStore;
import io.github.usage4j.sink.UsageBuffer;
import io.github.usage4j.track.UsageTracker;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Agents of langchain4j-agentic: three in parallel, one of which uses a tool, then one that sums
 * up. One run makes five model calls: 10/1, 20/2 and 30/3 (around the tool), 40/4, 100/10; together
 * 200/20.
 */
public class ParallelAgentsTest {

  private static final List<String> ONE_RUN = List.of("10/1", "100/10", "20/2", "30/3", "40/4");

  /** Public, because the agents are called by reflection. */
  public interface Expert {
    @Agent("knows a topic")
    @UserMessage("Tell me about {{topic}}")
    String tell(@V("topic") String topic);
  }

  /** Public for the same reason. */
  public interface Editor {
    @Agent("sums up")
    @UserMessage("Sum up {{first}}, {{second}} and {{third}}")
    String sumUp(@V("first") String first, @V("second") String second, @V("third") String third);
  }

  static final class Library {
    @Tool("finds a book")
    String find(@P(name = "title", value = "its title") String title) {
      return "found " + title;
    }
  }

  private final InMemoryUsageStore store = new InMemoryUsageStore();
  private final UsageTracker tracker =
      UsageTracker.builder(store).buffer(UsageBuffer.none()).build();
  private final TrackedModels models = TrackedModels.with(tracker).provider("fake");
  private final AtomicInteger reached = new AtomicInteger();
  private final ExecutorService pool = Executors.newFixedThreadPool(4);

  @AfterEach
  void stop() {
    pool.shutdownNow();
  }

  @Test
  void parallelAgents_belongToTheScope() {
    UntypedAgent agents = agents(tracker.wrap(pool), new CyclicBarrier(3));
    try (var scope = tracker.scope(Attribution.organization("acme").user("ada"))) {
      assertThat(agents.invoke(Map.of("topic", "tea"))).isEqualTo("100");
      assertThat(scope.totalUsage().tokens().input()).isEqualTo(200);
      assertThat(scope.totalUsage().tokens().output()).isEqualTo(20);
    }
    assertThat(reached).hasValue(5);
    assertThat(figures(store.events())).isEqualTo(ONE_RUN);
    assertThat(store.events())
        .allSatisfy(e -> assertThat(e.attribution().organization()).isEqualTo("acme"))
        .allSatisfy(e -> assertThat(e.attribution().user()).isEqualTo("ada"))
        .extracting(UsageEvent::operationId)
        .containsOnly(store.events().get(0).operationId());
  }

  @Test
  void fiftyRunsOfTenTenantsAtOnce_keepApart() throws Exception {
    UntypedAgent agents = agents(tracker.wrap(pool), null);
    ExecutorService callers = Executors.newFixedThreadPool(8);
    var runs = new ArrayList<Future<?>>();
    for (int i = 0; i < 50; i++) {
      String tenant = "tenant-" + i % 10;
      runs.add(
          callers.submit(
              () -> {
                try (var scope = tracker.scope(Attribution.organization(tenant))) {
                  agents.invoke(Map.of("topic", "tea"));
                }
              }));
    }
    for (Future<?> run : runs) {
      run.get(60, TimeUnit.SECONDS);
    }
    callers.shutdownNow();
    assertThat(reached).hasValue(250);
    assertThat(store.events()).hasSize(250);
    Map<String, List<UsageEvent>> operations =
        store.events().stream().collect(Collectors.groupingBy(UsageEvent::operationId));
    assertThat(operations).hasSize(50);
    var runsOf = new TreeMap<String, Integer>();
    operations.forEach(
        (id, events) -> {
          assertThat(figures(events)).isEqualTo(ONE_RUN);
          List<String> tenants =
              events.stream().map(e -> e.attribution().organization()).distinct().toList();
          assertThat(tenants).hasSize(1);
          runsOf.merge(tenants.get(0), 1, Integer::sum);
        });
    assertThat(runsOf).hasSize(10).allSatisfy((tenant, n) -> assertThat(n).isEqualTo(5));
  }

  /** Nothing is lost on a bare executor either; but nobody is known there. */
  @Test
  void parallelAgentsOnABareExecutor_areRecordedForNobody() {
    UntypedAgent agents = agents(pool, new CyclicBarrier(3));
    try (var scope = tracker.scope(Attribution.organization("acme"))) {
      agents.invoke(Map.of("topic", "tea"));
    }
    assertThat(reached).hasValue(5);
    assertThat(figures(store.events())).isEqualTo(ONE_RUN);
    Map<Boolean, List<UsageEvent>> byKnown =
        store.events().stream()
            .collect(Collectors.partitioningBy(e -> "acme".equals(e.attribution().organization())));
    assertThat(figures(byKnown.get(true))).containsExactly("100/10");
    assertThat(byKnown.get(false).stream().map(UsageEvent::operationId).distinct()).hasSize(3);
  }

  private UntypedAgent agents(Executor executor, CyclicBarrier together) {
    UntypedAgent experts =
        AgenticServices.parallelBuilder()
            .subAgents(
                expert("first", together, request -> answer(10)),
                expert("second", together, request -> isAfterTool(request) ? answer(30) : find()),
                expert("third", together, request -> answer(40)))
            .executor(executor)
            .build();
    Editor editor =
        AgenticServices.agentBuilder(Editor.class)
            .chatModel(model(null, request -> answer(100)))
            .outputKey("sum")
            .build();
    return AgenticServices.sequenceBuilder().subAgents(experts, editor).outputKey("sum").build();
  }

  private Expert expert(
      String key, CyclicBarrier together, Function<ChatRequest, ChatResponse> answers) {
    return AgenticServices.agentBuilder(Expert.class)
        .chatModel(model(together, answers))
        .tools(new Library())
        .outputKey(key)
        .build();
  }

  /** If there is a barrier, answers the first step only when all three agents are at it. */
  private ChatModel model(CyclicBarrier together, Function<ChatRequest, ChatResponse> answers) {
    return models.wrap(
        new ChatModel() {
          @Override
          public ChatResponse doChat(ChatRequest request) {
            reached.incrementAndGet();
            if (together != null && !isAfterTool(request)) {
              try {
                together.await(60, TimeUnit.SECONDS);
              } catch (Exception e) {
                throw new IllegalStateException("not in parallel", e);
              }
            }
            return answers.apply(request);
          }
        });
  }

  private static boolean isAfterTool(ChatRequest request) {
    return request.messages().get(request.messages().size() - 1)
        instanceof ToolExecutionResultMessage;
  }

  private static ChatResponse answer(int input) {
    return response(AiMessage.from(String.valueOf(input)), input);
  }

  private static ChatResponse find() {
    var call =
        ToolExecutionRequest.builder()
            .id("call_0")
            .name("find")
            .arguments("{\"title\":\"tea\"}")
            .build();
    return response(AiMessage.from(call), 20);
  }

  private static ChatResponse response(AiMessage message, int input) {
    return ChatResponse.builder()
        .aiMessage(message)
        .tokenUsage(new TokenUsage(input, input / 10))
        .build();
  }

  private static List<String> figures(List<UsageEvent> events) {
    return events.stream()
        .map(e -> e.tokens().input() + "/" + e.tokens().output())
        .sorted()
        .toList();
  }
}
