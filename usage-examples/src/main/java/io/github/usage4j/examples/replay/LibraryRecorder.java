package io.github.usage4j.examples.replay;

import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.language.LanguageModel;
import dev.langchain4j.model.language.StreamingLanguageModel;
import dev.langchain4j.model.scoring.ScoringModel;
import io.github.usage4j.Attribution;
import io.github.usage4j.BillingPeriod;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.UsageQueries;
import io.github.usage4j.UsageQueries.Dimension;
import io.github.usage4j.UsageSummary;
import io.github.usage4j.examples.support.SummaryTable;
import io.github.usage4j.langchain4j.TrackedModels;
import io.github.usage4j.sink.UsageStore;
import io.github.usage4j.track.UsageScope;
import io.github.usage4j.track.UsageTracker;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/** Accounts with this library, and reads back from the database what was recorded. */
final class LibraryRecorder implements Recorder {

  private static final String ORGANIZATION = "replay";
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** Streams here fail for good or go on at once, so that an error need not be held for long. */
  private static final Duration ERROR_GRACE = Duration.ofMillis(300);

  private final UsageStore store;
  private final UsageTracker tracker;
  private final TrackedModels models;

  /** Tells this run from earlier ones in the same database. */
  private final String run = UUID.randomUUID().toString();

  private final BillingPeriod month = BillingPeriod.monthOf(Instant.now());

  LibraryRecorder(UsageStore store) {
    this.store = store;
    tracker = UsageTracker.builder(store).errorGrace(ERROR_GRACE).build();
    models = TrackedModels.with(tracker);
  }

  @Override
  public ChatModel wrap(String provider, ChatModel model) {
    return models.provider(provider).wrap(model);
  }

  @Override
  public StreamingChatModel wrap(String provider, StreamingChatModel model) {
    return models.provider(provider).wrap(model);
  }

  @Override
  public EmbeddingModel wrap(String provider, EmbeddingModel model) {
    return models.provider(provider).wrap(model);
  }

  @Override
  public LanguageModel wrap(String provider, LanguageModel model) {
    return models.provider(provider).wrap(model);
  }

  @Override
  public StreamingLanguageModel wrap(String provider, StreamingLanguageModel model) {
    return models.provider(provider).wrap(model);
  }

  @Override
  public ScoringModel wrap(String provider, ScoringModel model) {
    return models.provider(provider).wrap(model);
  }

  @Override
  public List<RecordedEvent> record(String name, IntSupplier play) {
    UsageScope scope = tracker.scope(Attribution.organization(ORGANIZATION).session(run));
    int calls = scope.call(play::getAsInt);
    awaitEnds(scope, calls);
    if (!tracker.flush(PATIENCE)) {
      throw new IllegalStateException(name + ": not everything could be stored");
    }
    var events = new ArrayList<RecordedEvent>();
    UsageEvent before = null;
    for (UsageEvent event : store.queries().operation(filter(), scope.operationId())) {
      events.add(recorded(event, before));
      before = event;
    }
    return events;
  }

  /** Calls of one program begin one after the other; what one used besides began with it. */
  private static boolean isOneCall(UsageEvent event, @Nullable UsageEvent before) {
    return before != null && event.occurredAt().equals(before.occurredAt());
  }

  /** A stream that reported an error ends a little later than the program hears of it. */
  private static void awaitEnds(UsageScope scope, int calls) {
    var missing = new CountDownLatch(1);
    scope.onUsage(usage -> releaseIf(calls(scope) >= calls, missing));
    releaseIf(calls(scope) >= calls, missing);
    try {
      // What is still missing after this time shows up as a difference.
      missing.await(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static long calls(UsageScope scope) {
    return scope.events().stream().map(UsageEvent::occurredAt).distinct().count();
  }

  private static void releaseIf(boolean all, CountDownLatch missing) {
    if (all) {
      missing.countDown();
    }
  }

  private static RecordedEvent recorded(UsageEvent event, @Nullable UsageEvent before) {
    TokenCounts stated = event.asStated();
    return new RecordedEvent(
        event.provider(),
        event.model(),
        new Figures(
            stated.input(),
            stated.output(),
            stated.total(),
            stated.cacheRead(),
            stated.cacheWrite(),
            stated.reasoning()),
        event.quality().name(),
        event.outcome().name(),
        new RecordedEvent.Charges(
            event.cost(),
            event.statedCost(),
            event.serviceTier(),
            event.units(),
            event.conditions()),
        isOneCall(event, before));
  }

  @Override
  public long recordedCalls() {
    tracker.close();
    return store.queries().total(filter().session(run), BillingPeriod.lifetime()).calls();
  }

  @Override
  public List<String> monthSummary() {
    UsageQueries usage = store.queries();
    UsageSummary total = usage.total(filter(), month);
    var lines = new ArrayList<String>();
    lines.add("Month " + month.start().toString().substring(0, 7) + " (UTC) in the database:");
    lines.addAll(
        SummaryTable.of(Dimension.PROVIDER, usage.by(filter(), month, Dimension.PROVIDER), total));
    return lines;
  }

  private static UsageFilter filter() {
    return UsageFilter.organization(ORGANIZATION);
  }

  @Override
  public void close() {
    tracker.close();
  }
}
