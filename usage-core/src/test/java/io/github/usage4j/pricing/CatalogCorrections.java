package io.github.usage4j.pricing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What providers' own pages say otherwise than the source of the bundled catalog, or beyond it. The
 * form of {@code corrections.json} is described in docs/pricing.md.
 */
final class CatalogCorrections {

  private static final Set<String> KNOWN =
      Set.of(
          "provider",
          "models",
          "containing",
          "page",
          "checked",
          "why",
          "match",
          "names",
          "prices",
          "each",
          "multiples",
          "tier",
          "add",
          "conditions");

  private final List<JsonAt> corrections;
  private final List<String> idle = new ArrayList<>();

  CatalogCorrections(JsonAt root) {
    root.allowOnly("corrections");
    corrections = root.get("corrections").elements();
    for (JsonAt correction : corrections) {
      correction.allowOnly(KNOWN.toArray(String[]::new));
      LocalDate.parse(correction.get("checked").text());
      if (!correction.get("page").text().startsWith("https://")) {
        throw correction.get("page").bad("must be the address of a page");
      }
      correction.get("why").text();
    }
  }

  /** The day of the last of them; null if there are none. */
  LocalDate last() {
    return corrections.stream()
        .map(correction -> LocalDate.parse(correction.get("checked").text()))
        .max(LocalDate::compareTo)
        .orElse(null);
  }

  /** The pages, in order. */
  Set<String> pages() {
    var pages = new LinkedHashSet<String>();
    corrections.forEach(correction -> pages.add(correction.get("page").text()));
    return pages;
  }

  /** What holds for every model of a provider, as the catalog says it. */
  ObjectNode providers() {
    ObjectNode providers = JsonNodeFactory.instance.objectNode();
    for (JsonAt correction : corrections) {
      if (correction.get("conditions").isThere()) {
        ObjectNode provider = providers.putObject(correction.get("provider").text());
        source(provider, correction);
        provider.set("conditions", correction.get("conditions").node().deepCopy());
      }
    }
    return providers;
  }

  /** What had no effect when it was applied: the row is gone, or says the same by now. */
  List<String> idle() {
    return idle;
  }

  /** Changes the models, in the order of the corrections. */
  void apply(List<ObjectNode> models) {
    for (JsonAt correction : corrections) {
      if (correction.get("conditions").isThere()) {
        continue;
      }
      if (correction.get("add").isTrue()) {
        add(models, correction);
        continue;
      }
      for (Map.Entry<String, List<ObjectNode>> rows : rows(models, correction).entrySet()) {
        String what = correction.get("provider").text() + "/" + rows.getKey();
        if (rows.getValue().isEmpty()) {
          idle.add(what + " is not in the source any more: " + correction.get("why").text());
        }
        List<ObjectNode> before = rows.getValue().stream().map(ObjectNode::deepCopy).toList();
        rows.getValue().forEach(row -> change(row, correction));
        if (!before.isEmpty() && rows.getValue().equals(before)) {
          idle.add(what + " is in the source like this: " + correction.get("why").text());
        }
      }
    }
  }

  private static Map<String, List<ObjectNode>> rows(List<ObjectNode> models, JsonAt correction) {
    String provider = correction.get("provider").text();
    List<ObjectNode> ofProvider =
        models.stream().filter(row -> row.get("provider").asText().equals(provider)).toList();
    var rows = new LinkedHashMap<String, List<ObjectNode>>();
    if (correction.get("containing").isThere()) {
      String part = correction.get("containing").text();
      rows.put(
          "*" + part + "*",
          ofProvider.stream().filter(row -> row.get("model").asText().contains(part)).toList());
      return rows;
    }
    for (JsonAt model : correction.get("models").elements()) {
      rows.put(
          model.text(),
          ofProvider.stream()
              .filter(row -> row.get("model").asText().equals(model.text()))
              .toList());
    }
    return rows;
  }

  private static void add(List<ObjectNode> models, JsonAt correction) {
    String provider = correction.get("provider").text();
    for (JsonAt model : correction.get("models").elements()) {
      ObjectNode row = JsonNodeFactory.instance.objectNode();
      row.put("provider", provider);
      row.put("model", model.text());
      row.putObject("match").put("versionOf", model.text());
      row.putArray("prices");
      change(row, correction);
      int last = models.size() - 1;
      while (!models.get(last).get("provider").asText().equals(provider)) {
        last--;
      }
      models.add(last + 1, row);
    }
  }

  private static void change(ObjectNode row, JsonAt correction) {
    JsonAt match = correction.get("match");
    if (match.isThere()) {
      row.set("match", match.node().deepCopy());
    }
    JsonAt names = correction.get("names");
    if (names.isThere()) {
      addNames(row, names);
    }
    JsonAt prices = correction.get("prices");
    if (prices.isThere()) {
      ArrayNode replaced = row.putArray("prices");
      prices.elements().forEach(price -> replaced.add(sourced(price.node(), correction)));
    }
    for (JsonNode price : row.get("prices")) {
      ObjectNode before = price.deepCopy();
      each((ObjectNode) price, correction);
      if (!price.equals(before)) {
        source((ObjectNode) price, correction);
      }
    }
  }

  private static ObjectNode sourced(JsonNode price, JsonAt correction) {
    ObjectNode row = JsonNodeFactory.instance.objectNode();
    source(row, correction);
    row.setAll((ObjectNode) price.deepCopy());
    if (!row.has("currency")) {
      row.put("currency", "USD");
    }
    return row;
  }

  private static void source(ObjectNode price, JsonAt correction) {
    price.put("source", correction.get("page").text());
    price.put("checked", correction.get("checked").text());
  }

  /** Beside the names that the source has. */
  private static void addNames(ObjectNode row, JsonAt names) {
    JsonNode before = row.get("match");
    ArrayNode any = JsonNodeFactory.instance.arrayNode();
    if (before.has("any")) {
      before.get("any").forEach(any::add);
    } else {
      any.add(before);
    }
    for (JsonAt name : names.elements()) {
      ObjectNode clause = JsonNodeFactory.instance.objectNode();
      if (name.node().isObject()) {
        clause.setAll((ObjectNode) name.node().deepCopy());
      } else {
        clause.put("equals", name.text());
      }
      if (!contains(any, clause)) {
        any.add(clause);
      }
    }
    row.putObject("match").set("any", any);
  }

  private static boolean contains(ArrayNode clauses, JsonNode clause) {
    for (JsonNode other : clauses) {
      if (other.equals(clause)) {
        return true;
      }
    }
    return false;
  }

  private static void each(ObjectNode price, JsonAt correction) {
    JsonAt each = correction.get("each");
    if (each.isThere()) {
      merge(price, (ObjectNode) each.node());
    }
    JsonAt multiples = correction.get("multiples");
    if (multiples.isThere()) {
      for (Map.Entry<String, JsonAt> multiple : multiples.fields()) {
        multiply(price, multiple.getKey(), multiple.getValue());
        if (price.has("aboveInput")) {
          price
              .get("aboveInput")
              .forEach(tier -> multiply((ObjectNode) tier, multiple.getKey(), multiple.getValue()));
        }
      }
    }
    JsonAt tier = correction.get("tier");
    if (tier.isThere()) {
      tier(price, tier);
    }
  }

  private static void merge(ObjectNode into, ObjectNode from) {
    from.properties()
        .forEach(
            field -> {
              JsonNode before = into.get(field.getKey());
              if (before instanceof ObjectNode object && field.getValue().isObject()) {
                merge(object, (ObjectNode) field.getValue());
              } else {
                into.set(field.getKey(), field.getValue().deepCopy());
              }
            });
  }

  /** An amount as a multiple of another one, where that one is stated. */
  private static void multiply(ObjectNode amounts, String name, JsonAt multiple) {
    multiple.allowOnly("of", "by", "with");
    JsonNode of = amounts.get(multiple.get("of").text());
    boolean wanted = !multiple.get("with").isThere() || amounts.has(multiple.get("with").text());
    if (of != null && wanted) {
      amounts.put(name, times(of, multiple.get("by")));
    }
  }

  /** A service tier whose amounts are multiples of the list price's. */
  private static void tier(ObjectNode price, JsonAt json) {
    json.allowOnly("name", "by", "of", "plainCache");
    ObjectNode tier = JsonNodeFactory.instance.objectNode();
    multiples(price, tier, json);
    if (price.has("aboveInput")) {
      ArrayNode tiers = tier.putArray("aboveInput");
      for (JsonNode above : price.get("aboveInput")) {
        ObjectNode changed = tiers.addObject();
        changed.set("tokens", above.get("tokens"));
        multiples((ObjectNode) above, changed, json);
      }
    }
    ObjectNode all =
        price.has("serviceTiers")
            ? (ObjectNode) price.get("serviceTiers")
            : price.putObject("serviceTiers");
    all.set(json.get("name").text(), tier);
  }

  private static void multiples(ObjectNode amounts, ObjectNode to, JsonAt json) {
    for (JsonAt name : json.get("of").elements()) {
      JsonNode amount = amounts.get(name.text());
      if (amount != null) {
        to.put(name.text(), times(amount, json.get("by")));
      }
    }
    if (json.get("plainCache").isTrue() && amounts.has("cacheRead") && to.has("input")) {
      to.set("cacheRead", to.get("input"));
    }
  }

  private static String times(JsonNode amount, JsonAt by) {
    return CatalogWriter.text(new BigDecimal(amount.asText()).multiply(new BigDecimal(by.text())));
  }
}
