package io.github.usage4j.backfill;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Every place at which a property may stand, made once for an import. */
final class FieldPaths {

  private final Map<String, List<String>> ofTheHost = new HashMap<>();
  private final List<Inside> known = new ArrayList<>();

  /**
   * The places inside one object that records are wrapped in.
   *
   * @param prefix the path to it, with a dot at its end unless it is the record itself
   */
  record Inside(String prefix, Map<String, List<String>> paths) {

    List<String> of(String property) {
      return paths.getOrDefault(property, List.of());
    }
  }

  /**
   * @param more names that the host gave, which come first, by property
   */
  FieldPaths(Map<String, List<String>> more) {
    more.forEach(
        (property, names) -> ofTheHost.put(property, names.stream().map(Fields::normal).toList()));
    for (String wrapper : FieldNames.INSIDE) {
      var paths = new HashMap<String, List<String>>();
      FieldNames.NAMES.forEach(
          (property, names) -> paths.put(property, places(wrapper, List.of(""), names)));
      FieldNames.COUNTS.forEach(
          (property, names) -> paths.put(property, places(wrapper, FieldNames.USAGE, names)));
      known.add(new Inside(Fields.normal(wrapper), Map.copyOf(paths)));
    }
  }

  private static List<String> places(String wrapper, List<String> containers, List<String> names) {
    var places = new ArrayList<String>();
    for (String container : containers) {
      for (String name : names) {
        places.add(Fields.normal(wrapper + container + name));
      }
    }
    return List.copyOf(places);
  }

  /** Properties that the host may give more names for. */
  static boolean isProperty(String property) {
    return FieldNames.NAMES.containsKey(property) || FieldNames.COUNTS.containsKey(property);
  }

  List<String> ofTheHost(String property) {
    return ofTheHost.getOrDefault(property, List.of());
  }

  /** Outermost first. */
  List<Inside> known() {
    return known;
  }
}
