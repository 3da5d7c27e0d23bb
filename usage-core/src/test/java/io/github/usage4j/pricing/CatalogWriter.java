package io.github.usage4j.pricing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Writes models in the library's own format, always the same for the same models. */
final class CatalogWriter {

  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
  private static final List<Rate> ORDER =
      List.of(
          Rate.INPUT,
          Rate.OUTPUT,
          Rate.CACHE_READ,
          Rate.CACHE_READ_AUDIO,
          Rate.CACHE_WRITE,
          Rate.CACHE_WRITE_ONE_HOUR,
          Rate.REASONING,
          Rate.INPUT_AUDIO,
          Rate.OUTPUT_AUDIO,
          Rate.PER_CALL);

  private CatalogWriter() {}

  /** A model with all its prices, in the order in which they become valid. */
  static ObjectNode model(ListedModel model, String source, LocalDate checked) {
    ObjectNode json = JSON.objectNode();
    json.put("provider", model.provider());
    json.put("model", model.name());
    json.set("match", match(model.match()));
    ArrayNode prices = json.putArray("prices");
    for (int i = model.prices().size() - 1; i >= 0; i--) {
      prices.add(price(model.prices().get(i), source, checked));
    }
    return json;
  }

  private static ObjectNode match(ModelMatch match) {
    ObjectNode json = JSON.objectNode();
    if (match.parts().isEmpty()) {
      return json.put(match.kind(), match.text());
    }
    ArrayNode parts = json.putArray(match.kind());
    match.parts().forEach(part -> parts.add(match(part)));
    return json;
  }

  private static ObjectNode price(ModelPrice price, String source, LocalDate checked) {
    ObjectNode json = JSON.objectNode();
    json.put("source", source);
    json.put("checked", checked.toString());
    PriceDates dates = price.dates();
    if (!dates.from().equals(Instant.MIN)) {
      json.put("from", instant(dates.from()));
    }
    if (!dates.until().equals(Instant.MAX)) {
      json.put("until", instant(dates.until()));
    }
    DailyWindow window = dates.window();
    if (window.hasTimes()) {
      json.putObject("daily")
          .put("from", window.from().toString())
          .put("to", window.to().toString());
    }
    json.put("currency", price.currency().getCurrencyCode());
    rates(json, price.rates());
    return json;
  }

  private static void rates(ObjectNode json, Rates rates) {
    amounts(json, rates.amounts());
    if (!rates.units().isEmpty()) {
      ObjectNode units = json.putObject("perUnit");
      new TreeMap<>(rates.units()).forEach((unit, price) -> unit(units, unit, price));
    }
    if (!rates.tiers().isEmpty()) {
      ArrayNode tiers = json.putArray("aboveInput");
      for (int i = rates.tiers().size() - 1; i >= 0; i--) {
        ObjectNode tier = tiers.addObject();
        tier.put("tokens", rates.tiers().get(i).above());
        amounts(tier, rates.tiers().get(i).amounts());
      }
    }
  }

  private static void unit(ObjectNode units, String unit, UnitPrice price) {
    if (price.per() == 1) {
      units.put(unit, text(price.amount()));
    } else {
      units.putObject(unit).put("price", text(price.amount())).put("per", price.per());
    }
  }

  private static void amounts(ObjectNode json, Map<Rate, BigDecimal> amounts) {
    for (Rate rate : ORDER) {
      BigDecimal amount = amounts.get(rate);
      if (amount != null) {
        json.put(rate.setter(), text(amount));
      }
    }
  }

  static String text(BigDecimal amount) {
    return amount.signum() == 0 ? "0" : amount.stripTrailingZeros().toPlainString();
  }

  private static String instant(Instant at) {
    String text = at.toString();
    return text.endsWith("T00:00:00Z") ? text.substring(0, text.indexOf('T')) : text;
  }

  /** The whole file: a line for each price, so that differences can be read. */
  static String file(ObjectNode root) {
    var out = new StringBuilder("{\n");
    Iterator<Map.Entry<String, JsonNode>> fields = root.properties().iterator();
    while (fields.hasNext()) {
      Map.Entry<String, JsonNode> field = fields.next();
      out.append(JSON.textNode(field.getKey())).append(": ");
      if (field.getKey().equals("models")) {
        models(out, field.getValue());
      } else if (field.getValue().isObject()) {
        lines(out, field.getValue());
      } else {
        out.append(field.getValue());
      }
      out.append(fields.hasNext() ? ",\n" : "\n");
    }
    return out.append("}\n").toString();
  }

  private static void lines(StringBuilder out, JsonNode object) {
    out.append("{\n");
    Iterator<Map.Entry<String, JsonNode>> fields = object.properties().iterator();
    while (fields.hasNext()) {
      Map.Entry<String, JsonNode> field = fields.next();
      out.append(' ').append(JSON.textNode(field.getKey())).append(": ").append(field.getValue());
      out.append(fields.hasNext() ? ",\n" : "\n");
    }
    out.append('}');
  }

  private static void models(StringBuilder out, JsonNode models) {
    out.append("[\n");
    for (int i = 0; i < models.size(); i++) {
      JsonNode model = models.get(i);
      out.append("{\"provider\": ").append(model.get("provider"));
      out.append(", \"model\": ").append(model.get("model"));
      out.append(",\n \"match\": ").append(model.get("match"));
      out.append(",\n \"prices\": [");
      for (JsonNode price : model.get("prices")) {
        out.append(price == model.get("prices").get(0) ? "\n  " : ",\n  ").append(price);
      }
      out.append(i + 1 < models.size() ? "]},\n" : "]}\n");
    }
    out.append(']');
  }
}
