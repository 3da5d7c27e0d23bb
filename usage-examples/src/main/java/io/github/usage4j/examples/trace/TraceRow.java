package io.github.usage4j.examples.trace;

import io.github.usage4j.Attribution;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Kind;
import io.github.usage4j.UsageEvent.Source;
import java.time.Instant;

/**
 * One request of a trace.
 *
 * @param number of the row in its file, from 1, the header not counted
 * @param timestamp as the file has it
 */
record TraceRow(long number, Instant at, String timestamp, String workload, TokenCounts tokens) {

  /**
   * The call to record.
   *
   * @param sha256 of the file's content: rows of one content have the same ids wherever it lies
   * @throws IllegalArgumentException if such a call cannot be recorded
   * @throws ArithmeticException if its time is millions of years away
   */
  UsageEvent event(String sha256) {
    return UsageEvent.builder(
            UsageEvent.idFrom(sha256, number, at), Kind.COMPLETION, TraceImport.PROVIDER, workload)
        .startedAt(at)
        .attribution(Attribution.NONE.category(workload))
        .tokens(tokens)
        .source(Source.HOST)
        .build();
  }
}
