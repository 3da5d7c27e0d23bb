package io.github.usage4j.limit;

import io.github.usage4j.Attribution;
import java.math.BigDecimal;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Something that the host counts itself and shows beside limits, such as storage or connections: a
 * level, not events. It is asked when statuses are shown, never for a call, and refuses nothing.
 */
@FunctionalInterface
public interface MeterSource {

  /**
   * Where somebody stands now; null if it does not apply to them. What it throws is swallowed, and
   * then it is not shown.
   */
  @Nullable Meter current(Attribution who);

  /**
   * A level.
   *
   * @param name what it is, such as {@code storage}
   * @param current how much there is
   * @param allowed how much there may be; null if that is not limited
   * @param unit of both, such as {@code MB}
   */
  record Meter(String name, BigDecimal current, @Nullable BigDecimal allowed, String unit) {

    /** Checks that nothing is missing. */
    public Meter {
      Objects.requireNonNull(name, "name");
      Objects.requireNonNull(current, "current");
      Objects.requireNonNull(unit, "unit");
    }
  }
}
