package io.github.usage4j.examples.trace;

import io.github.usage4j.TokenCounts;
import java.time.Instant;

/**
 * One request of a trace.
 *
 * @param number of the row in its file, from 1, the header not counted
 * @param timestamp as the file has it
 */
record TraceRow(long number, Instant at, String timestamp, String workload, TokenCounts tokens) {}
