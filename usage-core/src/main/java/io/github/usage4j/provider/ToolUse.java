package io.github.usage4j.provider;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.math.BigDecimal;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Counts the tools that a provider ran for an answer and charges by use, where it does not state
 * how many in the usage block but shows them: items of OpenAI's output, and the searches that a
 * Gemini answer is grounded on. A stream shows each of them more than once, so they are known by
 * their ids; of those, and of what was searched for, only a hash is kept.
 *
 * @see <a href="https://developers.openai.com/api/docs/pricing">OpenAI charges searches, not the
 *     pages that are opened after them; a container once</a>
 * @see <a href="https://ai.google.dev/gemini-api/docs/google-search">Gemini 3 is charged by search
 *     query, empty ones excepted; older models by grounded prompt</a>
 */
final class ToolUse {

  /** Before this generation Google charges an answer that searched, not its searches. */
  private static final int CHARGED_BY_QUERY = 3;

  private static final Pattern GEMINI = Pattern.compile("gemini-(\\d{1,3})");

  /** What is searched for by an answer that is grounded; not a unit by itself. */
  private static final String QUERIES = "queries";

  private @Nullable Map<String, Set<Long>> seen; // null for most answers
  private @Nullable BigDecimal billedSearches;

  /** What is looked at of one item. */
  private static final class Item {
    @Nullable String type;
    @Nullable String id;
    @Nullable String status;
    @Nullable String action;
    @Nullable String container;

    boolean completed() {
      return status == null || status.equals("completed");
    }

    /** A page that is opened, or searched in, costs its tokens only. */
    boolean searches() {
      return action == null || !(action.equals("open_page") || action.equals("find_in_page"));
    }
  }

  /** Takes the items of an output, if this is a list of them. */
  void output(JsonParser parser) throws IOException {
    int number = 0;
    for (JsonToken part = Envelope.first(parser); part != null; part = Envelope.next(parser)) {
      item(parser, number++);
    }
  }

  /** Takes the item that an event of a stream is about. */
  void item(JsonParser parser) throws IOException {
    if (parser.currentToken() == JsonToken.START_OBJECT) {
      item(parser, 0);
    } else {
      parser.skipChildren();
    }
  }

  private void item(JsonParser parser, int number) throws IOException {
    var item = new Item();
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String field = parser.currentName();
      parser.nextToken();
      switch (field) {
        case "type" -> item.type = text(parser);
        case "id" -> item.id = text(parser);
        case "status" -> item.status = text(parser);
        case "container_id" -> item.container = text(parser);
        case "action" -> item.action = typeOf(parser);
        default -> parser.skipChildren();
      }
    }
    take(item, item.id == null ? (long) number : hash(item.id));
  }

  private void take(Item item, long id) {
    switch (item.type == null ? "" : item.type) {
      case "web_search_call" ->
          addIf(item.completed() && item.searches(), StatedUnits.WEB_SEARCHES, id);
      case "file_search_call" -> addIf(item.completed(), StatedUnits.FILE_SEARCHES, id);
      case "image_generation_call" -> addIf(item.completed(), StatedUnits.IMAGES, id);
      case "code_interpreter_call" -> { // paid for once it is there, whatever becomes of the code
        if (item.container != null) {
          add(StatedUnits.CONTAINERS, hash(item.container));
        }
      }
      default -> {
        // a message, or a tool that costs its tokens only
      }
    }
  }

  private void addIf(boolean counts, String unit, long id) {
    if (counts) {
      add(unit, id);
    }
  }

  private void add(String unit, long id) {
    if (seen == null) {
      seen = new HashMap<>();
    }
    seen.computeIfAbsent(unit, u -> new HashSet<>()).add(id);
  }

  private static @Nullable String text(JsonParser parser) throws IOException {
    if (parser.currentToken() == JsonToken.VALUE_STRING) {
      return parser.getText();
    }
    parser.skipChildren();
    return null;
  }

  /** The type of the object that the parser is at. */
  private static @Nullable String typeOf(JsonParser parser) throws IOException {
    String type = null;
    if (parser.currentToken() == JsonToken.START_OBJECT) {
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        boolean isType = parser.currentName().equals("type");
        parser.nextToken();
        type = isType ? text(parser) : type;
        parser.skipChildren();
      }
    }
    return type;
  }

  /** Takes what OpenAI says beside the items of the tools that it charges. */
  void billed(JsonNode toolUsage) {
    BigDecimal requests = StatedUnits.COUNT.exact(toolUsage.path("web_search").get("num_requests"));
    billedSearches = requests != null ? requests : billedSearches;
  }

  /** Takes what a candidate of Gemini's is grounded on. */
  void grounding(JsonNode metadata) {
    for (JsonNode query : metadata.path("webSearchQueries")) {
      if (query.isTextual() && !query.textValue().isBlank()) {
        add(QUERIES, hash(query.textValue()));
      }
    }
  }

  /** The units that were seen. */
  Map<String, BigDecimal> units(@Nullable String model) {
    boolean billed = billedSearches != null && billedSearches.signum() > 0;
    if (seen == null && !billed) {
      return Map.of();
    }
    var units = new HashMap<String, BigDecimal>();
    if (seen != null) {
      seen.forEach((unit, ids) -> units.put(unit, BigDecimal.valueOf(ids.size())));
      BigDecimal queries = units.remove(QUERIES);
      if (queries != null) {
        units.put(StatedUnits.WEB_SEARCHES, isByPrompt(model) ? BigDecimal.ONE : queries);
      }
    }
    if (billed) { // it is 0 while a stream goes on
      units.put(StatedUnits.WEB_SEARCHES, billedSearches);
    }
    return units;
  }

  private static boolean isByPrompt(@Nullable String model) {
    Matcher gemini = GEMINI.matcher(model == null ? "" : model);
    return gemini.find() && Integer.parseInt(gemini.group(1)) < CHARGED_BY_QUERY;
  }

  /** FNV-1a of 64 bits. */
  private static long hash(String text) {
    long hash = 0xcbf29ce484222325L;
    for (int i = 0; i < text.length(); i++) {
      hash = (hash ^ text.charAt(i)) * 0x100000001b3L;
    }
    return hash;
  }
}
