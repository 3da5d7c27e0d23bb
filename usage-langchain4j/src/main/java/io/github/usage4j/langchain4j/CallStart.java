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

/** Starts the calls of wrapped models, each in the operation that it belongs to. Never throws. */
final class CallStart {

  private CallStart() {}

  /**
   * Starts a chat: the step after the call whose tools' results it carries, if there is one.
   *
   * @param client that is called
   * @param provider what it says of who serves it
   */
  static ModelCall chat(
      Settings settings,
      Object client,
      Supplier<ModelProvider> provider,
      Supplier<ChatRequestParameters> defaults,
      @Nullable ChatRequest request,
      boolean streaming) {
    String said = settings.quietly(() -> modelOf(defaults, request));
    String model = said == null ? settings.model() : said;
    List<ChatMessage> messages = request == null ? List.of() : request.messages();
    Place place = Place.of(settings, Reentry.identity(request));
    Starter starter = place.onBehalf() ? null : knownBefore(settings, request, messages);
    var size = new RequestSize(settings, messages, defaults, request);
    Supplier<String> name = () -> name(settings, client, provider);
    return begin(settings, Kind.CHAT, model, place, starter, streaming, name, size);
  }

  /** What a request belongs to by what was known of it before it was made; null if by nothing. */
  private static @Nullable Starter knownBefore(
      Settings settings, @Nullable ChatRequest request, List<ChatMessage> messages) {
    TrackedOperation announced =
        request == null
            ? null
            : settings.quietly(() -> settings.lineage().invocations().take(request));
    if (announced != null) {
      return announced::start;
    }
    TrackedCall previous =
        settings.quietly(() -> settings.lineage().previous(messages, settings.tracker()));
    return previous == null ? null : previous::next;
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

  private static String name(Settings settings, Object client, Supplier<ModelProvider> provider) {
    String override = settings.provider();
    return override != null ? override : Providers.nameOf(provider.get(), client);
  }

  /** Starts a call of a model whose kind may not say who serves it. */
  static ModelCall start(
      Settings settings,
      Kind kind,
      @Nullable String model,
      Object identity,
      boolean streaming,
      Supplier<String> provider) {
    Place place = Place.of(settings, identity);
    RequestSize size = RequestSize.unknown(settings);
    return begin(settings, kind, model, place, null, streaming, provider, size);
  }

  /** Where a call begins: in an operation, after another call, or by itself. */
  private interface Starter {
    TrackedCall start(Kind kind, String provider, String model);
  }

  private static ModelCall begin(
      Settings settings,
      Kind kind,
      @Nullable String model,
      Place place,
      @Nullable Starter known,
      boolean streaming,
      Supplier<String> provider,
      RequestSize size) {
    String name = settings.quietly(provider);
    String by = name == null ? Providers.OTHER : name;
    String asked = model == null ? "" : model;
    ModelCall outer = place.outer();
    TrackedCall around = place.onBehalf() && outer != null ? outer.tracked() : null;
    Starter unknown = around == null ? settings.tracker()::start : around::inside;
    Starter starter = known == null ? unknown : known;
    TrackedCall call =
        settings.quietly(
            () ->
                starter
                    .start(kind, by, asked)
                    .defaultCategory(settings.category())
                    .describe(event -> event.streaming(streaming)));
    var started = new ModelCall(settings, by, call, place, size, streaming);
    if (outer != null && call != null) {
      call.defaultCategory(place.onBehalf() ? outer.settings().category() : null);
      outer.inner().begun(started, place.onBehalf(), kind == Kind.CHAT);
    }
    started.admit();
    return started;
  }

  /**
   * Where a call is made.
   *
   * @param around what the thread is handing on
   * @param outer the call of the same tracker that this one is made inside of
   * @param onBehalf whether it makes the request of that call
   */
  record Place(Reentry.@Nullable Handing around, @Nullable ModelCall outer, boolean onBehalf) {

    private static final Place NOWHERE = new Place(null, null, false);

    /** The place of a call that makes this request on this thread. */
    static Place of(Settings settings, Object identity) {
      Reentry.Handing around = Reentry.current();
      if (around == null) {
        return NOWHERE;
      }
      Reentry.Handing innermost = Reentry.innermost(settings.tracker(), around);
      ModelCall outer = innermost == null ? null : innermost.call();
      TrackedCall tracked = outer == null ? null : outer.tracked();
      return innermost == null || tracked == null || tracked.hasEnded()
          ? new Place(around, null, false)
          : new Place(around, outer, innermost.what() == identity);
    }
  }
}
