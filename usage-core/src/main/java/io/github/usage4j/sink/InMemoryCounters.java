package io.github.usage4j.sink;

import io.github.usage4j.Attribution;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.limit.LimitKey;
import io.github.usage4j.limit.LimitKey.Scope;
import io.github.usage4j.limit.LimitKey.Subject;
import io.github.usage4j.limit.LimitState;
import io.github.usage4j.limit.LimitStore.Grant;
import io.github.usage4j.limit.LimitStore.Holder;
import io.github.usage4j.limit.LimitStore.Terms;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The counters of limits, found by whom they are about. Not safe for use by several threads. */
final class InMemoryCounters {

  /** Named by whom a counter is about, whatever else it asks for. */
  private record Whose(Subject subject, @Nullable String organization, @Nullable String id) {

    static Whose of(Scope scope) {
      return new Whose(scope.subject(), scope.organization(), scope.id());
    }

    static List<Whose> of(Attribution who) {
      return List.of(
          new Whose(Subject.APPLICATION, null, null),
          new Whose(Subject.ORGANIZATION, who.organization(), null),
          new Whose(Subject.USER, who.organization(), who.user()),
          new Whose(Subject.CUSTOMER, who.organization(), who.customer()));
    }
  }

  /** A counter. */
  static final class State {
    final LimitKey key;
    final Map<String, BigDecimal> leases = new HashMap<>();
    final List<Grant> grants = new ArrayList<>();
    Terms terms = new Terms(BigDecimal.ZERO, List.of());
    BigDecimal used = BigDecimal.ZERO;
    int raised;

    State(LimitKey key) {
      this.key = key;
    }

    BigDecimal granted() {
      return grants.stream().map(Grant::amount).reduce(BigDecimal.ZERO, BigDecimal::add);
    }

    BigDecimal total() {
      return terms.allowance().add(granted());
    }

    void lease(String holder, BigDecimal amount) {
      if (amount.signum() == 0) {
        leases.remove(holder);
      } else {
        leases.put(holder, amount);
      }
    }

    int crossed() {
      return terms.crossed(used, total(), raised);
    }

    LimitState answer() {
      BigDecimal leased = leases.values().stream().reduce(BigDecimal.ZERO, BigDecimal::add);
      return new LimitState(key, terms.allowance(), terms.alertAt(), granted(), used, leased);
    }
  }

  /** What a holder is to be told. */
  record Told(Holder holder, UsageEvent event, LimitKey key, BigDecimal used, BigDecimal lowered) {

    void tell() {
      holder.stored(event.id(), key, used, lowered);
    }
  }

  /** What holders are to be told of an event. */
  record Stored(List<Told> told) {}

  private final Map<LimitKey, State> states = new LinkedHashMap<>();
  private final Map<Whose, List<State>> byWhom = new HashMap<>();
  private final Map<List<Object>, LimitKey> references = new HashMap<>();

  State open(LimitKey key, Supplier<List<UsageEvent>> events) {
    State known = states.get(key);
    if (known != null) {
      return known;
    }
    var state = new State(key);
    for (UsageEvent event : events.get()) {
      if (key.counts(event)) {
        state.used = state.used.add(key.amountOf(event));
      }
    }
    State before = key.endsWithRenewal() ? null : states.get(key.beforeRenewal());
    if (before != null) {
      state.grants.addAll(before.grants);
      state.raised = before.raised;
    }
    states.put(key, state);
    byWhom.computeIfAbsent(Whose.of(key.scope()), whose -> new ArrayList<>()).add(state);
    return state;
  }

  /** Counts an event, if it is new. */
  Stored store(UsageEvent event, boolean isNew, List<Holder> holders, Consumer<State> changed) {
    var told = new ArrayList<Told>();
    for (Whose whose : Whose.of(event.attribution())) {
      for (State state : byWhom.getOrDefault(whose, List.of())) {
        if (state.key.counts(event)) {
          BigDecimal amount = state.key.amountOf(event);
          for (Holder holder : holders) {
            if (holder.covers(event.id(), state.key)) {
              BigDecimal has = state.leases.getOrDefault(holder.id(), BigDecimal.ZERO);
              BigDecimal lowered = isNew ? has.min(amount) : amount;
              if (isNew) {
                state.lease(holder.id(), has.subtract(lowered));
              }
              told.add(new Told(holder, event, state.key, amount, lowered));
            }
          }
          if (isNew && amount.signum() > 0) {
            state.used = state.used.add(amount);
            changed.accept(state);
          }
        }
      }
    }
    return new Stored(told);
  }

  boolean grant(LimitKey key, Grant grant, Supplier<List<UsageEvent>> events) {
    if (references.putIfAbsent(List.of(key.limit(), key.scope(), grant.reference()), key) != null) {
      return false;
    }
    open(key, events).grants.add(grant);
    return true;
  }

  List<Grant> grants(LimitKey key) {
    State state = states.get(key);
    return state == null ? List.of() : List.copyOf(state.grants);
  }

  /** A holder is gone, and what it had is free. */
  void release(String holder) {
    states.values().forEach(state -> state.leases.remove(holder));
  }

  /** All events are forgotten. */
  void clear() {
    states.values().forEach(state -> state.used = BigDecimal.ZERO);
  }
}
