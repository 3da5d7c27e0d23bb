package io.github.usage4j.track;

import io.github.usage4j.Attribution;
import io.github.usage4j.UsageSummary;
import org.jspecify.annotations.Nullable;

/**
 * An operation that is over: what a user may be shown beside an answer.
 *
 * @param operationId under which its calls are stored
 * @param parentOperationId the operation inside which it began; null if there is none
 * @param attribution who caused it
 * @param usage what its own calls used, without those of operations inside it
 */
public record EndedOperation(
    String operationId,
    @Nullable String parentOperationId,
    Attribution attribution,
    UsageSummary usage) {}
