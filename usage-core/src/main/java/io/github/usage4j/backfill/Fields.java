package io.github.usage4j.backfill;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The values of one record by their path, so that it does not matter how names are written. */
final class Fields {

  private static final int MAX_DEPTH = 6;
  private static final int MAX_FIELDS = 5_000;

  private final Map<String, Object> values = new HashMap<>();
  private final Map<String, List<String>> paths;

  /**
   * Takes a record apart.
   *
   * @param paths where each property is looked for, made by {@link #paths}
   */
  Fields(Map<String, ?> record, Map<String, List<String>> paths) {
    this.paths = paths;
    record.forEach((name, value) -> put(normal(name), value, 0));
  }

  /** Every place at which a property may stand, by property. */
  static Map<String, List<String>> paths(Map<String, List<String>> more) {
    var all = new HashMap<String, List<String>>();
    FieldNames.NAMES.forEach((property, names) -> all.put(property, places(names, List.of(""))));
    FieldNames.COUNTS.forEach(
        (property, names) -> all.put(property, places(names, FieldNames.USAGE)));
    more.forEach(
        (property, names) ->
            all.merge(
                property,
                names.stream().map(Fields::normal).toList(),
                (known, first) -> {
                  var both = new ArrayList<>(first);
                  both.addAll(known);
                  return List.copyOf(both);
                }));
    return Map.copyOf(all);
  }

  private static List<String> places(List<String> names, List<String> containers) {
    var places = new ArrayList<String>();
    for (String inside : FieldNames.INSIDE) {
      for (String container : containers) {
        for (String name : names) {
          places.add(normal(inside + container + name));
        }
      }
    }
    return List.copyOf(places);
  }

  /** Properties that the host may give more names for. */
  static boolean isProperty(String property) {
    return FieldNames.NAMES.containsKey(property) || FieldNames.COUNTS.containsKey(property);
  }

  private static String normal(String name) {
    return name.toLowerCase(Locale.ROOT).replace("_", "").replace("-", "");
  }

  private void put(String path, @Nullable Object value, int depth) {
    if (value == null || depth > MAX_DEPTH || values.size() >= MAX_FIELDS) {
      return;
    }
    if (value instanceof Map<?, ?> object) {
      object.forEach((name, inner) -> put(path + "." + normal("" + name), inner, depth + 1));
    } else if (value instanceof List<?> list) {
      for (int i = 0; i < list.size(); i++) {
        if (!putAttribute(path, list.get(i), depth)) {
          put(path + "." + i, list.get(i), depth + 1);
        }
      }
    } else {
      values.putIfAbsent(path, value);
    }
  }

  /**
   * OpenTelemetry's JSON has attributes as a list of {@code {"key": …, "value": {"…Value": …}}}.
   */
  private boolean putAttribute(String path, @Nullable Object element, int depth) {
    if (element instanceof Map<?, ?> pair
        && pair.size() == 2
        && pair.get("key") instanceof String key
        && pair.get("value") instanceof Map<?, ?> typed
        && typed.size() == 1) {
      put(path + "." + normal(key), typed.values().iterator().next(), depth + 1);
      return true;
    }
    return false;
  }

  @Nullable Object value(String property) {
    for (String path : paths.getOrDefault(property, List.of())) {
      Object value = values.get(path);
      if (value != null && !"".equals(value)) {
        return value;
      }
    }
    return null;
  }

  @Nullable String text(String property) {
    Object value = value(property);
    return value == null ? null : value.toString();
  }

  @Nullable Long count(String property) {
    BigDecimal number = number(property);
    try {
      return number == null ? null : Long.valueOf(number.longValueExact());
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException(property + " must be a whole number, but is " + number, e);
    }
  }

  @Nullable BigDecimal number(String property) {
    String text = text(property);
    try {
      BigDecimal number = text == null ? null : new BigDecimal(text);
      if (number != null && Math.abs(number.scale()) + number.precision() > 500) {
        throw new NumberFormatException(text);
      }
      return number;
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(property + " must be a number, but is '" + text + "'", e);
    }
  }

  /** Binary fractions have more decimals than money; what is beyond those kept is rounded. */
  @Nullable BigDecimal rounded(String property, int decimals) {
    BigDecimal number = number(property);
    return number == null || number.scale() <= decimals
        ? number
        : number.setScale(decimals, RoundingMode.HALF_EVEN);
  }
}
