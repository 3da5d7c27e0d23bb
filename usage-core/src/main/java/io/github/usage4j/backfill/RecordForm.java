package io.github.usage4j.backfill;

import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What the shape of a record says of it, beyond its single fields. */
enum RecordForm {

  /** Nothing more. */
  OTHER,

  /** A line of a batch's results, of OpenAI and those compatible with it, Anthropic or Bedrock. */
  BATCH_RESULT,

  /** The same for a request that was not answered, and so not charged. */
  BATCH_FAILURE,

  /** An answer in a session of Claude Code, which writes a line for each block of it. */
  CLAUDE_CODE,

  /** Something else in such a session: what the user wrote, a summary, a local error. */
  CLAUDE_CODE_OTHER,

  /** An answer that LiteLLM took from its own cache: no provider was asked. */
  LITELLM_CACHED;

  /** The model that Claude Code names where it wrote a message itself. */
  private static final String SYNTHETIC = "<synthetic>";

  private static final Set<String> CLAUDE_CODE_KEYS =
      Set.of("sessionId", "leafUuid", "isSnapshotUpdate");

  static RecordForm of(Map<String, ?> record) {
    RecordForm batch = batch(record);
    if (batch != null) {
      return batch;
    }
    if (record.get("type") instanceof String
        && CLAUDE_CODE_KEYS.stream().anyMatch(record::containsKey)) {
      Map<?, ?> message = claudeMessage(record);
      return message != null
              && message.get("usage") instanceof Map<?, ?>
              && !SYNTHETIC.equals(message.get("model"))
          ? CLAUDE_CODE
          : CLAUDE_CODE_OTHER;
    }
    Object cached = record.get("cache_hit");
    return cached != null && cached.toString().equalsIgnoreCase("true") ? LITELLM_CACHED : OTHER;
  }

  private static @Nullable RecordForm batch(Map<String, ?> record) {
    boolean named = record.containsKey("custom_id");
    if (named && record.get("result") instanceof Map<?, ?> result) { // Anthropic
      return result.get("message") instanceof Map<?, ?> ? BATCH_RESULT : BATCH_FAILURE;
    }
    if (named && record.containsKey("response")) { // OpenAI
      Map<?, ?> body = JsonTrees.object(record, "response.body");
      return body != null && body.get("usage") != null ? BATCH_RESULT : BATCH_FAILURE;
    }
    if (record.containsKey("recordId") && record.containsKey("modelInput")) { // Bedrock
      return record.get("modelOutput") instanceof Map<?, ?> ? BATCH_RESULT : BATCH_FAILURE;
    }
    return null;
  }

  /** The message of a line of a session, which may be one of an agent inside of it. */
  private static @Nullable Map<?, ?> claudeMessage(Map<String, ?> record) {
    return record.get("message") instanceof Map<?, ?> message
        ? message
        : JsonTrees.object(record, "data.message.message");
  }

  boolean isCall() {
    return this != BATCH_FAILURE && this != CLAUDE_CODE_OTHER && this != LITELLM_CACHED;
  }
}
