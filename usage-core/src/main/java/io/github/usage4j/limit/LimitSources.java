package io.github.usage4j.limit;

import io.github.usage4j.Attribution;
import io.github.usage4j.UsageMetrics.Anomaly;
import io.github.usage4j.internal.Guard;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;

/**
 * Where limits come from: the host's code, its plans, and those that are stored. Of several of one
 * name and one kind of subject, the one that names the caller applies, else the one that names its
 * organization, and of those a stored one before a plan's before one in code.
 */
final class LimitSources {

  private final List<UsageLimit> fixed;
  private final List<Function<Attribution, List<UsageLimit>>> functions;
  private final Guard guard;
  private volatile List<UsageLimit> stored = List.of();

  LimitSources(
      List<UsageLimit> fixed,
      List<Function<Attribution, List<UsageLimit>>> functions,
      Guard guard) {
    this.fixed = List.copyOf(fixed);
    this.functions = List.copyOf(functions);
    this.guard = guard;
    requireDistinct(fixed);
  }

  private static void requireDistinct(List<UsageLimit> limits) {
    var known = new LinkedHashMap<Object, UsageLimit>();
    for (UsageLimit limit : limits) {
      if (known.put(List.of(limit.name(), limit.target()), limit) != null) {
        throw new IllegalArgumentException(
            "limits for the same subject must have different names, but two are named '"
                + limit.name()
                + "'");
      }
    }
  }

  /** The limits that the store has now. */
  void stored(List<UsageLimit> limits) {
    stored = List.copyOf(limits);
  }

  /** A limit for somebody, and how much it is meant for them. */
  private record Candidate(UsageLimit limit, int rank) {}

  private record Slot(String name, LimitKey.Scope scope) {}

  /**
   * The limits that apply to calls of this caller that ask for this model.
   *
   * @param plans what the functions said of the caller
   */
  Collection<UsageLimit> of(Attribution who, String model, List<UsageLimit> plans) {
    var found = new LinkedHashMap<Slot, Candidate>();
    add(found, fixed, who, model, 0);
    add(found, plans, who, model, 1);
    add(found, stored, who, model, 2);
    return found.values().stream().map(Candidate::limit).toList();
  }

  private static void add(
      Map<Slot, Candidate> found, List<UsageLimit> limits, Attribution who, String model, int by) {
    for (UsageLimit limit : limits) {
      LimitKey.Scope scope = limit.scopeFor(who, model);
      if (scope != null) {
        var candidate = new Candidate(limit, by + 4 * limit.target().precision());
        found.merge(new Slot(limit.name(), scope), candidate, (a, b) -> b.rank >= a.rank ? b : a);
      }
    }
  }

  /**
   * What the host's functions say of a caller; one that throws says what it said before.
   *
   * @param before what they said last
   */
  List<UsageLimit> plansOf(Attribution who, List<UsageLimit> before) {
    var plans = new ArrayList<UsageLimit>();
    for (Function<Attribution, List<UsageLimit>> function : functions) {
      plans.addAll(
          guard.get(
              Anomaly.LIMIT_SOURCE_FAILED,
              "the function that tells the limits of a caller",
              () ->
                  List.copyOf(
                      Objects.requireNonNull(function.apply(who), "the limits of a caller")),
              () -> before));
    }
    return plans;
  }
}
