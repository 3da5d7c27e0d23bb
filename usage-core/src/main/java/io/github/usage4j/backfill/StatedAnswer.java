package io.github.usage4j.backfill;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent.Source;
import io.github.usage4j.provider.InvokedUsage;
import io.github.usage4j.provider.RawUsage;
import io.github.usage4j.provider.StatedUsage;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What a record states of its usage. The answer of a provider, or its usage block, is read by the
 * code that reads live answers. Names that only logs use are put into such a block first, so that
 * what a figure means is decided in one place.
 *
 * @param usage what was used
 * @param answer the object in the record that holds it; the record itself if nothing does
 */
record StatedAnswer(StatedUsage usage, Map<?, ?> answer) {

  private static final JsonMapper MAPPER = new JsonMapper();

  /** Where answers stand, innermost first; {@link RawUsage} itself looks into two objects more. */
  private static final List<String> DOCUMENTS =
      List.of(
          "data.message", "result", "response.body", "modelOutput", "body", "payload", "log", "");

  /** Objects of a document that {@link RawUsage} looks into and that may be the answer. */
  private static final List<String> ANSWERS = List.of("message", "response");

  /** LiteLLM keeps the provider's own block beside its own sums. */
  private static final String BLOCK = "metadata.usage_object";

  /** Of a choice inside of a list inside of a document. */
  private static final int MAX_DEPTH = 4;

  private static final Set<String> UNFINISHED = Set.of("in_progress", "queued");

  static StatedAnswer of(Map<String, ?> record, Fields fields) {
    StatedAnswer stated = stated(record, fields, RawUsage::new);
    StatedUsage usage = stated.usage();
    if (FieldNames.COUNTS.keySet().stream().anyMatch(fields::isOfTheHost)) {
      StatedUsage named = named(fields);
      return new StatedAnswer(usage.tokens(named.tokens(), named.unexplained()), stated.answer());
    }
    if (!usage.isEmpty()) {
      return new StatedAnswer(completed(usage, fields), stated.answer());
    }
    StatedUsage named = named(fields);
    return named.isEmpty()
        ? stated(record, fields, InvokedUsage::new)
        : new StatedAnswer(named, stated.answer());
  }

  /**
   * What the provider's own words say.
   *
   * @param reader for each document; one of Bedrock's knows more words, which are not looked for
   *     where others say enough
   */
  private static StatedAnswer stated(
      Map<String, ?> record, Fields fields, Supplier<RawUsage> reader) {
    for (String path : DOCUMENTS) {
      Map<?, ?> document = fields.hasObject(path) ? JsonTrees.object(record, path) : null;
      StatedUsage usage = document == null ? StatedUsage.NONE : read(document, reader.get());
      if (document != null && !usage.isEmpty()) {
        return new StatedAnswer(usage, answer(document));
      }
      if (path.equals("response.body")) {
        Map<?, ?> block = fields.hasObject(BLOCK) ? JsonTrees.object(record, BLOCK) : null;
        usage =
            block == null
                ? StatedUsage.NONE
                : new RawUsage().usage(JsonTrees.ofUsage(block)).stated(Source.WIRE);
        if (!usage.isEmpty()) {
          return new StatedAnswer(usage, record);
        }
      }
    }
    return new StatedAnswer(StatedUsage.NONE, answer(record));
  }

  private static StatedUsage read(Map<?, ?> document, RawUsage reader) {
    return reader instanceof InvokedUsage || mayState(document, 0)
        ? reader.read(bytes(JsonTrees.of(document))).stated(Source.WIRE)
        : StatedUsage.NONE;
  }

  private static byte[] bytes(ObjectNode node) {
    try {
      return MAPPER.writeValueAsBytes(node);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("cannot be read: " + e.getOriginalMessage(), e);
    }
  }

  /** Spares most records a second parser: whether a name in it is one of those of usage. */
  private static boolean mayState(@Nullable Object value, int depth) {
    if (depth > MAX_DEPTH) {
      return false;
    }
    if (value instanceof List<?> list) {
      return list.stream().anyMatch(element -> mayState(element, depth + 1));
    }
    return value instanceof Map<?, ?> object
        && object.entrySet().stream()
            .anyMatch(
                field ->
                    RawUsage.mayState(String.valueOf(field.getKey()))
                        || mayState(field.getValue(), depth + 1));
  }

  private static Map<?, ?> answer(Map<?, ?> document) {
    for (String name : ANSWERS) {
      if (document.get(name) instanceof Map<?, ?> answer && answer.get("usage") != null) {
        return answer;
      }
    }
    return document;
  }

  /** What names say that logs use beside, or in place of, those of a provider. */
  private static StatedUsage named(Fields fields) {
    Long prompt = fields.tokens("prompt", "input");
    Long input = fields.tokens("input", "input");
    Long output = fields.tokens("output", "output");
    Long besideRead = fields.tokens("anthropicRead", "cacheRead");
    Long besideWrite = fields.tokens("anthropicWrite", "cacheWrite");
    Long cacheRead = besideRead != null ? besideRead : fields.tokens("cacheRead", "cacheRead");
    Long cacheWrite = besideWrite != null ? besideWrite : fields.tokens("cacheWrite", "cacheWrite");
    Long oneHour = fields.tokens("oneHour", "oneHour");
    Long reasoning = fields.tokens("reasoning", "reasoning");
    Long inputAudio = fields.tokens("inputAudio", "inputAudio");
    Long outputAudio = fields.tokens("outputAudio", "outputAudio");
    ObjectNode block = JsonNodeFactory.instance.objectNode();
    if (prompt == null && (besideRead != null || besideWrite != null)) {
      block.put("input_tokens", input).put("output_tokens", output);
      block.put("cache_read_input_tokens", cacheRead);
      block.put("cache_creation_input_tokens", cacheWrite);
      block.putObject("output_tokens_details").put("thinking_tokens", reasoning);
    } else {
      block.put("prompt_tokens", prompt != null ? prompt : input).put("completion_tokens", output);
      block
          .putObject("prompt_tokens_details")
          .put("cached_tokens", cacheRead)
          .put("cache_write_tokens", cacheWrite)
          .put("audio_tokens", inputAudio);
      block
          .putObject("completion_tokens_details")
          .put("reasoning_tokens", reasoning)
          .put("audio_tokens", outputAudio);
      block.put("total_tokens", fields.tokens("total", "total"));
    }
    block.putObject("cache_creation").put("ephemeral_1h_input_tokens", oneHour);
    return new RawUsage().usage(block).stated(Source.HOST);
  }

  /** The stated figures, with what only logs name where both say the same of input and output. */
  private static StatedUsage completed(StatedUsage stated, Fields fields) {
    TokenCounts known = stated.tokens();
    TokenCounts more;
    try {
      more = named(fields).tokens();
    } catch (IllegalArgumentException e) {
      return stated; // says itself that it is not all
    }
    if (!Objects.equals(known.input(), more.input())
        || !Objects.equals(known.output(), more.output())) {
      return stated;
    }
    var both =
        new TokenCounts(
            known.input(),
            known.output(),
            or(known.cacheRead(), more.cacheRead()),
            or(known.cacheWrite(), more.cacheWrite()),
            or(known.cacheWriteOneHour(), more.cacheWriteOneHour()),
            or(known.reasoning(), more.reasoning()),
            or(known.inputAudio(), more.inputAudio()),
            or(known.outputAudio(), more.outputAudio()),
            or(known.cacheReadAudio(), more.cacheReadAudio()));
    return both.equals(known) ? stated : stated.tokens(both, stated.unexplained());
  }

  private static @Nullable Long or(@Nullable Long stated, @Nullable Long otherwise) {
    return stated != null ? stated : otherwise;
  }

  /** Whether the answer says itself that it is not over: no reason why it ended, or a status. */
  boolean open() {
    return (answer.containsKey("stop_reason") && answer.get("stop_reason") == null)
        || Boolean.FALSE.equals(answer.get("done"))
        || (answer.get("status") instanceof String status && UNFINISHED.contains(status))
        || noneHas(answer.get("choices"), "finish_reason")
        || noneHas(answer.get("candidates"), "finishReason");
  }

  private static boolean noneHas(@Nullable Object list, String name) {
    return list instanceof List<?> parts
        && !parts.isEmpty()
        && parts.stream()
            .allMatch(part -> part instanceof Map<?, ?> object && object.get(name) == null);
  }
}
