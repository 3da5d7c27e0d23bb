package io.github.usage4j.track;

import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Outcome;
import io.github.usage4j.UsageEventBuilder;
import io.github.usage4j.UsageMetrics.Anomaly;
import io.github.usage4j.internal.Guard;
import io.github.usage4j.track.TrackedCall.AdditionalUsage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Makes the one event of a call, with what is known of the call and what it costs. Runs code of the
 * host's: never call it under a lock.
 */
final class CallEvents {

  /** The name space of the ids of what a call used besides. */
  private static final String ADDITIONAL = "usage4j/additional";

  private final Pricing pricing;
  private final Guard guard;
  private final @Nullable String instance;

  CallEvents(Pricing pricing, Guard guard, @Nullable String instance) {
    this.pricing = pricing;
    this.guard = guard;
    this.instance = instance;
  }

  /**
   * The event of a call that has ended.
   *
   * @param how adds what is known of what it used
   */
  UsageEvent make(
      TrackedCall call, Outcome outcome, Consumer<UsageEventBuilder> how, Duration took) {
    boolean opens = outcome != Outcome.REFUSED && call.operation.open();
    int step = call.step();
    UsageEvent event =
        guard.get(
            Anomaly.EVENT_REPAIRED,
            "building an event as given",
            () -> {
              UsageEventBuilder builder = newEvent(call, outcome);
              if (call.details != null) {
                call.details.accept(builder);
              }
              how.accept(builder);
              return complete(call, builder.outcome(outcome), took, step, opens);
            },
            // The call was paid for: better an event without its figures than none.
            () -> complete(call, newEvent(call, outcome), took, step, opens));
    return pricing.priced(event, addingUp(call.exchanges, event));
  }

  /**
   * The events of what else is charged for a call that has ended with this event: none as a rule.
   */
  List<UsageEvent> others(TrackedCall call, UsageEvent own) {
    List<AdditionalUsage> additional = call.additional;
    if (additional.isEmpty() || call.suspended() || own.outcome() == Outcome.REFUSED) {
      return List.of();
    }
    var others = new ArrayList<UsageEvent>(additional.size());
    for (int i = 0; i < additional.size(); i++) {
      AdditionalUsage one = additional.get(i);
      UUID id = UsageEvent.idFrom(ADDITIONAL, call.id() + "/" + i, own.occurredAt());
      String model = one.model() == null ? call.model : one.model();
      int step = call.operation.stepAgain();
      UsageEvent other =
          guard.get(
              Anomaly.EVENT_REPAIRED,
              "building an event of what a call used besides",
              () -> {
                UsageEventBuilder event = UsageEvent.builder(id, own.kind(), own.provider(), model);
                one.used().accept(event);
                return like(own, event, step);
              },
              () -> like(own, UsageEvent.builder(id, own.kind(), own.provider(), model), step));
      others.add(pricing.priced(other, addingUp(one.requests(), other)));
    }
    return others;
  }

  private static UsageEvent like(UsageEvent own, UsageEventBuilder other, int step) {
    return other
        .streaming(own.streaming())
        .responseId(own.responseId())
        .credentialId(own.credentialId())
        .startedAt(own.occurredAt())
        .duration(own.duration())
        .operation(own.operationId(), step)
        .parentOperation(own.parentOperationId())
        .opensOperation(false)
        .attribution(own.attribution())
        .outcome(own.outcome())
        .errorType(own.errorType())
        .metadata(own.metadata())
        .instance(own.instance())
        .build();
  }

  /** Which call it is and nothing of what it used, for whoever ends it while it is being made. */
  UsageEvent bare(TrackedCall call, Outcome outcome, Duration took) {
    return complete(call, newEvent(call, outcome), took, 1, false);
  }

  private static UsageEventBuilder newEvent(TrackedCall call, Outcome outcome) {
    return UsageEvent.builder(call.id(), call.kind, call.provider, call.model).outcome(outcome);
  }

  private UsageEvent complete(
      TrackedCall call, UsageEventBuilder event, Duration took, int step, boolean opens) {
    return event
        .startedAt(call.occurredAt)
        .duration(took)
        .timeToFirstToken(call.timeToFirstToken)
        .operation(call.operation.id(), step)
        .parentOperation(call.operation.parentId())
        .opensOperation(opens)
        .attribution(call.attribution)
        .instance(instance)
        .build();
  }

  /** Those that were given, if they add up to what the event says. */
  private List<TokenCounts> addingUp(List<TokenCounts> each, UsageEvent event) {
    if (each.isEmpty()) {
      return each;
    }
    return guard.get(
        Anomaly.EVENT_REPAIRED,
        "adding up the exchanges of a call",
        () -> {
          TokenCounts sum = each.stream().reduce(TokenCounts.UNKNOWN, TokenCounts::plus);
          return sum.equals(event.tokens()) ? each : List.of();
        },
        List::of);
  }
}
