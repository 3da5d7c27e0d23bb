package io.github.usage4j.examples.imports;

import io.github.usage4j.Cost;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.backfill.ImportProgress;
import java.io.PrintStream;
import java.util.Locale;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Lines for people: columns of fixed width, because events are shown as they come. */
final class TextOutput implements ImportOutput {

  private final PrintStream out;
  private boolean begun;

  TextOutput(PrintStream out) {
    this.out = out;
  }

  @Override
  public void event(UsageEvent event, ImportedEvents.State state) {
    if (!begun) {
      begun = true;
      line(
          "time",
          "provider",
          "model",
          "input",
          "output",
          "cache read",
          "cache write",
          "one hour",
          "reasoning",
          "tier",
          "cost",
          "quality",
          "conditions, units");
    }
    TokenCounts tokens = event.tokens();
    Cost cost = event.cost();
    line(
        event.occurredAt(),
        event.provider(),
        event.model(),
        count(tokens.input()),
        count(tokens.output()),
        count(tokens.cacheRead()),
        count(tokens.cacheWrite()),
        count(tokens.cacheWriteOneHour()),
        count(tokens.reasoning()),
        event.serviceTier() == null ? "-" : event.serviceTier(),
        cost == null ? "-" : cost.total().toPlainString() + " " + cost.currency(),
        event.quality().name().toLowerCase(Locale.ROOT),
        besides(event) + remark(state));
  }

  private static String besides(UsageEvent event) {
    String all =
        new TreeMap<>(event.conditions())
                .entrySet().stream()
                    .map(condition -> condition.getKey() + "=" + condition.getValue() + " ")
                    .collect(Collectors.joining())
            + new TreeMap<>(event.units())
                .entrySet().stream()
                    .map(unit -> unit.getValue().toPlainString() + " " + unit.getKey() + " ")
                    .collect(Collectors.joining());
    return all.isEmpty() ? "-" : all.strip();
  }

  private static String remark(ImportedEvents.State state) {
    return switch (state) {
      case STORED -> "";
      case KNOWN -> "  (known before)";
      case CONFLICT -> "  (conflict: what is stored stays)";
    };
  }

  private static String count(@Nullable Long tokens) {
    return tokens == null ? "-" : tokens.toString();
  }

  private void line(Object... cells) {
    String row =
        String.format(
            Locale.ROOT, "%-27s %-12s %-28s %9s %8s %10s %11s %8s %9s %-10s %14s %-9s %s", cells);
    out.println(row.stripTrailing());
  }

  @Override
  public void rejected(String where, String reason) {
    out.println(where + ": rejected: " + reason);
  }

  @Override
  public void totals(ImportProgress progress, ImportedEvents all) {
    TokenCounts tokens = all.tokens();
    out.println();
    out.printf(
        Locale.ROOT,
        "%d events: input %s, output %s, cache read %s, cache write %s, one hour %s, reasoning %s%n",
        all.events(),
        count(tokens.input()),
        count(tokens.output()),
        count(tokens.cacheRead()),
        count(tokens.cacheWrite()),
        count(tokens.cacheWriteOneHour()),
        count(tokens.reasoning()));
    String costs =
        all.costs().entrySet().stream()
            .map(cost -> cost.getValue().toPlainString() + " " + cost.getKey())
            .collect(Collectors.joining(" + "));
    out.printf(
        Locale.ROOT, "cost %s, %d unpriced%n", costs.isEmpty() ? "-" : costs, all.unpriced());
    out.printf(
        Locale.ROOT,
        "%d records read: %d new events, %d known before, %d records merged with an earlier one"
            + " (%d with a smaller figure), %d conflicts, %d left out, %d rejected%n",
        progress.read(),
        progress.stored(),
        progress.known(),
        progress.merged(),
        progress.shrunk(),
        progress.conflicts(),
        progress.leftOut(),
        progress.rejected());
    if (progress.heldBack() > 0) {
      out.printf(
          Locale.ROOT,
          "%d calls may not be over yet: import again in ten minutes%n",
          progress.heldBack());
    }
  }
}
