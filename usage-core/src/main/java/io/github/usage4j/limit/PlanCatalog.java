package io.github.usage4j.limit;

import io.github.usage4j.Attribution;

/**
 * Knows who has booked what: the host's table of plans. Safe for use by several threads.
 *
 * <p>It is asked on the thread of a call, at most every ten seconds for each caller, so it must be
 * quick: it is for a cache or a map, not for a remote service. If it throws, what it said last
 * stays.
 */
@FunctionalInterface
public interface PlanCatalog {

  /** The plan of a caller, with what was agreed on otherwise; a plan without limits for none. */
  Plan planOf(Attribution who);
}
