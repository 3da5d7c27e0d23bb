package io.github.usage4j.limit;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.usage4j.Cost;
import io.github.usage4j.UsageMeasure;
import io.github.usage4j.internal.Checks;
import io.github.usage4j.limit.LimitKey.Subject;
import io.github.usage4j.limit.UsageLimit.Admission;
import io.github.usage4j.limit.UsageLimit.Mode;
import io.github.usage4j.limit.UsageLimit.Reservation;
import io.github.usage4j.limit.UsageLimit.Unpriced;
import java.util.ArrayList;
import java.util.Currency;
import org.jspecify.annotations.Nullable;

/** Limits as text. Fields that are not known are ignored, so that an older version can read on. */
final class LimitJson {

  private static final ObjectMapper JSON = new ObjectMapper();

  private LimitJson() {}

  static String write(UsageLimit limit) {
    ObjectNode json = JSON.createObjectNode();
    LimitTarget target = limit.target();
    Currency currency = limit.currency();
    json.put("name", limit.name())
        .put("subject", target.subject().name())
        .put("organization", target.organization())
        .put("id", target.id())
        .put("category", target.category())
        .put("model", target.model())
        .put("measure", limit.measure().name())
        .put("amount", limit.amount().toPlainString())
        .put("currency", currency == null ? null : currency.getCurrencyCode())
        .put("window", limit.window().kind().name())
        .put("number", limit.window().number())
        .put("mode", limit.mode().name())
        .put("admission", limit.admission().name())
        .put("reservation", limit.reservation().name())
        .put("onUnpriced", limit.onUnpriced().name())
        .put("assumedOutput", limit.assumedOutput());
    var alerts = json.putArray("alertAt");
    limit.alertAt().forEach(alerts::add);
    return json.toString();
  }

  static UsageLimit read(String text) {
    JsonNode json;
    try {
      json = JSON.readTree(text);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("a stored limit must be JSON, but was " + text, e);
    }
    var alerts = new ArrayList<Integer>();
    json.path("alertAt").forEach(at -> alerts.add(at.asInt()));
    String currency = text(json, "currency");
    return new UsageLimit(
        required(json, "name"),
        new LimitTarget(
            Checks.oneOf("subject", required(json, "subject"), Subject.values()),
            text(json, "organization"),
            text(json, "id"),
            text(json, "category"),
            text(json, "model")),
        UsageMeasure.of(required(json, "measure")),
        LimitChecks.number(required(json, "amount")),
        currency == null ? null : Cost.currencyOf(currency),
        new LimitWindow(
            Checks.oneOf("window", required(json, "window"), LimitWindow.Kind.values()),
            json.path("number").asInt()),
        Checks.oneOf("mode", required(json, "mode"), Mode.values()),
        Checks.oneOf("admission", required(json, "admission"), Admission.values()),
        Checks.oneOf("reservation", required(json, "reservation"), Reservation.values()),
        Checks.oneOf("onUnpriced", required(json, "onUnpriced"), Unpriced.values()),
        alerts,
        json.path("assumedOutput").asLong());
  }

  private static String required(JsonNode json, String field) {
    String value = text(json, field);
    if (value == null) {
      throw new IllegalArgumentException(
          "a stored limit must have a text '" + field + "', but was " + json);
    }
    return value;
  }

  private static @Nullable String text(JsonNode json, String field) {
    JsonNode value = json.path(field);
    return value.isTextual() ? value.textValue() : null;
  }
}
