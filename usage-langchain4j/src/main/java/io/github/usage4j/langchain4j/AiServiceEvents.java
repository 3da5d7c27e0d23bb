package io.github.usage4j.langchain4j;

import dev.langchain4j.observability.api.event.AiServiceCompletedEvent;
import dev.langchain4j.observability.api.event.AiServiceErrorEvent;
import dev.langchain4j.observability.api.event.AiServiceEvent;
import dev.langchain4j.observability.api.event.AiServiceRequestIssuedEvent;
import dev.langchain4j.observability.api.event.AiServiceStartedEvent;
import dev.langchain4j.observability.api.listener.AiServiceListener;
import java.util.List;
import java.util.function.Consumer;

/** Listens to the AI services that are to be joined into operations. Never throws. */
final class AiServiceEvents {

  private AiServiceEvents() {}

  static List<AiServiceListener<?>> listeners(Settings settings) {
    Invocations invocations = settings.lineage().invocations();
    return List.of(
        listener(
            AiServiceStartedEvent.class,
            settings,
            event -> invocations.started(event.invocationContext())),
        listener(
            AiServiceRequestIssuedEvent.class,
            settings,
            event -> invocations.announced(event.invocationContext(), event.request())),
        listener(
            AiServiceCompletedEvent.class,
            settings,
            event -> invocations.ended(event.invocationContext())),
        listener(
            AiServiceErrorEvent.class,
            settings,
            event -> invocations.ended(event.invocationContext())));
  }

  private static <T extends AiServiceEvent> AiServiceListener<T> listener(
      Class<T> kind, Settings settings, Consumer<T> action) {
    return new AiServiceListener<>() {
      @Override
      public Class<T> getEventClass() {
        return kind;
      }

      @Override
      public void onEvent(T event) {
        settings.quietly(
            () -> {
              action.accept(event);
              return event;
            });
      }
    };
  }
}
