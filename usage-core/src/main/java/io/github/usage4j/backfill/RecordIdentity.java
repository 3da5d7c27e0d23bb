package io.github.usage4j.backfill;

import io.github.usage4j.TokenCounts;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * By what a record of a call is known in its source: the id of the answer, else the record's own.
 * Its time is no part of it, because two records of one call may have two. An id that is known to
 * be given to several calls is none.
 *
 * @param name tells the call from every other of its source; null if nothing does but the place of
 *     the record and its content
 */
record RecordIdentity(@Nullable String name) {

  private static final RecordIdentity NONE = new RecordIdentity(null);

  /** Anthropic's own ids, also on Bedrock and Vertex, are never given twice. */
  private static final Pattern ANTHROPIC = Pattern.compile("msg_(bdrk_|vrtx_)?[0-9A-Za-z]{20,}");

  /** Ollama draws one of some hundred numbers under OpenAI's names. */
  private static final Pattern DRAWN =
      Pattern.compile("(chatcmpl|cmpl)-[0-9]{1,3}|resp_[0-9]{1,6}");

  static RecordIdentity of(
      Map<String, ?> record, Fields fields, StatedAnswer stated, RecordForm form, String provider) {
    Object ofTheHost = fields.ofTheHost("id");
    if (ofTheHost != null) {
      return new RecordIdentity(ofTheHost.toString());
    }
    String span = fields.text("span");
    String trace = fields.text("trace");
    if (span != null && trace != null) {
      return new RecordIdentity(trace + "/" + span); // a span's own id is unique in its trace only
    }
    boolean inside = stated.answer() != record;
    String own = inside ? answerId(stated.answer()) : null;
    String id = own != null ? own : fields.text("id");
    if (id == null || id.isBlank() || (provider.equals("ollama") && DRAWN.matcher(id).matches())) {
      return NONE;
    }
    if (form == RecordForm.CLAUDE_CODE && own != null) {
      return claudeCode(own, record, fields, stated.usage().tokens());
    }
    // What the import says of all records is no part of it: that may be corrected afterwards.
    String named = fields.text("provider");
    return new RecordIdentity(named == null ? id : named + "/" + id);
  }

  private static @Nullable String answerId(Map<?, ?> answer) {
    Object id = answer.get("id") != null ? answer.get("id") : answer.get("responseId");
    return id == null || id.toString().isBlank() ? null : id.toString();
  }

  /**
   * Claude Code repeats an answer under another request id in the log of an agent, so an id of
   * Anthropic's own is enough. Gateways between it and a model state ids that are not: with the id
   * of the request they are. Without one, some give every answer the same id; then what it says of
   * its prompt tells one from the next, and is the same in each line of one.
   */
  private static RecordIdentity claudeCode(
      String id, Map<String, ?> record, Fields fields, TokenCounts tokens) {
    if (ANTHROPIC.matcher(id).matches()) {
      return new RecordIdentity(id);
    }
    Object request = record.get("requestId");
    if (request == null) {
      Map<?, ?> agent = JsonTrees.object(record, "data.message");
      request = agent == null ? null : agent.get("requestId");
    }
    if (request != null && !request.toString().isBlank()) {
      return new RecordIdentity(id + ":" + request);
    }
    String prompt = tokens.input() + "/" + tokens.cacheRead() + "/" + tokens.cacheWrite();
    return new RecordIdentity(fields.text("session") + "/" + id + " of " + prompt);
  }
}
