package io.github.usage4j.backfill;

import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import java.util.List;

/**
 * A call as one record states it.
 *
 * @param event without a cost, unless the host gave it one
 * @param requests what each request of it used, where it took several; priced one by one
 * @param restatable whether a later record may state the same call again, because its id is the
 *     record's own and not the place of the record
 * @param open whether the record says itself that the call is not over
 */
record ImportedCall(
    UsageEvent event, List<TokenCounts> requests, boolean restatable, boolean open) {

  ImportedCall {
    requests = List.copyOf(requests);
  }

  /** As the host's own mapper made it. */
  static ImportedCall of(UsageEvent event) {
    return new ImportedCall(event, List.of(), true, false);
  }
}
