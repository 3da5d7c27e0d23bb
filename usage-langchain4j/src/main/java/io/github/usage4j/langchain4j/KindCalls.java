package io.github.usage4j.langchain4j;

import dev.langchain4j.model.ModelProvider;
import io.github.usage4j.UsageEvent.Kind;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Records the calls of one tracked model that is not a chat model. A call of the same kind inside
 * of it, under a decorator of the host's, is made on its behalf; the overloads of a model call each
 * other past the tracked one.
 *
 * @param <M> the kind of model
 */
final class KindCalls<M> {

  /** The names of what is charged apart from tokens. */
  static final String SEARCHES = "searches";

  static final String IMAGES = "images";
  static final String SECONDS = "seconds";
  static final String CHARACTERS = "characters";

  /** Says what an answer states; units go to the call, all else is returned. */
  interface Reading<T> {
    Answer read(ModelCall call, @Nullable T answer);
  }

  private static final String UNKNOWN = "unknown"; // what interfaces say by default

  /** Many clients have a public {@code modelName()} that their interface lacks. */
  private static final ClassValue<MethodHandle> MODEL_NAME =
      new ClassValue<>() {
        @Override
        protected MethodHandle computeValue(Class<?> client) {
          MethodHandle nobody =
              MethodHandles.dropArguments(
                  MethodHandles.constant(Object.class, null), 0, Object.class);
          try {
            Method method = client.getMethod("modelName");
            return Modifier.isPublic(client.getModifiers())
                ? MethodHandles.publicLookup()
                    .unreflect(method)
                    .asType(MethodType.methodType(Object.class, Object.class))
                : nobody;
          } catch (ReflectiveOperationException | RuntimeException | LinkageError e) {
            return nobody;
          }
        }
      };

  private final Settings settings;
  private final Kind kind;
  private final Class<M> type;
  private final M delegate;
  private final @Nullable Supplier<ModelProvider> provider;

  /**
   * @param provider null if models of this kind do not say
   */
  KindCalls(
      Settings settings,
      Kind kind,
      Class<M> type,
      M delegate,
      @Nullable Supplier<ModelProvider> provider) {
    this.settings = settings;
    this.kind = kind;
    this.type = type;
    this.delegate = delegate;
    this.provider = provider;
  }

  /** Makes a call that answers on this thread. */
  <T> T make(@Nullable String asked, Supplier<T> model, Reading<T> reading) {
    ModelCall call = start(asked, false);
    return call.make(type, model, answer -> reading.read(call, answer));
  }

  /** Makes a call that answers later. */
  <T> CompletableFuture<T> makeAsync(
      @Nullable String asked, Supplier<CompletableFuture<T>> model, Reading<T> reading) {
    ModelCall call = start(asked, false);
    return call.makeAsync(type, model, answer -> reading.read(call, answer));
  }

  /** Runs a call of the model inside. */
  void handOn(ModelCall call, Runnable model) {
    var unused =
        call.handOn(
            type,
            () -> {
              model.run();
              return type;
            });
  }

  ModelCall start(@Nullable String asked, boolean streaming) {
    return CallStart.start(settings, kind, modelOf(asked), type, streaming, this::provider);
  }

  /** Who serves the model, in the words that events use. */
  String provider() {
    if (settings.provider() != null) {
      return settings.provider();
    }
    return Providers.nameOf(provider == null ? null : provider.get(), delegate);
  }

  private @Nullable String modelOf(@Nullable String asked) {
    String name = known(asked);
    if (name == null) {
      name = known(settings.quietly(() -> namedByClient(delegate)));
    }
    return name != null ? name : settings.model();
  }

  /** What the client's own {@code modelName()} says, if it has one. */
  private static @Nullable String namedByClient(Object client) {
    try {
      Object name = MODEL_NAME.get(client.getClass()).invoke(client);
      return name instanceof String text ? text : null;
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      return null;
    }
  }

  /** A name that interfaces do not just say by default. */
  static @Nullable String known(@Nullable String model) {
    return model == null || model.isBlank() || model.equals(UNKNOWN) ? null : model;
  }
}
