package io.github.usage4j.sink;

import io.github.usage4j.Attribution;
import io.github.usage4j.Cost;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.spi.LoggingEventBuilder;

/** One line in a log for each event, with its components as key-value pairs. */
final class LogSink implements UsageSink {

  private final Logger logger;

  LogSink(Logger logger) {
    this.logger = logger;
  }

  @Override
  public void write(List<UsageEvent> events) {
    if (logger.isInfoEnabled()) {
      events.forEach(this::log);
    }
  }

  private void log(UsageEvent event) {
    LoggingEventBuilder line = logger.atInfo();
    Attribution who = event.attribution();
    add(line, "usage.id", event.id());
    add(line, "gen_ai.operation.name", event.kind().name().toLowerCase(Locale.ROOT));
    add(line, "gen_ai.provider.name", event.provider());
    add(line, "gen_ai.request.model", event.requestModel());
    add(line, "gen_ai.response.model", event.responseModel());
    add(line, "gen_ai.response.id", event.responseId());
    add(line, "gen_ai.response.finish_reason", event.finishReason());
    TokenCounts tokens = event.tokens();
    add(line, "gen_ai.usage.input_tokens", tokens.input());
    add(line, "gen_ai.usage.output_tokens", tokens.output());
    add(line, "gen_ai.usage.cache_read.input_tokens", tokens.cacheRead());
    add(line, "gen_ai.usage.cache_creation.input_tokens", tokens.cacheWrite());
    add(line, "gen_ai.usage.reasoning.output_tokens", tokens.reasoning());
    event.units().forEach((unit, amount) -> add(line, "usage.units." + unit, amount));
    event.conditions().forEach((name, value) -> add(line, "usage.condition." + name, value));
    add(line, "usage.quality", event.quality());
    Cost cost = event.cost();
    if (cost != null) {
      add(line, "usage.cost", cost.total().toPlainString());
      add(line, "usage.currency", cost.currency());
    }
    add(line, "usage.occurred_at", event.occurredAt());
    add(line, "usage.duration_ms", event.duration().toMillis());
    add(line, "usage.operation.id", event.operationId());
    add(line, "usage.operation.step", event.step());
    add(line, "usage.organization", who.organization());
    add(line, "usage.user", who.user());
    add(line, "usage.customer", who.customer());
    add(line, "usage.session", who.session());
    add(line, "usage.category", who.category());
    if (who.impersonated()) {
      add(line, "usage.impersonated", true);
    }
    who.tags().forEach((key, value) -> add(line, "usage.tag." + key, value));
    add(line, "usage.outcome", event.outcome());
    add(line, "error.type", event.errorType());
    line.log("usage");
  }

  /** What is unknown has no key: null would be read as a value. */
  private static void add(LoggingEventBuilder line, String key, @Nullable Object value) {
    if (value != null) {
      var unused = line.addKeyValue(key, value);
    }
  }

  @Override
  public String toString() {
    return "log " + logger.getName();
  }
}
