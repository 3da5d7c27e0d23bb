package io.github.usage4j.langchain4j;

import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.model.ModelProvider;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import io.github.usage4j.UsageEvent.Kind;
import io.github.usage4j.track.TrackedCall;
import io.github.usage4j.track.TrackedOperation;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * How a call of a wrapped model begins: which model is asked for, who serves it, and which
 * operation it is a step of. Nothing here throws.
 */
final class CallStart {

  private CallStart() {}

  /** Starts a chat: the step after the call whose tools' results it carries, if there is one. */
  static ModelCall chat(
      Settings settings,
      Supplier<ModelProvider> provider,
      Supplier<ChatRequestParameters> defaults,
      @Nullable ChatRequest request,
      boolean streaming) {
    String model = settings.quietly(() -> modelOf(defaults, request));
    List<ChatMessage> messages = request == null ? List.of() : request.messages();
    TrackedOperation announced =
        request == null
            ? null
            : settings.quietly(() -> settings.lineage().invocations().take(request));
    if (announced != null) {
      return begin(
          settings,
          Kind.CHAT,
          model,
          announced::start,
          streaming,
          name(settings, provider),
          messages);
    }
    TrackedCall previous =
        settings.quietly(() -> settings.lineage().previous(messages, settings.tracker()));
    Starter starter = previous == null ? settings.tracker()::start : previous::next;
    return begin(
        settings, Kind.CHAT, model, starter, streaming, name(settings, provider), messages);
  }

  /** The model asked for, as the delegate will merge it. */
  private static @Nullable String modelOf(
      Supplier<ChatRequestParameters> defaults, @Nullable ChatRequest request) {
    String asked = request == null ? null : request.modelName();
    if (asked != null) {
      return asked;
    }
    ChatRequestParameters parameters = defaults.get();
    return parameters == null ? null : parameters.modelName();
  }

  static ModelCall start(
      Settings settings,
      Kind kind,
      Supplier<ModelProvider> provider,
      @Nullable String model,
      @Nullable TrackedCall previous,
      boolean streaming) {
    Starter starter = previous == null ? settings.tracker()::start : previous::next;
    return begin(settings, kind, model, starter, streaming, name(settings, provider), List.of());
  }

  private static Supplier<String> name(Settings settings, Supplier<ModelProvider> provider) {
    String override = settings.provider();
    return () -> override != null ? override : Providers.nameOf(provider.get());
  }

  /** Starts a call of a model whose kind may not say who serves it. */
  static ModelCall start(
      Settings settings,
      Kind kind,
      @Nullable String model,
      @Nullable TrackedCall previous,
      boolean streaming,
      Supplier<String> provider) {
    Starter starter = previous == null ? settings.tracker()::start : previous::next;
    return begin(settings, kind, model, starter, streaming, provider, List.of());
  }

  /** Where a call begins: in an operation, after another call, or by itself. */
  private interface Starter {
    TrackedCall start(Kind kind, String provider, String model);
  }

  private static ModelCall begin(
      Settings settings,
      Kind kind,
      @Nullable String model,
      Starter starter,
      boolean streaming,
      Supplier<String> provider,
      List<ChatMessage> messages) {
    String name = settings.quietly(provider);
    String by = name == null ? Providers.OTHER : name;
    String asked = model == null ? "" : model;
    TrackedCall call =
        settings.quietly(
            () ->
                starter
                    .start(kind, by, asked)
                    .defaultCategory(settings.category())
                    .describe(event -> event.streaming(streaming)));
    return new ModelCall(settings, by, call, messages, streaming);
  }
}
