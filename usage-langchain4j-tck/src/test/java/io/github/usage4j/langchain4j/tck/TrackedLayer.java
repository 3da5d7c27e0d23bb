package io.github.usage4j.langchain4j.tck;

import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.output.TokenUsage;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Outcome;
import io.github.usage4j.UsageMetrics;
import io.github.usage4j.langchain4j.TrackedModels;
import io.github.usage4j.sink.InMemoryUsageStore;
import io.github.usage4j.sink.UsageBuffer;
import io.github.usage4j.track.UsageTracker;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;

/**
 * Tracks every model, and counts beneath the tracked model what reaches the model itself. The
 * models of these tests state no usage, and no test looks at it: each answer is given figures of
 * its own, so that every event can be told apart. Each model has a category of its own.
 */
final class TrackedLayer implements Layer {

  /** One model, and the calls that reached it. */
  private record Counted(String category, boolean streaming, List<Call> calls) {}

  /** One call that reached a model. */
  private static final class Call {
    final int number;
    private String end = "none";

    Call(int number) {
      this.number = number;
    }

    /** An answer counts, even after an error; otherwise the first end does. */
    synchronized ChatResponse answered(ChatResponse response) {
      if (end.startsWith(Outcome.SUCCESS.name())) {
        return response;
      }
      boolean silent =
          response != null && response.aiMessage() != null && response.tokenUsage() == null;
      end = line(Outcome.SUCCESS, silent ? (long) number : null, silent ? 2L * number : null);
      return silent
          ? ChatResponse.builder()
              .aiMessage(response.aiMessage())
              .metadata(
                  response.metadata().toBuilder()
                      .tokenUsage(new TokenUsage(number, 2 * number))
                      .build())
              .build()
          : response;
    }

    synchronized void failed() {
      if (!ended()) {
        end = line(Outcome.ERROR, null, null);
      }
    }

    synchronized boolean ended() {
      return !end.equals("none");
    }

    synchronized String end() {
      return end;
    }
  }

  private static String line(Outcome outcome, Long input, Long output) {
    return outcome + " " + input + "/" + output;
  }

  private final AtomicInteger numbers = new AtomicInteger();
  private final AtomicInteger anomalies = new AtomicInteger();
  private final InMemoryUsageStore store = new InMemoryUsageStore();
  private final UsageTracker tracker =
      UsageTracker.builder(store)
          .buffer(UsageBuffer.none())
          .metrics(
              new UsageMetrics() {
                @Override
                public void anomaly(Anomaly what) {
                  anomalies.incrementAndGet();
                }
              })
          .build();
  private final List<Counted> models = new CopyOnWriteArrayList<>();

  @Override
  public ChatModel over(ChatModel model) {
    Counted counted = counted(false);
    return tracking(counted).wrap(counting(ChatModel.class, model, counted));
  }

  @Override
  public StreamingChatModel over(StreamingChatModel model) {
    Counted counted = counted(true);
    return tracking(counted).wrap(counting(StreamingChatModel.class, model, counted));
  }

  private synchronized Counted counted(boolean streaming) {
    var counted = new Counted("model-" + models.size(), streaming, new CopyOnWriteArrayList<>());
    models.add(counted);
    return counted;
  }

  private TrackedModels tracking(Counted counted) {
    return TrackedModels.with(tracker).category(counted.category());
  }

  /** A proxy, because it forwards every method to the same method, whatever there is. */
  private <T> T counting(Class<T> type, T model, Counted counted) {
    return proxy(
        type,
        (method, arguments) -> {
          if (!method.getName().startsWith("chat")) {
            return invoke(model, method, arguments);
          }
          var call = new Call(numbers.incrementAndGet());
          counted.calls().add(call);
          for (int i = 0; i < arguments.length; i++) {
            if (arguments[i] instanceof StreamingChatResponseHandler handler) {
              arguments[i] = ending(handler, call);
            }
          }
          Object result;
          try {
            result = invoke(model, method, arguments);
          } catch (Throwable e) {
            call.failed();
            throw e;
          }
          return method.getReturnType() == ChatResponse.class
              ? call.answered((ChatResponse) result)
              : result;
        });
  }

  private static StreamingChatResponseHandler ending(
      StreamingChatResponseHandler handler, Call call) {
    return proxy(
        StreamingChatResponseHandler.class,
        (method, arguments) -> {
          if (method.getName().equals("onCompleteResponse")) {
            arguments[0] = call.answered((ChatResponse) arguments[0]);
          } else if (method.getName().equals("onError")) {
            call.failed();
          }
          return invoke(handler, method, arguments);
        });
  }

  private interface Forwarder {
    Object forward(Method method, Object[] arguments) throws Throwable;
  }

  private static <T> T proxy(Class<T> type, Forwarder forwarder) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> forwarder.forward(method, arguments)));
  }

  private static Object invoke(Object target, Method method, Object[] arguments) throws Throwable {
    try {
      return method.invoke(target, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  @Override
  public List<String> figures() {
    return List.of(
        "models=" + models.size(),
        "blockingCalls=" + calls(false, call -> true),
        "streamingCalls=" + calls(true, call -> true),
        "unendedCalls=" + (calls(true, c -> !c.ended()) + calls(false, c -> !c.ended())),
        "events=" + store.events().size(),
        "errorEvents=" + store.events().stream().filter(e -> e.outcome() == Outcome.ERROR).count(),
        "inputTokens="
            + store.events().stream()
                .map(e -> e.tokens().input())
                .filter(Objects::nonNull)
                .mapToLong(Long::longValue)
                .sum(),
        "anomalies=" + anomalies);
  }

  private long calls(boolean streaming, Predicate<Call> which) {
    return models.stream()
        .filter(model -> model.streaming() == streaming)
        .flatMap(model -> model.calls().stream())
        .filter(which)
        .count();
  }

  /** Ends what is held, and compares call by call. */
  @Override
  public List<String> problems() {
    tracker.close();
    List<UsageEvent> events = store.events();
    var problems = new ArrayList<String>();
    int known = 0;
    for (Counted model : models) {
      List<String> made =
          model.calls().stream().filter(Call::ended).map(Call::end).sorted().toList();
      List<String> recorded =
          events.stream()
              .filter(e -> model.category().equals(e.attribution().category()))
              .filter(e -> e.streaming() == model.streaming())
              .map(e -> line(e.outcome(), e.tokens().input(), e.tokens().output()))
              .sorted()
              .toList();
      known += recorded.size();
      if (!recorded.equals(made)) {
        problems.add(model.category() + ": calls " + made + ", recorded " + recorded);
      }
    }
    if (known != events.size()) {
      problems.add(events.size() - known + " events of no known model");
    }
    return problems;
  }
}
