package io.github.usage4j.examples.imports;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.usage4j.Cost;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.backfill.ImportProgress;
import java.io.PrintStream;
import java.util.Locale;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A JSON object in each line. Amounts are text, so that no program takes them for fractions. */
final class JsonOutput implements ImportOutput {

  private final PrintStream out;

  JsonOutput(PrintStream out) {
    this.out = out;
  }

  @Override
  public void event(UsageEvent event, ImportedEvents.State state) {
    ObjectNode line = line("event");
    line.put("state", state.name().toLowerCase(Locale.ROOT));
    line.put("id", event.id().toString());
    line.put("time", event.occurredAt().toString());
    line.put("kind", event.kind().name().toLowerCase(Locale.ROOT));
    line.put("provider", event.provider());
    line.put("model", event.model());
    tokens(line, event.tokens());
    line.put("service_tier", event.serviceTier());
    ObjectNode conditions = line.putObject("conditions");
    new TreeMap<>(event.conditions()).forEach(conditions::put);
    ObjectNode units = line.putObject("units");
    new TreeMap<>(event.units()).forEach((name, amount) -> units.put(name, amount.toPlainString()));
    cost(line, "cost", "currency", event.cost());
    cost(line, "stated_cost", "stated_currency", event.statedCost());
    line.put("quality", event.quality().name());
    line.put("outcome", event.outcome().name().toLowerCase(Locale.ROOT));
    line.put("operation_id", event.operationId());
    line.put("step", event.step());
    out.println(line);
  }

  private static void cost(ObjectNode line, String name, String currency, @Nullable Cost cost) {
    line.put(name, cost == null ? null : cost.total().toPlainString());
    line.put(currency, cost == null ? null : cost.currency().getCurrencyCode());
  }

  private static void tokens(ObjectNode line, TokenCounts tokens) {
    line.put("input_tokens", tokens.input());
    line.put("output_tokens", tokens.output());
    line.put("cache_read_tokens", tokens.cacheRead());
    line.put("cache_write_tokens", tokens.cacheWrite());
    line.put("cache_write_one_hour_tokens", tokens.cacheWriteOneHour());
    line.put("reasoning_tokens", tokens.reasoning());
  }

  @Override
  public void rejected(String where, String reason) {
    out.println(line("rejected").put("where", where).put("reason", reason));
  }

  @Override
  public void totals(ImportProgress progress, ImportedEvents all) {
    ObjectNode line = line("totals").put("events", all.events());
    tokens(line, all.tokens());
    ObjectNode costs = line.putObject("costs");
    all.costs().forEach((currency, amount) -> costs.put(currency, amount.toPlainString()));
    line.put("unpriced", all.unpriced());
    line.put("read", progress.read());
    line.put("stored", progress.stored());
    line.put("known", progress.known());
    line.put("merged", progress.merged());
    line.put("shrunk", progress.shrunk());
    line.put("conflicts", progress.conflicts());
    line.put("left_out", progress.leftOut());
    line.put("rejected", progress.rejected());
    line.put("held_back", progress.heldBack());
    out.println(line);
  }

  private static ObjectNode line(String type) {
    return JsonNodeFactory.instance.objectNode().put("type", type);
  }
}
