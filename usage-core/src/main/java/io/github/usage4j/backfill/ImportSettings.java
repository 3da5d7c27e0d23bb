package io.github.usage4j.backfill;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.pricing.PriceCatalog;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * How one run of an import works.
 *
 * @param mapper gives the calls of a record; none if it is no call of a model
 * @param unfolds whether a record may hold many, which are mapped one by one
 * @param batchSize how many records are read between two checkpoints
 * @param held how many calls are held back at most
 * @param settledAfter how old a call that does not say it is over must be to be written at the end
 * @param goesOn whether it goes on after records that cannot be used
 */
record ImportSettings(
    Function<ImportRecord, List<ImportedCall>> mapper,
    boolean unfolds,
    Predicate<UsageEvent> filter,
    PriceCatalog prices,
    int batchSize,
    int held,
    Duration settledAfter,
    InstantSource clock,
    boolean goesOn,
    Consumer<ImportProgress> listener) {}
