package io.github.usage4j.pricing;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import org.jspecify.annotations.Nullable;

/**
 * How a loaded catalog is.
 *
 * @param where the file is
 * @param version by which the prices in force are known in the references of costs
 * @param asOf the day as of which they are
 * @param age how long ago that is
 * @param models how many there are prices or capabilities of
 * @param kept how many of those are not in the file any more and keep the price they had
 * @param lastSuccess when the file was last read and was as it is in force
 * @param lastFailure when it was last refused or could not be read; null if never
 * @param problem why; null if it was fine the last time
 * @param failures how often in all
 * @since 0.1.0
 */
public record PriceHealth(
    String where,
    String version,
    LocalDate asOf,
    Duration age,
    int models,
    int kept,
    Instant lastSuccess,
    @Nullable Instant lastFailure,
    @Nullable String problem,
    long failures) {}
