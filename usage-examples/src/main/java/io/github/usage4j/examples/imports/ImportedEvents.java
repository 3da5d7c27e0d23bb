package io.github.usage4j.examples.imports;

import io.github.usage4j.Cost;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.sink.UsageSink;
import java.math.BigDecimal;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Hands events on to a store, shows each with what became of it, and adds them up. */
final class ImportedEvents implements UsageSink {

  /** What became of an event. */
  enum State {
    /** It is new. */
    STORED,
    /** It was there before. */
    KNOWN,
    /** Its id is there with other figures, which stayed. */
    CONFLICT
  }

  private final UsageSink store;
  private final ImportOutput output;

  private TokenCounts tokens = TokenCounts.UNKNOWN;
  private final Map<String, BigDecimal> costs = new TreeMap<>();
  private long events;
  private long unpriced;

  ImportedEvents(UsageSink store, ImportOutput output) {
    this.store = store;
    this.output = output;
  }

  @Override
  public void write(List<UsageEvent> batch) throws Exception {
    write(batch, Report.NONE);
  }

  @Override
  public void write(List<UsageEvent> batch, Report report) throws Exception {
    var states = new IdentityHashMap<UsageEvent, State>();
    store.write(
        batch,
        new Report() {
          @Override
          public void duplicate(UsageEvent event) {
            states.put(event, State.KNOWN);
            report.duplicate(event);
          }

          @Override
          public void conflict(UsageEvent event) {
            conflict(event, null);
          }

          @Override
          public void conflict(UsageEvent event, @Nullable UsageEvent stored) {
            states.put(event, State.CONFLICT);
            report.conflict(event, stored);
          }

          @Override
          public void behindHorizon(UsageEvent event) {
            states.put(event, State.CONFLICT);
            report.behindHorizon(event);
          }
        });
    for (UsageEvent event : batch) {
      State state = states.getOrDefault(event, State.STORED);
      output.event(event, state);
      if (state != State.CONFLICT) {
        add(event);
      }
    }
  }

  private void add(UsageEvent event) {
    events++;
    tokens = tokens.plus(event.tokens());
    Cost cost = event.cost();
    if (cost == null) {
      unpriced++;
    } else {
      costs.merge(cost.currency().getCurrencyCode(), cost.total(), BigDecimal::add);
    }
  }

  @Override
  public void flush() throws Exception {
    store.flush();
  }

  long events() {
    return events;
  }

  /** The tokens of all that are stored, or were. */
  TokenCounts tokens() {
    return tokens;
  }

  /** What they cost, by currency. */
  Map<String, BigDecimal> costs() {
    return costs;
  }

  long unpriced() {
    return unpriced;
  }
}
