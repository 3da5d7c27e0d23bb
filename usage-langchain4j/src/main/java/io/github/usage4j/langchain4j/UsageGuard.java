package io.github.usage4j.langchain4j;

import dev.langchain4j.model.ModelProvider;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.listener.ChatModelRequestContext;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.embedding.listener.EmbeddingModelListener;
import dev.langchain4j.model.embedding.listener.EmbeddingModelRequestContext;
import dev.langchain4j.model.moderation.ModerationModel;
import dev.langchain4j.model.moderation.listener.ModerationModelListener;
import dev.langchain4j.model.moderation.listener.ModerationModelRequestContext;
import io.github.usage4j.UsageMetrics.Anomaly;
import io.github.usage4j.track.UsageTracker;
import java.util.Objects;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Reports calls that nobody accounts for. Registered as a listener of a model, it counts {@link
 * Anomaly#UNTRACKED_CALL} for each call that does not come through a tracked model of this tracker,
 * and warns of the first one. It changes nothing about the call.
 *
 * <p>A model tells its listeners on the thread that calls it, which is how a tracked call is known.
 * A decorator between the tracked model and this one must therefore stay on that thread, or change
 * to one of an executor that the tracker wrapped.
 */
public final class UsageGuard
    implements ChatModelListener, EmbeddingModelListener, ModerationModelListener {

  private final UsageTracker tracker;

  private UsageGuard(UsageTracker tracker) {
    this.tracker = tracker;
  }

  /** A guard that reports calls which do not come through a tracked model of this tracker. */
  public static UsageGuard of(UsageTracker tracker) {
    return new UsageGuard(Objects.requireNonNull(tracker, "tracker"));
  }

  @Override
  public void onRequest(ChatModelRequestContext context) {
    check(UsageGuard::isChat, context::modelProvider, () -> context.chatRequest().modelName());
  }

  @Override
  public void onRequest(EmbeddingModelRequestContext context) {
    check(
        EmbeddingModel.class::equals,
        context::modelProvider,
        () -> context.embeddingModel().modelName());
  }

  @Override
  public void onRequest(ModerationModelRequestContext context) {
    check(
        ModerationModel.class::equals,
        context::modelProvider,
        () -> context.moderationRequest().modelName());
  }

  /** Whether this is what a tracked chat model hands on; the other kinds hand on their class. */
  private static boolean isChat(Object what) {
    return what == Reentry.class || !(what instanceof Class<?>);
  }

  private void check(
      Predicate<Object> kind,
      Supplier<@Nullable ModelProvider> provider,
      Supplier<@Nullable String> model) {
    if (!Reentry.isInside(tracker, kind)) {
      tracker.report(
          Anomaly.UNTRACKED_CALL,
          "a call of " + words(provider, model) + " did not come through a tracked model",
          null);
    }
  }

  private static String words(
      Supplier<@Nullable ModelProvider> provider, Supplier<@Nullable String> model) {
    try {
      return Providers.nameOf(provider.get()) + "/" + model.get();
    } catch (RuntimeException | LinkageError e) {
      return "a model that does not say which";
    }
  }
}
