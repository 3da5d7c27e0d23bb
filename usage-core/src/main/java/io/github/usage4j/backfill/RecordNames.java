package io.github.usage4j.backfill;

import io.github.usage4j.UsageEvent.Kind;
import io.github.usage4j.UsageEvent.Outcome;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What other systems call kinds of calls and ways in which they end. */
final class RecordNames {

  private static final Map<String, Kind> KINDS =
      Map.ofEntries(
          Map.entry("chat", Kind.CHAT),
          Map.entry("chat.completion", Kind.CHAT),
          Map.entry("response", Kind.CHAT),
          Map.entry("responses", Kind.CHAT),
          Map.entry("message", Kind.CHAT),
          Map.entry("messages", Kind.CHAT),
          // What LiteLLM calls a completion is a chat.
          Map.entry("completion", Kind.CHAT),
          Map.entry("generate_content", Kind.CHAT),
          Map.entry("text_completion", Kind.COMPLETION),
          Map.entry("embedding", Kind.EMBEDDING),
          Map.entry("embeddings", Kind.EMBEDDING),
          Map.entry("list", Kind.EMBEDDING),
          Map.entry("rerank", Kind.RERANK),
          Map.entry("moderation", Kind.MODERATION),
          Map.entry("image", Kind.IMAGE),
          Map.entry("image_generation", Kind.IMAGE),
          Map.entry("transcription", Kind.TRANSCRIPTION),
          Map.entry("speech", Kind.SPEECH));

  private static final Map<String, Outcome> OUTCOMES =
      Map.ofEntries(
          Map.entry("success", Outcome.SUCCESS),
          Map.entry("ok", Outcome.SUCCESS),
          Map.entry("complete", Outcome.SUCCESS),
          Map.entry("completed", Outcome.SUCCESS),
          Map.entry("succeeded", Outcome.SUCCESS),
          Map.entry("incomplete", Outcome.SUCCESS),
          Map.entry("unset", Outcome.SUCCESS),
          // Of an answer in the background that is not over: a later record may say more.
          Map.entry("queued", Outcome.SUCCESS),
          Map.entry("in_progress", Outcome.SUCCESS),
          Map.entry("0", Outcome.SUCCESS),
          Map.entry("1", Outcome.SUCCESS),
          Map.entry("error", Outcome.ERROR),
          Map.entry("failure", Outcome.ERROR),
          Map.entry("failed", Outcome.ERROR),
          Map.entry("2", Outcome.ERROR),
          Map.entry("cancelled", Outcome.CANCELLED),
          Map.entry("canceled", Outcome.CANCELLED),
          Map.entry("refused", Outcome.REFUSED));

  private RecordNames() {}

  static Kind kind(Fields fields) {
    String name = fields.text("kind");
    if (name == null || isOfSpans(name)) {
      name = fields.text("operationName");
    }
    name = name == null ? fields.text("object") : name;
    return name == null ? Kind.CHAT : kind(name);
  }

  /** OpenTelemetry's kind of a span, as a number or by name: every one is possible for a call. */
  private static boolean isOfSpans(String name) {
    return name.matches("[0-9]+") || Fields.normal(name).startsWith("spankind");
  }

  private static Kind kind(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    // LiteLLM names asynchronous calls with an a in front, OpenAI pieces of a stream .chunk.
    String plain = lower.endsWith(".chunk") ? lower.substring(0, lower.length() - 6) : lower;
    Kind kind = KINDS.get(plain);
    if (kind == null && plain.startsWith("a")) {
      kind = KINDS.get(plain.substring(1));
    }
    if (kind == null) {
      throw new IllegalArgumentException(
          "kind must be one of " + KINDS.keySet() + ", but is '" + name + "'");
    }
    return kind;
  }

  static Outcome outcome(Fields fields) {
    String name = fields.text("outcome");
    return name == null
        ? fields.text("errorType") == null ? Outcome.SUCCESS : Outcome.ERROR
        : outcome(name);
  }

  private static Outcome outcome(String name) {
    String plain = name.toLowerCase(Locale.ROOT).replace("status_code_", "");
    @Nullable Outcome outcome = OUTCOMES.get(plain);
    if (outcome == null && plain.matches("[1-5][0-9][0-9]")) {
      outcome = plain.charAt(0) < '4' ? Outcome.SUCCESS : Outcome.ERROR;
    }
    if (outcome == null) {
      throw new IllegalArgumentException(
          "outcome must be one of "
              + OUTCOMES.keySet()
              + " or an HTTP status, but is '"
              + name
              + "'");
    }
    return outcome;
  }
}
