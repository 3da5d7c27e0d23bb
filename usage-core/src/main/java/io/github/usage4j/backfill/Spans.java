package io.github.usage4j.backfill;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Spans of OpenTelemetry, one in a record, or many as the exporters of OTLP write them.
 *
 * @see <a href="https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding">OTLP's JSON</a>
 */
final class Spans {

  /** What agents and tools do: what they used is in the spans of the model calls inside. */
  private static final Set<String> NO_CALLS =
      Set.of(
          "create_agent", "invoke_agent", "invoke_workflow", "plan", "execute_tool", "retrieval");

  private static final String DOCUMENT = "resourceSpans";

  private Spans() {}

  static boolean isDocument(Map<String, ?> record) {
    return record.get(DOCUMENT) instanceof List<?>;
  }

  /** Each span of a document as a record of its own. */
  static List<ImportRecord> of(ImportRecord document) {
    var spans = new ArrayList<ImportRecord>();
    for (Map<?, ?> resource : objects(document.fields().get(DOCUMENT))) {
      for (Map<?, ?> scope : objects(resource.get("scopeSpans"))) {
        for (Map<?, ?> span : objects(scope.get("spans"))) {
          int number = spans.size() + 1;
          spans.add(
              new ImportRecord(
                  document.where() + ", span " + number,
                  document.identity() + " span " + number,
                  named(span),
                  null,
                  document.text()));
        }
      }
    }
    return spans;
  }

  @SuppressWarnings("unchecked") // names in JSON are text
  private static Map<String, ?> named(Map<?, ?> span) {
    return (Map<String, ?>) span;
  }

  private static List<Map<?, ?>> objects(@Nullable Object list) {
    var objects = new ArrayList<Map<?, ?>>();
    if (list instanceof List<?> all) {
      for (Object element : all) {
        if (element instanceof Map<?, ?> object) {
          objects.add(object);
        }
      }
    }
    return objects;
  }

  /** Whether a span is one of a model's call. */
  static boolean isCall(Fields fields) {
    String operation = fields.text("operationName");
    return operation == null
        ? fields.text("requestModel") != null || fields.text("responseModel") != null
        : !NO_CALLS.contains(operation);
  }
}
