package io.github.usage4j.limit;

import io.github.usage4j.Attribution;
import io.github.usage4j.Cost;
import io.github.usage4j.internal.Checks;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What somebody has booked: limits under a name. Immutable.
 *
 * @param name such as {@code pro}
 * @param limits what it allows
 * @param price what it costs in each of its periods, for reports; null if nothing, or not known
 */
public record Plan(String name, List<UsageLimit> limits, @Nullable Cost price) {

  /**
   * @throws IllegalArgumentException if the name is blank, or two limits for one subject have one
   *     name
   */
  public Plan {
    name = Checks.requireIdentifier("plan name", name, Attribution.MAX_ID);
    limits = List.copyOf(limits);
    for (int i = 0; i < limits.size(); i++) {
      for (int j = 0; j < i; j++) {
        requireDistinct(name, limits.get(j), limits.get(i));
      }
    }
  }

  private static void requireDistinct(String plan, UsageLimit a, UsageLimit b) {
    if (a.name().equals(b.name()) && a.target().equals(b.target())) {
      throw new IllegalArgumentException(
          "limits of plan '"
              + plan
              + "' must have different names, but two are named '"
              + a.name()
              + "'");
    }
  }

  /** A plan without a price. */
  public static Plan of(String name, UsageLimit... limits) {
    return new Plan(name, List.of(limits), null);
  }

  /** The same at a price. */
  public Plan price(String amount, String currency) {
    return new Plan(name, limits, Cost.total(LimitChecks.number(amount), currency));
  }

  /**
   * The same with these limits in place of those of their names, for an organization or a user that
   * agreed on something else; one of a new name is added.
   */
  public Plan with(UsageLimit... overrides) {
    Objects.requireNonNull(overrides, "overrides");
    var changed = new ArrayList<>(limits);
    for (UsageLimit override : overrides) {
      changed.removeIf(limit -> limit.name().equals(override.name()));
      changed.add(override);
    }
    return new Plan(name, changed, price);
  }
}
