package io.github.usage4j.langchain4j;

import io.github.usage4j.TokenCounts;
import io.github.usage4j.langchain4j.WireExchange.Progress;
import io.github.usage4j.langchain4j.WireExchange.Seen;
import io.github.usage4j.provider.RawUsage;
import io.github.usage4j.provider.StatedUsage;
import io.github.usage4j.track.TrackedCall;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Collects the exchanges of one tracked call. It lies open on the calling thread while the model
 * runs, and is looked up once for each exchange, when that enters the HTTP client; from then on the
 * exchange is known to whatever brings its answer, on any thread.
 */
final class WireCapture {

  private static final Logger LOG = LoggerFactory.getLogger(WireCapture.class);
  private static final AtomicBoolean EXCESS_LOGGED = new AtomicBoolean();

  /**
   * What the exchanges of a call add up to.
   *
   * @param usage the sum of those that stated a usage, and of what all were charged apart from it
   * @param exchanges how many there were, with or without usage
   * @param total the tokens of all of them, in whatever part of the usage they are
   */
  record Sum(StatedUsage usage, int exchanges, long total) {

    static final Sum NONE = new Sum(StatedUsage.NONE, 0, 0);

    boolean stated() {
      return !usage.tokens().isUnknown();
    }
  }

  private final Settings settings;
  private final @Nullable TrackedCall call;
  private @Nullable List<WireExchange> exchanges; // guarded by this

  WireCapture(Settings settings) {
    this(settings, null);
  }

  /**
   * @param call told of signs of life
   */
  WireCapture(Settings settings, @Nullable TrackedCall call) {
    this.settings = settings;
    this.call = call;
  }

  /** Something came in: the call is alive, whether or not its model tells of it. */
  void heard() {
    if (call != null) {
      call.heard();
    }
  }

  /** A new exchange of a call; null if there is no call, and then nothing is kept. */
  static @Nullable WireExchange begin(@Nullable WireCapture capture) {
    return begin(capture, RawUsage::new);
  }

  /** A new exchange whose answer is read in a way of its own. */
  static @Nullable WireExchange begin(
      @Nullable WireCapture capture, Supplier<? extends RawUsage> raw) {
    if (capture == null) {
      LOG.debug("an exchange with a provider belongs to no tracked call and is not counted");
      return null;
    }
    return capture.add(raw.get());
  }

  private synchronized WireExchange add(RawUsage raw) {
    if (exchanges == null) {
      exchanges = new ArrayList<>(1);
    }
    var exchange = new WireExchange(settings, this, raw);
    exchanges.add(exchange);
    return exchange;
  }

  private synchronized List<WireExchange> exchanges() {
    return exchanges == null ? List.of() : List.copyOf(exchanges);
  }

  /**
   * What was stated until now.
   *
   * @param answered whether the model came to a good end; if not, a stream that is still open has
   *     more to state
   * @param provider who was called, as events say
   */
  Sum sum(boolean answered, String provider) {
    return sum(answered, provider, null);
  }

  /**
   * What was stated until now.
   *
   * @param answeredBy the model that the client says it was, if it says so
   */
  Sum sum(boolean answered, String provider, @Nullable String answeredBy) {
    List<WireExchange> all = exchanges();
    if (all.isEmpty()) {
      return Sum.NONE;
    }
    var stated = new ArrayList<StatedUsage>(all.size());
    boolean silent = false;
    boolean open = false;
    long total = 0;
    for (WireExchange exchange : all) {
      Seen seen = exchange.seen();
      if (!seen.usage().isEmpty()) {
        StatedUsage usage = seen.usage().explained(provider);
        stated.add(usage);
        total += Objects.requireNonNullElse(usage.tokens().total(), 0L);
      }
      if (seen.stated()) {
        open |= !answered && seen.open();
      } else {
        silent |= seen.progress() != Progress.REFUSED;
      }
    }
    StatedUsage sum = StatedUsage.sum(stated, answeredBy);
    boolean incomplete = !sum.tokens().isUnknown() && (silent || open);
    return new Sum(incomplete ? sum.notAll() : sum, all.size(), total);
  }

  /**
   * Says once that more was stated than the client tells of: it dropped answers and asked again, or
   * an untracked model with a decorated HTTP client was called inside this call.
   */
  static void compare(Sum sum, TokenCounts client) {
    if (sum.exchanges() > 1
        && client.total() != null
        && sum.total() > client.total()
        && EXCESS_LOGGED.compareAndSet(false, true)) {
      LOG.info(
          "{} exchanges of one call stated {} tokens, the client tells of {}: their sum counts."
              + " A client that asks again after an answer it cannot read is charged for both; but"
              + " if a listener calls another model there, track that one too. Logged once.",
          sum.exchanges(),
          sum.total(),
          client.total());
    }
  }
}
