package io.github.usage4j.backfill;

import io.github.usage4j.Attribution;
import io.github.usage4j.Cost;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Kind;
import io.github.usage4j.UsageEvent.Outcome;
import java.math.BigDecimal;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Makes events of records by {@link FieldNames}. Unknown fields are ignored. */
final class RecordMapper implements Function<ImportRecord, @Nullable UsageEvent> {

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
          Map.entry("completed", Outcome.SUCCESS),
          Map.entry("incomplete", Outcome.SUCCESS),
          Map.entry("unset", Outcome.SUCCESS),
          Map.entry("0", Outcome.SUCCESS),
          Map.entry("1", Outcome.SUCCESS),
          Map.entry("error", Outcome.ERROR),
          Map.entry("failure", Outcome.ERROR),
          Map.entry("failed", Outcome.ERROR),
          Map.entry("2", Outcome.ERROR),
          Map.entry("cancelled", Outcome.CANCELLED),
          Map.entry("canceled", Outcome.CANCELLED),
          Map.entry("refused", Outcome.REFUSED));

  private final String source;
  private final Map<String, List<String>> paths;
  private final @Nullable String provider;
  private final @Nullable ZoneId localTimes;
  private final Attribution otherwise;

  /**
   * @param names more names of properties
   * @param provider of records that name none; null refuses them
   * @param localTimes the zone of times that state none; null refuses them
   * @param otherwise who caused a record that does not say so, part by part
   */
  RecordMapper(
      String source,
      Map<String, List<String>> names,
      @Nullable String provider,
      @Nullable ZoneId localTimes,
      Attribution otherwise) {
    this.source = source;
    this.paths = Fields.paths(names);
    this.provider = provider;
    this.localTimes = localTimes;
    this.otherwise = otherwise;
  }

  /**
   * @throws IllegalArgumentException naming the property, if the record lacks one that an event
   *     needs, or breaks a rule
   */
  @Override
  public UsageEvent apply(ImportRecord record) {
    var fields = new Fields(record.fields(), paths);
    Instant start = time("start", fields.value("start"));
    if (start == null) {
      throw new IllegalArgumentException("start is missing: " + FieldNames.NAMES.get("start"));
    }
    String name = fields.text("provider");
    if (name == null && provider == null) {
      throw new IllegalArgumentException(
          "provider is missing: " + FieldNames.NAMES.get("provider") + "; set one for all records");
    }
    String requestModel = fields.text("requestModel");
    String responseModel = fields.text("responseModel");
    if (requestModel == null && responseModel == null) {
      throw new IllegalArgumentException(
          "model is missing: " + FieldNames.NAMES.get("requestModel"));
    }
    var builder =
        UsageEvent.builder(
                UsageEvent.idFrom(source, identity(fields, record), start),
                kind(fields.text("kind")),
                name != null ? name : Objects.requireNonNull(provider),
                requestModel == null ? "" : requestModel)
            .responseModel(responseModel)
            .responseId(fields.text("responseId"))
            .startedAt(start)
            .streaming(Boolean.parseBoolean(fields.text("streaming")))
            .serviceTier(fields.text("serviceTier"))
            .credentialId(fields.text("credential"))
            .source(UsageEvent.Source.HOST)
            .attribution(attribution(fields))
            .tokens(tokens(fields))
            .statedCost(cost(fields))
            .finishReason(fields.text("finish"))
            .errorType(fields.text("errorType"))
            .outcome(outcome(fields));
    Duration duration = between(fields, start, "millis", "end");
    if (duration != null) {
      builder.duration(duration);
    }
    builder.timeToFirstToken(between(fields, start, "firstTokenMillis", "firstTokenAt"));
    String operation = fields.text("operation");
    Long step = fields.count("step");
    if (operation != null && step != null) {
      // Without a number each step would be counted as an operation.
      builder.operation(operation, Math.toIntExact(step));
    }
    return builder.build();
  }

  /** A span's own id is unique in its trace only. */
  private static String identity(Fields fields, ImportRecord record) {
    String span = fields.text("span");
    String trace = fields.text("trace");
    if (span != null && trace != null) {
      return trace + "/" + span;
    }
    String id = fields.text("id");
    return id != null ? id : record.identity();
  }

  private static Kind kind(@Nullable String name) {
    if (name == null) {
      return Kind.CHAT;
    }
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

  private static Outcome outcome(Fields fields) {
    String name = fields.text("outcome");
    if (name == null) {
      return fields.text("errorType") == null ? Outcome.SUCCESS : Outcome.ERROR;
    }
    String plain = name.toLowerCase(Locale.ROOT).replace("status_code_", "");
    Outcome outcome = OUTCOMES.get(plain);
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

  private static TokenCounts tokens(Fields fields) {
    Long input = fields.count("prompt");
    Long read = fields.count("anthropicRead");
    Long write = fields.count("anthropicWrite");
    if (input == null) {
      input = fields.count("input");
      boolean besideTheCache = read != null || write != null;
      if (input != null && besideTheCache) {
        input = Math.addExact(input, Math.addExact(orZero(read), orZero(write)));
      }
    }
    return new TokenCounts(
        input,
        fields.count("output"),
        read != null ? read : fields.count("cacheRead"),
        write != null ? write : fields.count("cacheWrite"),
        fields.count("oneHour"),
        fields.count("reasoning"),
        fields.count("inputAudio"),
        fields.count("outputAudio"),
        null);
  }

  private static long orZero(@Nullable Long count) {
    return count == null ? 0 : count;
  }

  private static @Nullable Cost cost(Fields fields) {
    BigDecimal amount = fields.rounded("cost", Cost.SCALE);
    String currency = fields.text("currency");
    return amount == null ? null : Cost.total(amount, currency == null ? "USD" : currency);
  }

  private Attribution attribution(Fields fields) {
    return new Attribution(
        or(fields.text("organization"), otherwise.organization()),
        or(fields.text("user"), otherwise.user()),
        or(fields.text("userLabel"), otherwise.userLabel()),
        or(fields.text("customer"), otherwise.customer()),
        otherwise.customerLabel(),
        or(fields.text("session"), otherwise.session()),
        or(fields.text("category"), otherwise.category()),
        otherwise.impersonated(),
        otherwise.tags());
  }

  private static @Nullable String or(@Nullable String stated, @Nullable String otherwise) {
    return stated != null ? stated : otherwise;
  }

  private @Nullable Duration between(
      Fields fields, Instant start, String millisName, String endName) {
    BigDecimal millis = fields.number(millisName);
    if (millis != null) {
      return Duration.of(millis.movePointRight(3).longValue(), ChronoUnit.MICROS);
    }
    Instant end = time(endName, fields.value(endName));
    return end == null ? null : Duration.between(start, end);
  }

  private @Nullable Instant time(String property, @Nullable Object value) {
    if (value == null) {
      return null;
    }
    try {
      if (value instanceof Instant at) {
        return at;
      }
      if (value instanceof OffsetDateTime at) {
        return at.toInstant();
      }
      if (value instanceof LocalDateTime at) {
        return local(at);
      }
      String text = value.toString();
      return text.matches("[0-9]+(\\.[0-9]+)?") ? epoch(new BigDecimal(text)) : written(text);
    } catch (DateTimeException | ArithmeticException e) {
      throw new IllegalArgumentException(
          property + " must be a time such as 2026-11-21T12:00:00Z, but is '" + value + "'", e);
    }
  }

  /** Seconds, milliseconds, microseconds or nanoseconds since 1970: by their size, to year 5138. */
  private static Instant epoch(BigDecimal number) {
    int digits = number.toBigInteger().toString().length();
    int shift = digits <= 11 ? 9 : digits <= 14 ? 6 : digits <= 17 ? 3 : 0;
    long nanos = number.movePointRight(shift).longValue();
    return Instant.ofEpochSecond(nanos / 1_000_000_000L, nanos % 1_000_000_000L);
  }

  private Instant written(String text) {
    String iso = text.indexOf(' ') == 10 ? text.replaceFirst(" ", "T") : text;
    String joined = iso.replace(" ", "");
    try {
      return DateTimeFormatter.ISO_OFFSET_DATE_TIME.parse(joined, Instant::from);
    } catch (DateTimeException e) {
      return local(LocalDateTime.parse(iso));
    }
  }

  private Instant local(LocalDateTime at) {
    if (localTimes == null) {
      throw new IllegalArgumentException(
          "start has no time zone: " + at + "; say which one with localTimesIn");
    }
    return at.atZone(localTimes).toInstant();
  }
}
