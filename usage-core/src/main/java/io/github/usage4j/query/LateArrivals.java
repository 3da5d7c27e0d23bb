package io.github.usage4j.query;

import io.github.usage4j.UsageQueries;
import io.github.usage4j.UsageSummary;
import java.time.Instant;

/**
 * Calls of a period that were stored after an instant, such as that of its invoice.
 *
 * @param since calls recorded at or after this instant
 * @param usage what they add up to
 * @param calls the newest of them; later pages come from {@code UsageQueries.events} with the same
 *     filter and {@code recordedSince}
 * @param coverage which part of the period this is about
 */
public record LateArrivals(
    Instant since, UsageSummary usage, UsageQueries.Page calls, Coverage coverage) {}
