package io.github.usage4j.examples.replay;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.ListIterator;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Compares what was recorded of one file with what its provider stated. */
final class Comparison {
  private final ExchangeFile file;
  private final Capture capture;
  private final Played played;
  private final List<RecordedEvent> recorded;

  private final List<FileResult.Event> events = new ArrayList<>();
  private final List<String> differences = new ArrayList<>();
  private final Set<String> skipDetails = new LinkedHashSet<>();
  private @Nullable SkipReason skipped;
  private @Nullable String clientException;
  private @Nullable String recordedError;
  private Figures total = Figures.ZERO;
  private Figures expected = Figures.ZERO;

  private Comparison(
      ExchangeFile file, Capture capture, Played played, List<RecordedEvent> recorded) {
    this.file = file;
    this.capture = capture;
    this.played = played;
    this.recorded = recorded;
  }

  /** The report's line for a file that was played. */
  static FileResult of(
      ExchangeFile file,
      FileResult.Mode mode,
      Capture capture,
      Played played,
      List<RecordedEvent> recorded) {
    return new Comparison(file, capture, played, recorded).result(mode);
  }

  private FileResult result(FileResult.Mode mode) {
    long calls = recorded.stream().filter(event -> !event.additional()).count();
    if (calls != played.calls()) {
      differences.add(calls + " events recorded of " + played.calls() + " calls");
    }
    if (played.unexpectedRequests() > 0) {
      differences.add(played.unexpectedRequests() + " requests more than were recorded");
    }
    ListIterator<RecordedEvent> rest = recorded.listIterator();
    for (int i = 0; i < file.steps().size(); i++) {
      compare(i + 1, file.steps().get(i), played.steps().get(i), rest);
    }
    rest.forEachRemaining(event -> events.add(FileResult.Event.of(file.steps().size(), event)));
    Figures whole = skipped == null ? file.expectedTotal().figures() : expected;
    total.differencesFrom(whole).forEach(difference -> differences.add("total: " + difference));
    compareByModel();
    return new FileResult(
        file.file(),
        file.provider(),
        mode,
        status(),
        reason(),
        detail(),
        events,
        total,
        file.expectedTotal().figures(),
        equal());
  }

  private void compare(
      int number, ExchangeStep step, Played.Step what, ListIterator<RecordedEvent> rest) {
    if (what instanceof Played.Failed failed) {
      differences.add("step " + number + ": " + failed.detail());
      return;
    }
    if (what instanceof Played.NotCalled notCalled) {
      skip(notCalled.reason(), notCalled.detail());
      return;
    }
    if (!rest.hasNext()) {
      return;
    }
    RecordedEvent event = rest.next();
    events.add(FileResult.Event.of(number, event));
    compareAlso(number, step, rest);
    @Nullable Throwable error = ((Played.Called) what).error();
    Figures stated = stated(step, event);
    if (capture == Capture.PLAIN && stated.none() && !step.expected().none()) {
      Optional<String> notExposed = notExposed(step, error);
      if (notExposed.isPresent()) {
        skip(SkipReason.USAGE_NOT_EXPOSED, "step " + number + ": " + notExposed.get());
        return;
      }
    }
    if (error != null && step.answered()) {
      if (Refusal.of(step, error).isEmpty()) {
        differences.add("step " + number + ": no client refused the answer, but " + error);
      }
      clientException = error.getClass().getName();
      skipDetails.add("step " + number + ": " + error);
    } else if (!step.answered()) {
      recordedError = "status " + step.response().status();
    }
    String outcome = error == null ? RecordedEvent.SUCCESS : RecordedEvent.ERROR;
    if (!event.outcome().equals(outcome)) {
      differences.add(
          "step "
              + number
              + ": outcome "
              + event.outcome()
              + " instead of "
              + outcome
              + because(error));
    }
    if (!sameNumber(event.searches(), step.searches())) {
      differences.add(
          "step "
              + number
              + ": searches "
              + event.searches()
              + " instead of "
              + step.searches()
              + because(error));
    }
    // Blocked before the model was asked, say: there is no figure in the answer, not a figure of 0.
    boolean unstated = error != null && stated.none() && step.expected().equals(Figures.ZERO);
    stated
        .differencesFrom(unstated ? Figures.NONE : step.expected())
        .forEach(
            difference -> differences.add("step " + number + ": " + difference + because(error)));
    total = total.plus(stated);
    expected = expected.plus(step.expected());
  }

  /** What other models used: an event for each that the provider states, in that order. */
  private void compareAlso(int number, ExchangeStep step, ListIterator<RecordedEvent> rest) {
    Iterator<ExchangeStep.Also> also = step.expectedAlso().iterator();
    while (rest.hasNext()) {
      RecordedEvent event = rest.next();
      if (!event.additional()) {
        rest.previous();
        break;
      }
      events.add(FileResult.Event.of(number, event));
      total = total.plus(event.stated());
      if (!also.hasNext()) {
        differences.add("step " + number + ": an event of " + event.model() + " too many");
        continue;
      }
      ExchangeStep.Also one = also.next();
      expected = expected.plus(one.figures());
      if (!event.model().equals(one.model())) {
        differences.add(
            "step " + number + ": also " + event.model() + " instead of " + one.model());
      }
      event
          .stated()
          .differencesFrom(one.figures())
          .forEach(
              difference ->
                  differences.add("step " + number + ", " + one.model() + ": " + difference));
    }
    also.forEachRemaining(
        one -> differences.add("step " + number + ": no event of " + one.model()));
  }

  /** Only where several models answered one call: providers call one model by several names. */
  private void compareByModel() {
    @Nullable Map<String, Figures> byModel = file.expectedTotal().byModel();
    boolean several = file.steps().stream().anyMatch(step -> !step.expectedAlso().isEmpty());
    if (byModel == null || !several || skipped != null) {
      return;
    }
    var sums = new TreeMap<String, Figures>();
    recorded.forEach(event -> sums.merge(event.model(), event.stated(), Figures::plus));
    for (String model : union(byModel.keySet(), sums.keySet())) {
      Figures stated = byModel.getOrDefault(model, Figures.ZERO);
      Figures sum = sums.getOrDefault(model, Figures.ZERO);
      if (!Objects.equals(sum.inputTokens(), stated.inputTokens())
          || !Objects.equals(sum.outputTokens(), stated.outputTokens())) {
        differences.add("total of " + model + ": " + sum + " instead of " + stated);
      }
    }
  }

  private static Set<String> union(Set<String> one, Set<String> other) {
    var all = new TreeSet<>(one);
    all.addAll(other);
    return all;
  }

  /**
   * Estimates were not stated by anybody; and an embedding has no output, whether or not that is
   * said.
   */
  private Figures stated(ExchangeStep step, RecordedEvent event) {
    if (event.quality().equals(RecordedEvent.ESTIMATED)) {
      return Figures.NONE;
    }
    boolean embedding =
        ProviderClients.find(file.provider(), step.api()) instanceof ProviderClient.Embeddings;
    return embedding && !event.stated().none()
        ? event.stated().withoutOutputAsZero()
        : event.stated();
  }

  /**
   * Why the client does not pass the stated figures on: it refuses the answer as a whole, or it
   * drops the field. No excuse where the library sees what the provider sent.
   */
  private Optional<String> notExposed(ExchangeStep step, @Nullable Throwable error) {
    ProviderClient client = ProviderClients.find(file.provider(), step.api());
    if (error != null && client instanceof ProviderClient.Playable playable) {
      int status = step.response().status();
      return Refusal.of(step, error)
          .map(
              refusal ->
                  playable.usageField() + " of an answer with status " + status + ": " + refusal);
    }
    return client instanceof ProviderClient.Embeddings embeddings
        ? Optional.ofNullable(embeddings.droppedUsage())
        : Optional.empty();
  }

  private void skip(SkipReason reason, String detail) {
    if (skipped == null || reason == SkipReason.LOOP_NOT_DRIVABLE) {
      skipped = reason;
    }
    skipDetails.add(detail);
  }

  private FileResult.Status status() {
    if (skipped != null) {
      return FileResult.Status.SKIPPED;
    }
    if (clientException != null) {
      return FileResult.Status.CLIENT_EXCEPTION;
    }
    return recordedError != null ? FileResult.Status.RECORDED_ERROR : FileResult.Status.OK;
  }

  private @Nullable String reason() {
    if (skipped != null) {
      return skipped.code();
    }
    return clientException != null ? clientException : recordedError;
  }

  private @Nullable String detail() {
    List<String> all = new ArrayList<>(differences);
    all.addAll(skipDetails);
    return all.isEmpty() ? null : String.join("; ", all);
  }

  private @Nullable Boolean equal() {
    if (!differences.isEmpty()) {
      return false;
    }
    return skipped == null ? Boolean.TRUE : null;
  }

  private static boolean sameNumber(@Nullable BigDecimal one, @Nullable BigDecimal other) {
    if (one == null) {
      return other == null;
    }
    return other != null && one.compareTo(other) == 0;
  }

  private static String because(@Nullable Throwable error) {
    return error == null ? "" : " (" + error + ")";
  }
}
