package io.github.usage4j.provider;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.usage4j.internal.DecimalBounds;
import java.math.BigDecimal;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The usage block of an answer; of a stream, what its blocks say together. They state running
 * figures, which only grow: OpenAI's chunks and Anthropic's events do by their definition. So the
 * larger figure of each count stays, also where a later block leaves it out or says 0, and one that
 * shrinks to something else is remembered as a contradiction.
 *
 * <p>Gemini is different: a chunk in the middle counts the phase of the answer that is under way,
 * and the last one counts the whole answer. There the later block wins, and what it leaves out is
 * taken from the one before only where it fits.
 */
final class UsageBlock {

  private static final String[] GEMINI_OUTPUT = {
    "candidatesTokenCount", "thoughtsTokenCount", "toolUsePromptTokenCount"
  };

  /** Parts of the input that do not include each other. */
  private static final String[] MESSAGES_INPUT = {
    "input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"
  };

  private final ObjectNode fields = JsonNodeFactory.instance.objectNode();
  private boolean shrank;
  private long largestTotal;

  /** What the blocks say together. */
  ObjectNode fields() {
    return fields;
  }

  /**
   * Whether a block stated less than one before, which cannot be.
   *
   * @param complete whether the last block is here
   */
  boolean contradicts(boolean complete) {
    return shrank || (complete && total() < largestTotal);
  }

  /**
   * Takes the block of an answer, or the next one of a stream.
   *
   * @param completes whether it is known to be a part of what the blocks say together
   */
  void take(ObjectNode later, boolean completes) {
    UsageShape known = UsageShape.of(fields);
    UsageShape shape = UsageShape.of(later);
    boolean other = !completes && areApart(known, shape);
    if (other && !counts(later)) {
      return;
    }
    if (other || (known == UsageShape.GEMINI && !continues(later))) {
      fields.removeAll();
    } else if (known == UsageShape.GEMINI) {
      keepWhatFits(later);
    }
    if (shape == UsageShape.GEMINI) {
      replace(later, false);
      largestTotal = Math.max(largestTotal, total());
    } else if (shape == UsageShape.MESSAGES && isConsistent(later)) {
      replace(later, true);
    } else {
      grow(fields, later);
    }
  }

  /** Whether two blocks are of different formats; a total alone may be of any. */
  private static boolean areApart(@Nullable UsageShape known, @Nullable UsageShape later) {
    return known != null
        && later != null
        && known != later
        && known != UsageShape.TOTAL_ONLY
        && later != UsageShape.TOTAL_ONLY;
  }

  /** Whether anything in it is more than 0. */
  static boolean counts(JsonNode block) {
    for (JsonNode value : block) {
      BigDecimal number = DecimalBounds.ANY.exact(value);
      // A number beyond all bounds is one.
      boolean more = number == null ? value.isNumber() : number.signum() > 0;
      if (more || (value.isObject() && counts(value))) {
        return true;
      }
    }
    return false;
  }

  // Gemini

  private long total() {
    return count(fields, "totalTokenCount");
  }

  /** Whether it is about the same prompt, or says nothing of one. */
  private boolean continues(ObjectNode later) {
    long prompt = count(later, "promptTokenCount");
    return prompt == 0 || prompt == count(fields, "promptTokenCount");
  }

  /** Removes what the later block leaves out and what is not in its total. */
  private void keepWhatFits(ObjectNode later) {
    long room = count(later, "totalTokenCount");
    if (room == 0) {
      return;
    }
    room -= Math.max(count(later, "promptTokenCount"), count(fields, "promptTokenCount"));
    for (String part : GEMINI_OUTPUT) {
      room -= count(later, part);
    }
    for (String part : GEMINI_OUTPUT) {
      long kept = count(later, part) == 0 ? count(fields, part) : 0;
      if (kept > room) {
        fields.remove(part);
      } else {
        room -= kept;
      }
    }
  }

  /** Takes what the later block states; the rest stays. */
  private void replace(ObjectNode later, boolean byZero) {
    for (Map.Entry<String, JsonNode> field : later.properties()) {
      JsonNode value = field.getValue();
      boolean nothing = value.isNull() || (!byZero && isZero(value));
      if (!nothing || !fields.hasNonNull(field.getKey())) {
        fields.set(field.getKey(), value.isObject() ? value.deepCopy() : value);
      }
    }
  }

  // Anthropic

  /**
   * Whether its figures can be taken as they are, though one of them may be smaller than before:
   * its iterations add up to them, as after a fallback to another model; or its input is as large
   * as before, in other parts.
   */
  private boolean isConsistent(ObjectNode later) {
    return Iterations.explain(later)
        || (count(later, "input_tokens") > 0
            && input(later, fields) >= input(fields, later)
            && count(later, "output_tokens") >= count(fields, "output_tokens"));
  }

  private static long input(ObjectNode block, ObjectNode otherwise) {
    long sum = 0;
    for (String part : MESSAGES_INPUT) {
      sum += count(block.hasNonNull(part) ? block : otherwise, part);
    }
    return sum;
  }

  // Everybody else

  private void grow(ObjectNode to, ObjectNode later) {
    for (Map.Entry<String, JsonNode> field : later.properties()) {
      String name = field.getKey();
      JsonNode value = field.getValue();
      JsonNode before = to.get(name);
      if (before == null || before.isNull()) {
        to.set(name, value.isObject() ? value.deepCopy() : value);
      } else if (before instanceof ObjectNode object && value instanceof ObjectNode more) {
        grow(object, more);
      } else if (before.isNumber()) {
        to.set(name, larger(name, before, value));
      } else if (!value.isNull() && !(before.isArray() && value.isEmpty())) {
        to.set(name, value);
      }
    }
  }

  private JsonNode larger(String name, JsonNode before, JsonNode later) {
    BigDecimal had = DecimalBounds.ANY.exact(before);
    BigDecimal has = DecimalBounds.ANY.exact(later);
    if (had == null || later.isNull()) {
      return later.isNull() ? before : later;
    }
    boolean smaller = has == null || has.compareTo(had) < 0;
    shrank |= smaller && isCount(name) && (has == null || has.signum() != 0);
    return smaller ? before : later;
  }

  private static boolean isCount(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    return lower.contains("token") || lower.endsWith("_count");
  }

  private static boolean isZero(JsonNode value) {
    BigDecimal number = DecimalBounds.ANY.exact(value);
    return number != null && number.signum() == 0;
  }

  private static long count(ObjectNode block, String name) {
    @Nullable Long count = DecimalBounds.wholeNumber(block.get(name));
    return count == null || count < 0 ? 0 : Math.min(count, Long.MAX_VALUE / 8);
  }
}
