package io.github.usage4j.provider;

import io.github.usage4j.Cost;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent.Source;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What one answer states of its usage, in our meaning of a token. Immutable.
 *
 * @param tokens what the model of this answer used, all requests to it included
 * @param requests what each request to that model used, where the answer took several that add up
 *     to {@code tokens}; else empty. Each is priced by itself, because prices may have thresholds
 * @param others what other models used for the same answer, such as one that was asked for advice:
 *     each is a call of its own, is not part of {@code tokens}, and has no others itself
 * @param units what is charged apart from tokens, such as {@code web_searches}
 * @param conditions what changes the price and is neither a count nor a service tier, such as
 *     {@code speed=fast}, in the provider's own words; at most {@link
 *     io.github.usage4j.UsageEvent#MAX_CONDITIONS}
 * @param model the model named beside it, which used {@code tokens}; null if none is
 * @param serviceTier the tier named beside it; null if none is
 * @param cost what the provider says it costs; null if it does not say, or says only a part
 * @param source where it was read
 * @param unexplained what a stated total has beyond input and output
 * @param dropped whether something was stated that is not counted here: it cannot be a figure,
 *     contradicts what was stated before, or is not known to be charged
 * @param interim whether all was stated before the end
 */
public record StatedUsage(
    TokenCounts tokens,
    List<TokenCounts> requests,
    List<StatedUsage> others,
    Map<String, BigDecimal> units,
    Map<String, String> conditions,
    @Nullable String model,
    @Nullable String serviceTier,
    @Nullable Cost cost,
    Source source,
    long unexplained,
    boolean dropped,
    boolean interim) {

  /** How the names of Google's services begin. */
  private static final String GOOGLE = "gcp.";

  /** Copies lists and maps. */
  public StatedUsage {
    requests = List.copyOf(requests);
    others = List.copyOf(others);
    units = Map.copyOf(units);
    conditions = Map.copyOf(conditions);
  }

  /** Nothing was stated. */
  public static final StatedUsage NONE = of(TokenCounts.UNKNOWN, Source.CLIENT);

  /** These counts and nothing else. */
  public static StatedUsage of(TokenCounts tokens, Source source) {
    return new Parts(tokens, source).build();
  }

  /** What these figures say and nothing else. */
  public static StatedUsage of(Figures figures, Source source) {
    return new Parts(figures, source).build();
  }

  /**
   * What the exchanges of one call add up to, in the order in which they were made. Those that are
   * not priced alike (another model, service tier or condition than the last one has) are not added
   * up but are among the {@code others}; nothing is priced as something that it is not. The cost is
   * null if one of them states none.
   *
   * @param answeredBy the model of the answer that the caller got, whose exchanges are added up in
   *     place of those that are priced as the last one; null if that is not known
   */
  public static StatedUsage sum(List<StatedUsage> exchanges, @Nullable String answeredBy) {
    return ExchangeSum.of(exchanges, answeredBy);
  }

  /** The same with other counts of this answer's model, of which no requests are known. */
  public StatedUsage tokens(TokenCounts others, long ofTheirTotal) {
    var parts = new Parts(this);
    parts.tokens = others;
    parts.requests = List.of();
    parts.unexplained = ofTheirTotal;
    return parts.build();
  }

  /** The same with what is stated beside token counts elsewhere: units and conditions. */
  public StatedUsage besides(StatedUsage elsewhere) {
    var parts = new Parts(this);
    parts.units = elsewhere.units.isEmpty() ? units : elsewhere.units;
    parts.conditions = elsewhere.conditions.isEmpty() ? conditions : elsewhere.conditions;
    return parts.build();
  }

  /** The same with another stated cost. */
  public StatedUsage cost(@Nullable Cost other) {
    var parts = new Parts(this);
    parts.cost = other;
    return parts.build();
  }

  /** The same figures, which are not known to be all that was used. */
  public StatedUsage notAll() {
    var parts = new Parts(this);
    parts.interim = true;
    return parts.build();
  }

  /**
   * What an answer states together with what its provider leaves unsaid: Ollama leaves a count out
   * exactly when it is zero, such as that of a prompt all of which was cached. What the host states
   * is not touched.
   *
   * @param provider in the words of OpenTelemetry's {@code gen_ai.provider.name}
   */
  public StatedUsage completed(String provider) {
    StatedUsage usage = explained(provider);
    Long output = usage.tokens().output();
    boolean unsaid = usage.tokens().input() == null && output != null && !usage.dropped();
    if (!unsaid || usage.source() == Source.HOST || !provider.equals("ollama")) {
      return usage;
    }
    return usage.tokens(usage.tokens().plus(TokenCounts.input(0)), usage.unexplained());
  }

  /**
   * What an answer states, with what its total has beyond input and output. Google's models leave
   * thoughts out of the output that they state, so there it is output; but not known to be
   * reasoning, because what a tool puts into the prompt, such as the results of a search, may be in
   * the total too. Of other providers it is not known what it is, and the figures stay partial.
   *
   * @param provider in the words of OpenTelemetry's {@code gen_ai.provider.name}
   */
  public StatedUsage explained(String provider) {
    boolean isOutput = unexplained > 0 && tokens.input() != null;
    return isOutput && provider.startsWith(GOOGLE)
        ? tokens(tokens.plus(output(unexplained)), 0)
        : this;
  }

  private static TokenCounts output(long tokens) {
    return new TokenCounts(null, tokens, null, null, null, null, null, null, null);
  }

  /** True if nothing was stated that is counted or charged. */
  public boolean isEmpty() {
    return tokens.isUnknown() && units.isEmpty() && others.isEmpty() && cost == null;
  }

  /** True if the figures are not all that was used, or may not be. */
  public boolean partial() {
    return dropped || interim || unexplained > 0;
  }

  /** The components, one after the other. */
  static final class Parts {
    TokenCounts tokens;
    List<TokenCounts> requests = List.of();
    List<StatedUsage> others = List.of();
    Map<String, BigDecimal> units = Map.of();
    Map<String, String> conditions = Map.of();
    @Nullable String model;
    @Nullable String serviceTier;
    @Nullable Cost cost;
    Source source;
    long unexplained;
    boolean dropped;
    boolean interim;

    Parts(TokenCounts tokens, Source source) {
      this.tokens = tokens;
      this.source = source;
    }

    Parts(Figures figures, Source source) {
      this(figures.counts(), source);
      unexplained = figures.unexplained();
      dropped = figures.anyDropped();
    }

    Parts(StatedUsage usage) {
      this(usage.tokens, usage.source);
      requests = usage.requests;
      others = usage.others;
      units = usage.units;
      conditions = usage.conditions;
      model = usage.model;
      serviceTier = usage.serviceTier;
      cost = usage.cost;
      unexplained = usage.unexplained;
      dropped = usage.dropped;
      interim = usage.interim;
    }

    /** A count that is too large for an event, such as a sum of large ones, is none. */
    StatedUsage build() {
      var figures = new Figures().all(tokens);
      dropped |= figures.anyDropped();
      return new StatedUsage(
          figures.anyDropped() ? figures.counts() : tokens,
          requests,
          others,
          units,
          conditions,
          model,
          serviceTier,
          cost,
          source,
          unexplained,
          dropped,
          interim);
    }
  }
}
