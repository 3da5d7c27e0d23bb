package io.github.usage4j.backfill;

import io.github.usage4j.Attribution;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Outcome;
import io.github.usage4j.UsageEvent.Quality;
import io.github.usage4j.UsageEventBuilder;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Joins two records of one call. The figures of an answer only grow while it is streamed or polled,
 * so the larger of two counts; of everything else the last record's word counts, and the earliest
 * start, which decides the month.
 */
final class Restatement {

  /** No answer takes longer to grow; after that an id was given to a second call. */
  private static final Duration LONGEST_ANSWER = Duration.ofDays(1);

  private static final List<Function<TokenCounts, @Nullable Long>> COUNTS =
      List.of(
          TokenCounts::input,
          TokenCounts::output,
          TokenCounts::cacheRead,
          TokenCounts::cacheWrite,
          TokenCounts::cacheWriteOneHour,
          TokenCounts::reasoning,
          TokenCounts::inputAudio,
          TokenCounts::outputAudio,
          TokenCounts::cacheReadAudio);

  private Restatement() {}

  /**
   * Why two records with one id are not of one call; null if they may be.
   *
   * @param first the record that was read before, or the event that is stored
   */
  static @Nullable String contradiction(UsageEvent first, UsageEvent next) {
    String what =
        differing("organization", organization(first), organization(next))
            + differing("provider", first.provider(), next.provider())
            + (sameModel(first, next) ? "" : differing("model", first.model(), next.model()));
    if (what.isEmpty() && !first.tokens().equals(next.tokens())) {
      if (apart(first, next).compareTo(LONGEST_ANSWER) > 0) {
        what = differing("start", first.occurredAt(), next.occurredAt());
      } else if (isAnotherPrompt(first.tokens(), next.tokens())) {
        what = differing("tokens", shown(first.tokens()), shown(next.tokens()));
      }
    }
    return what.isEmpty() ? null : "its id is that of another call: " + what.strip();
  }

  /** A record from before the answer names only the model that was asked for. */
  private static boolean sameModel(UsageEvent first, UsageEvent next) {
    boolean oneAnswered = first.responseModel() == null || next.responseModel() == null;
    return oneAnswered && first.requestModel().equals(next.requestModel());
  }

  /**
   * An answer may read more while it grows (the results of a search), or state its prompt at the
   * end only. But if the prompt differs and not everything has grown, it is another one.
   */
  private static boolean isAnotherPrompt(TokenCounts first, TokenCounts next) {
    Long before = first.input();
    Long after = next.input();
    return before != null
        && before > 0
        && after != null
        && after > 0
        && !before.equals(after)
        && !covers(next, first)
        && !covers(first, next);
  }

  private static Duration apart(UsageEvent first, UsageEvent next) {
    return Duration.between(first.occurredAt(), next.occurredAt()).abs();
  }

  private static String organization(UsageEvent event) {
    return String.valueOf(event.attribution().organization());
  }

  private static String differing(String what, Object first, Object next) {
    return first.equals(next) ? "" : what + " was " + first + " and is " + next + " ";
  }

  static String shown(TokenCounts tokens) {
    return tokens.input() + "/" + tokens.output();
  }

  /** Whether each figure is at least as large as the other's, where that states one. */
  static boolean covers(TokenCounts larger, TokenCounts smaller) {
    return COUNTS.stream()
        .allMatch(
            count -> {
              Long mine = count.apply(larger);
              Long other = count.apply(smaller);
              return other == null || (mine != null && mine >= other);
            });
  }

  /** Whether the stored event has everything that a record states of the same call. */
  static boolean covers(UsageEvent stored, UsageEvent stated) {
    return covers(stored.tokens(), stated.tokens())
        && stated.units().entrySet().stream()
            .allMatch(
                unit ->
                    stored.units().containsKey(unit.getKey())
                        && stored.units().get(unit.getKey()).compareTo(unit.getValue()) >= 0);
  }

  /** Whether a later record states a figure that is smaller than before. */
  static boolean shrinks(UsageEvent first, UsageEvent next) {
    return COUNTS.stream()
        .anyMatch(
            count -> {
              Long before = count.apply(first.tokens());
              Long after = count.apply(next.tokens());
              return before != null && after != null && after < before;
            });
  }

  /** Both records as one call, under the id that both have. */
  static ImportedCall join(ImportedCall earlier, ImportedCall later) {
    UsageEvent first = earlier.event();
    UsageEvent next = later.event();
    TokenCounts tokens = larger(first.tokens(), next.tokens());
    Instant start = min(first.occurredAt(), next.occurredAt());
    UsageEventBuilder joined =
        next.toBuilder()
            .startedAt(start)
            .duration(duration(first, next, start))
            .streaming(first.streaming() || next.streaming())
            .responseModel(or(next.responseModel(), first.responseModel()))
            .responseId(or(next.responseId(), first.responseId()))
            .serviceTier(or(next.serviceTier(), first.serviceTier()))
            .credentialId(or(next.credentialId(), first.credentialId()))
            .attribution(attribution(first.attribution(), next.attribution()))
            .units(units(first.units(), next.units()))
            .conditions(conditions(first.conditions(), next.conditions()))
            .cost(or(next.cost(), first.cost()))
            .statedCost(or(next.statedCost(), first.statedCost()))
            .finishReason(or(next.finishReason(), first.finishReason()));
    if (next.timeToFirstToken() == null) {
      joined.timeToFirstToken(first.timeToFirstToken());
    }
    if (next.outcome() == Outcome.SUCCESS) {
      joined.errorType(null);
    }
    boolean sameAsLast = tokens.equals(next.tokens());
    boolean sameAsFirst = tokens.equals(first.tokens());
    if (!sameAsLast) {
      Quality quality = shrinks(first, next) || !sameAsFirst ? Quality.PARTIAL : first.quality();
      joined.tokens(tokens, quality);
    }
    List<TokenCounts> requests =
        sameAsLast ? later.requests() : sameAsFirst ? earlier.requests() : List.of();
    return new ImportedCall(joined.build(), requests, true, later.open());
  }

  private static TokenCounts larger(TokenCounts a, TokenCounts b) {
    return new TokenCounts(
        larger(a.input(), b.input()),
        larger(a.output(), b.output()),
        larger(a.cacheRead(), b.cacheRead()),
        larger(a.cacheWrite(), b.cacheWrite()),
        larger(a.cacheWriteOneHour(), b.cacheWriteOneHour()),
        larger(a.reasoning(), b.reasoning()),
        larger(a.inputAudio(), b.inputAudio()),
        larger(a.outputAudio(), b.outputAudio()),
        larger(a.cacheReadAudio(), b.cacheReadAudio()));
  }

  private static @Nullable Long larger(@Nullable Long a, @Nullable Long b) {
    if (a == null || b == null) {
      return a == null ? b : a;
    }
    return Math.max(a, b);
  }

  private static Instant min(Instant a, Instant b) {
    return a.isBefore(b) ? a : b;
  }

  /** From the earliest start to the latest end; zero if neither record states an end. */
  private static Duration duration(UsageEvent first, UsageEvent next, Instant start) {
    if (first.duration().isZero() && next.duration().isZero()) {
      return Duration.ZERO;
    }
    Instant end = first.occurredAt().plus(first.duration());
    Instant other = next.occurredAt().plus(next.duration());
    return Duration.between(start, end.isAfter(other) ? end : other);
  }

  private static Map<String, BigDecimal> units(
      Map<String, BigDecimal> first, Map<String, BigDecimal> next) {
    var all = new HashMap<>(first);
    next.forEach((name, amount) -> all.merge(name, amount, BigDecimal::max));
    return all;
  }

  private static Map<String, String> conditions(
      Map<String, String> first, Map<String, String> next) {
    var all = new HashMap<>(first);
    all.putAll(next);
    return all.size() > UsageEvent.MAX_CONDITIONS ? next : all;
  }

  private static Attribution attribution(Attribution first, Attribution next) {
    return new Attribution(
        next.organization(),
        or(next.user(), first.user()),
        or(next.userLabel(), first.userLabel()),
        or(next.customer(), first.customer()),
        or(next.customerLabel(), first.customerLabel()),
        or(next.session(), first.session()),
        or(next.category(), first.category()),
        next.impersonated() || first.impersonated(),
        next.tags().isEmpty() ? first.tags() : next.tags());
  }

  private static <T> @Nullable T or(@Nullable T stated, @Nullable T otherwise) {
    return stated != null ? stated : otherwise;
  }
}
