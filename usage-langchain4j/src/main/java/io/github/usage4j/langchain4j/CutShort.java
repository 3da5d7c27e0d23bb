package io.github.usage4j.langchain4j;

import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent.Quality;
import io.github.usage4j.langchain4j.internal.StatedUsage;
import io.github.usage4j.track.TrackedCall;
import org.jspecify.annotations.Nullable;

/** What is known of calls that did not come to a good end, or whose end is another's. */
final class CutShort {

  private CutShort() {}

  /** What arrived here is theirs: nothing is estimated by it. */
  static void endBeside(WireCapture.Sum own, @Nullable Throwable error, TrackedCall started) {
    Answer known = Answer.NONE.onTheWire(own);
    TokenCounts tokens = known.usage().tokens();
    started.describe(known::describe).exchanges(own.parts());
    if (error == null && own.stated()) {
      started.succeeded(tokens, quality(known.usage()));
    } else {
      started.failed(error, event -> event.tokens(tokens, quality(known.usage())));
    }
  }

  static Quality quality(StatedUsage cutShort) {
    return cutShort.tokens().isUnknown()
        ? Quality.MISSING
        : cutShort.partial() ? Quality.PARTIAL : Quality.REPORTED;
  }
}
