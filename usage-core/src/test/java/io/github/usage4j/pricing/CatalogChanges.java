package io.github.usage4j.pricing;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What is different between two catalogs, a line for each thing. */
final class CatalogChanges {

  private static final Set<String> UNSAID = Set.of("source", "checked");

  private CatalogChanges() {}

  static List<String> between(JsonNode before, JsonNode after) {
    Map<String, JsonNode> old = models(before);
    Map<String, JsonNode> now = models(after);
    var lines = new ArrayList<String>();
    now.keySet().stream()
        .filter(name -> !old.containsKey(name))
        .forEach(name -> lines.add("added    " + name));
    old.keySet().stream()
        .filter(name -> !now.containsKey(name))
        .forEach(name -> lines.add("vanished " + name));
    for (Map.Entry<String, JsonNode> model : now.entrySet()) {
      JsonNode earlier = old.get(model.getKey());
      if (earlier != null) {
        lines.addAll(changes(model.getKey(), earlier, model.getValue()));
      }
    }
    return lines;
  }

  private static Map<String, JsonNode> models(JsonNode catalog) {
    var models = new LinkedHashMap<String, JsonNode>();
    for (JsonNode model : catalog.get("models")) {
      models.put(model.get("provider").asText() + "/" + model.get("model").asText(), model);
    }
    return models;
  }

  private static List<String> changes(String name, JsonNode before, JsonNode after) {
    var lines = new ArrayList<String>();
    if (!before.get("match").equals(after.get("match"))) {
      lines.add("names    " + name + ": " + before.get("match") + " -> " + after.get("match"));
    }
    Map<String, String> old = amounts(before);
    Map<String, String> now = amounts(after);
    var all = new LinkedHashSet<>(old.keySet());
    all.addAll(now.keySet());
    for (String amount : all) {
      String from = old.getOrDefault(amount, "none");
      String to = now.getOrDefault(amount, "none");
      if (!from.equals(to)) {
        lines.add("price    " + name + " " + amount + ": " + from + " -> " + to);
      }
    }
    return lines;
  }

  private static Map<String, String> amounts(JsonNode model) {
    var amounts = new LinkedHashMap<String, String>();
    for (JsonNode price : model.get("prices")) {
      String when =
          price.path("from").asText("")
              + (price.has("until") ? ".." + price.get("until").asText() : "")
              + (price.has("daily") ? price.get("daily") : "");
      flatten(when.isEmpty() ? "" : when + " ", price, amounts);
    }
    return amounts;
  }

  private static void flatten(String path, JsonNode node, Map<String, String> to) {
    if (node.isValueNode()) {
      to.put(path, node.asText());
      return;
    }
    int i = 0;
    for (JsonNode element : node) {
      if (node.isArray()) {
        flatten(path + "[" + i++ + "]", element, to);
      }
    }
    node.properties()
        .forEach(
            field -> {
              if (!UNSAID.contains(field.getKey())) {
                String step = path.isEmpty() || path.endsWith(" ") ? "" : ".";
                flatten(path + step + field.getKey(), field.getValue(), to);
              }
            });
  }
}
