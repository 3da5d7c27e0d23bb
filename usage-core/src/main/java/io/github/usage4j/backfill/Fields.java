package io.github.usage4j.backfill;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.internal.DecimalBounds;
import java.math.BigDecimal;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The values of one record by their path, so that it does not matter how names are written. Of a
 * record with very many values those that are nested least are looked at.
 */
final class Fields {

  private static final int MAX_DEPTH = 8;
  private static final int MAX_FIELDS = 5_000;

  /** Enough for the attributes of a span; more is content, such as a vector. */
  private static final int MAX_ELEMENTS = 256;

  private final Map<String, Object> values = new HashMap<>();
  private final Set<String> objects = new HashSet<>(Set.of(""));
  private final FieldPaths paths;

  /** A value and where it stands. */
  private record Placed(String path, @Nullable Object value, int depth) {}

  /**
   * Takes a record apart.
   *
   * @param paths where each property is looked for
   */
  Fields(Map<String, ?> record, FieldPaths paths) {
    this.paths = paths;
    var waiting = new ArrayDeque<Placed>();
    waiting.add(new Placed("", record, 0));
    while (!waiting.isEmpty() && values.size() < MAX_FIELDS) {
      put(waiting.remove(), waiting);
    }
  }

  static String normal(String name) {
    return name.toLowerCase(Locale.ROOT).replace("_", "").replace("-", "");
  }

  private void put(Placed placed, Queue<Placed> waiting) {
    Object value = placed.value();
    if (value == null || placed.depth() > MAX_DEPTH) {
      return;
    }
    String path = placed.path();
    String inside = path.isEmpty() ? "" : path + ".";
    int depth = placed.depth() + 1;
    if (value instanceof Map<?, ?> object) {
      object.forEach(
          (name, inner) -> waiting.add(new Placed(inside + normal("" + name), inner, depth)));
    } else if (value instanceof List<?> list) {
      int i = 0;
      for (Object element : list.subList(0, Math.min(list.size(), MAX_ELEMENTS))) {
        Placed attribute = attribute(inside, element, depth);
        waiting.add(attribute != null ? attribute : new Placed(inside + i, element, depth));
        i++;
      }
    } else if (values.putIfAbsent(path, value) == null) {
      for (int dot = path.indexOf('.'); dot >= 0; dot = path.indexOf('.', dot + 1)) {
        objects.add(path.substring(0, dot + 1));
      }
    }
  }

  /**
   * OpenTelemetry's JSON has attributes as a list of {@code {"key": …, "value": {"…Value": …}}}.
   */
  private static @Nullable Placed attribute(String inside, @Nullable Object element, int depth) {
    return element instanceof Map<?, ?> pair
            && pair.size() == 2
            && pair.get("key") instanceof String key
            && pair.get("value") instanceof Map<?, ?> typed
            && typed.size() == 1
        ? new Placed(inside + normal(key), typed.values().iterator().next(), depth)
        : null;
  }

  /** What is at one of the places of a property; null if there is nothing, or an empty text. */
  @Nullable Object value(String property) {
    Object named = ofTheHost(property);
    if (named != null) {
      return named;
    }
    for (FieldPaths.Inside inside : paths.known()) {
      Object value = valueIn(inside, property);
      if (value != null) {
        return value;
      }
    }
    return null;
  }

  /**
   * What is at one of the places of a property in the same object as another one: two times of
   * which one is the answer's and one that of its log are of two clocks.
   */
  @Nullable Object valueBeside(String other, String property) {
    Object named = ofTheHost(property);
    if (named != null || ofTheHost(other) != null) {
      return named != null ? named : value(property);
    }
    for (FieldPaths.Inside inside : paths.known()) {
      if (valueIn(inside, other) != null) {
        return valueIn(inside, property);
      }
    }
    return value(property);
  }

  private @Nullable Object valueIn(FieldPaths.Inside inside, String property) {
    if (objects.contains(inside.prefix())) {
      for (String path : inside.of(property)) {
        Object value = at(path);
        if (value != null) {
          return value;
        }
      }
    }
    return null;
  }

  /** Whether there is an object at this place, whose names may be written as in the record. */
  boolean hasObject(String path) {
    return path.isEmpty() || objects.contains(normal(path) + ".");
  }

  /** What the host's own names say of a property; null if it gave none, or nothing is there. */
  @Nullable Object ofTheHost(String property) {
    for (String path : paths.ofTheHost(property)) {
      Object value = at(path);
      if (value != null) {
        return value;
      }
    }
    return null;
  }

  boolean isOfTheHost(String property) {
    return ofTheHost(property) != null;
  }

  /** What is at one place, whose names may be written as in the record. */
  @Nullable Object at(String path) {
    Object value = values.get(path);
    return "".equals(value) ? null : value;
  }

  @Nullable String text(String property) {
    Object value = value(property);
    return value == null ? null : value.toString();
  }

  /**
   * A count of tokens.
   *
   * @param what it is, for the message
   */
  @Nullable Long tokens(String property, String what) {
    Long count = count(property);
    if (count != null && (count < 0 || count > UsageEvent.MAX_TOKENS)) {
      throw new IllegalArgumentException(
          what
              + " tokens must "
              + (count < 0 ? "not be negative" : "be at most " + UsageEvent.MAX_TOKENS)
              + ", but are "
              + count);
    }
    return count;
  }

  @Nullable Long count(String property) {
    Object value = value(property);
    if (value == null) {
      return null;
    }
    BigDecimal number = number(property, value);
    Long count = DecimalBounds.wholeNumber(number.toString());
    if (count == null) {
      throw new IllegalArgumentException(
          property + " must be a whole number, but is " + DecimalBounds.shown(number));
    }
    return count;
  }

  @Nullable BigDecimal number(String property) {
    Object value = value(property);
    return value == null ? null : number(property, value);
  }

  private static BigDecimal number(String property, Object value) {
    BigDecimal number =
        value instanceof BigDecimal exact
            ? DecimalBounds.ANY.exact(exact)
            : DecimalBounds.ANY.exact(value.toString());
    if (number == null) {
      throw new IllegalArgumentException(
          property
              + " must be a number, but is "
              + (value instanceof BigDecimal exact
                  ? DecimalBounds.shown(exact)
                  : DecimalBounds.shown(value.toString())));
    }
    return number;
  }
}
