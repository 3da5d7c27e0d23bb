package io.github.usage4j.internal;

import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The service tiers that list prices are for, by the names that providers give them. */
public final class UsualTiers {

  private static final Set<String> NAMES =
      Set.of("default", "standard", "auto", "on_demand", "on-demand");

  private UsualTiers() {}

  /** True for the name of a usual tier in any case, and where no tier is stated. */
  public static boolean isUsual(@Nullable String tier) {
    return tier == null || NAMES.contains(tier.toLowerCase(Locale.ROOT));
  }
}
