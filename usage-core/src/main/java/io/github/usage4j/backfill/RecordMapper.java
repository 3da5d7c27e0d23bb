package io.github.usage4j.backfill;

import io.github.usage4j.Attribution;
import io.github.usage4j.Cost;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Kind;
import io.github.usage4j.UsageEvent.Quality;
import io.github.usage4j.UsageEvent.Source;
import io.github.usage4j.UsageEventBuilder;
import io.github.usage4j.internal.DecimalBounds;
import io.github.usage4j.internal.UsualTiers;
import io.github.usage4j.provider.StatedUsage;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Makes events of records by {@link FieldNames}. Unknown fields are ignored. */
final class RecordMapper implements Function<ImportRecord, List<ImportedCall>> {

  private static final DecimalBounds AMOUNT = new DecimalBounds(20, Cost.SCALE);

  /** A year and a day, in milliseconds; what is longer is refused by the event. */
  private static final DecimalBounds MILLIS = new DecimalBounds(12, 6);

  private final Defaults defaults;
  private final FieldPaths paths;
  private final RecordTimes times;

  /**
   * What the host says of all records.
   *
   * @param source part of the ids
   * @param names more names of properties
   * @param provider of records that name none; null refuses them
   * @param providerOf gives it by the name of the model, before that
   * @param localTimes the zone of times that state none; null refuses them
   * @param start of records that state no time; null refuses them
   * @param otherwise who caused a record that does not say so, part by part
   * @param serviceTier of records that state none
   * @param conditions of the price, where a record does not state the same condition
   * @param idsWithTime whether the time is part of an id
   */
  record Defaults(
      String source,
      Map<String, List<String>> names,
      @Nullable String provider,
      Function<String, @Nullable String> providerOf,
      @Nullable ZoneId localTimes,
      @Nullable Instant start,
      Attribution otherwise,
      @Nullable String serviceTier,
      Map<String, String> conditions,
      boolean idsWithTime) {}

  RecordMapper(Defaults defaults) {
    this.defaults = defaults;
    paths = new FieldPaths(defaults.names());
    times = new RecordTimes(defaults.localTimes());
  }

  /**
   * The calls of a record: one, and one more for each other model that was used for it; none if it
   * is no call of a model.
   *
   * @throws IllegalArgumentException naming the property, if the record lacks one that an event
   *     needs, or breaks a rule
   */
  @Override
  public List<ImportedCall> apply(ImportRecord record) {
    Map<String, ?> unfolded = JsonTrees.unfolded(record.fields());
    RecordForm form = RecordForm.of(unfolded);
    if (!form.isCall()) {
      return List.of();
    }
    var fields = new Fields(unfolded, paths);
    if (fields.text("span") != null && !Spans.isCall(fields)) {
      return List.of();
    }
    Instant start = start(fields);
    StatedAnswer stated = StatedAnswer.of(unfolded, fields);
    String provider = provider(fields, stated.usage());
    StatedUsage usage = stated.usage().completed(provider);
    RecordIdentity identity = RecordIdentity.of(unfolded, fields, stated, form, provider);
    UsageEvent event = event(record, unfolded, fields, form, identity, provider, start, usage);
    boolean restatable = identity.name() != null;
    var calls = new ArrayList<ImportedCall>();
    calls.add(new ImportedCall(event, usage.requests(), restatable, stated.open()));
    int number = 1;
    for (StatedUsage other : usage.others()) {
      UUID id = id(record, identity, start, " with " + number);
      UsageEvent beside = beside(event, id, number++, other, tier(other.serviceTier(), form));
      calls.add(new ImportedCall(beside, other.requests(), restatable, stated.open()));
    }
    return calls;
  }

  private Instant start(Fields fields) {
    Instant start = times.read("start", fields.value("start"));
    if (start == null && defaults.start() == null) {
      throw new IllegalArgumentException(
          "start is missing: " + FieldNames.NAMES.get("start") + "; set one for all records");
    }
    return start != null ? start : Objects.requireNonNull(defaults.start());
  }

  private String provider(Fields fields, StatedUsage usage) {
    String name = fields.text("provider");
    String model = or(usage.model(), or(fields.text("responseModel"), fields.text("requestModel")));
    if (name == null && model != null) {
      name = defaults.providerOf().apply(model);
    }
    name = or(name, defaults.provider());
    if (name == null) {
      throw new IllegalArgumentException(
          "provider is missing: " + FieldNames.NAMES.get("provider") + "; set one for all records");
    }
    return name;
  }

  private UUID id(ImportRecord record, RecordIdentity identity, Instant start, String more) {
    String name = identity.name();
    if (name == null) {
      return UsageEvent.idFrom(defaults.source(), record.identity() + more, start);
    }
    return defaults.idsWithTime()
        ? UsageEvent.idFrom(defaults.source(), name + more, start)
        : UsageEvent.idFrom(defaults.source(), name + more);
  }

  private UsageEvent event(
      ImportRecord record,
      Map<String, ?> unfolded,
      Fields fields,
      RecordForm form,
      RecordIdentity identity,
      String provider,
      Instant start,
      StatedUsage usage) {
    String requestModel = fields.text("requestModel");
    // An answer names the model that gave it, beside which a log may name the one asked for.
    String responseModel = or(fields.text("responseModel"), usage.model());
    if (requestModel == null && responseModel == null) {
      throw new IllegalArgumentException(
          "model is missing: " + FieldNames.NAMES.get("requestModel"));
    }
    Kind kind = RecordNames.kind(fields);
    UsageEventBuilder builder =
        UsageEvent.builder(
                id(record, identity, start, ""),
                kind,
                provider,
                requestModel == null ? "" : requestModel)
            .responseModel(responseModel)
            .responseId(fields.text("responseId"))
            .startedAt(start)
            .streaming(Boolean.parseBoolean(fields.text("streaming")))
            .serviceTier(tier(stated(fields, usage), form))
            .conditions(conditions(unfolded, usage))
            .credentialId(fields.text("credential"))
            .source(Source.HOST)
            .attribution(attribution(fields))
            .units(usage.units())
            .statedCost(cost(fields, usage))
            .finishReason(fields.text("finish"))
            .errorType(fields.text("errorType"))
            .outcome(RecordNames.outcome(fields));
    tokens(builder, usage);
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

  private static void tokens(UsageEventBuilder builder, StatedUsage usage) {
    if (usage.partial()) {
      builder.tokens(usage.tokens(), Quality.PARTIAL);
    } else {
      builder.tokens(usage.tokens());
    }
  }

  /** What another model used for the same answer: a call of its own in the same operation. */
  private UsageEvent beside(
      UsageEvent answer, UUID id, int number, StatedUsage other, @Nullable String tier) {
    String model = other.model();
    UsageEventBuilder builder =
        UsageEvent.builder(
                id, answer.kind(), answer.provider(), model != null ? model : answer.model())
            .startedAt(answer.occurredAt())
            .duration(answer.duration())
            .responseId(answer.responseId())
            .streaming(answer.streaming())
            .serviceTier(tier)
            .conditions(conditions(Map.of(), other))
            .credentialId(answer.credentialId())
            .source(Source.HOST)
            .attribution(answer.attribution())
            .units(other.units())
            .statedCost(other.cost())
            .outcome(answer.outcome())
            .errorType(answer.errorType())
            .operation(answer.operationId(), answer.step() + number)
            .opensOperation(false);
    tokens(builder, other);
    return builder.build();
  }

  private static @Nullable String stated(Fields fields, StatedUsage usage) {
    Object named = fields.ofTheHost("serviceTier");
    return named != null ? named.toString() : or(usage.serviceTier(), fields.text("serviceTier"));
  }

  /** Results of a batch are of its tier, whatever usual one the answer inside names. */
  private @Nullable String tier(@Nullable String stated, RecordForm form) {
    return form == RecordForm.BATCH_RESULT && UsualTiers.isUsual(stated)
        ? "batch"
        : or(stated, defaults.serviceTier());
  }

  private Map<String, String> conditions(Map<String, ?> record, StatedUsage usage) {
    var all = new HashMap<>(defaults.conditions());
    if (record.get("conditions") instanceof Map<?, ?> stated) {
      stated.forEach((name, value) -> all.put("" + name, "" + value));
    }
    all.putAll(usage.conditions());
    return all;
  }

  private static @Nullable Cost cost(Fields fields, StatedUsage usage) {
    Object named = fields.ofTheHost("cost");
    if (named == null && usage.cost() != null) {
      return usage.cost();
    }
    BigDecimal amount = fields.number("cost");
    if (amount == null) {
      return null;
    }
    BigDecimal rounded = AMOUNT.rounded(amount);
    String currency = fields.text("currency");
    return Cost.total(
        rounded == null ? AMOUNT.require("cost", amount) : rounded,
        currency == null ? "USD" : currency);
  }

  private Attribution attribution(Fields fields) {
    Attribution otherwise = defaults.otherwise();
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
      BigDecimal bounded = MILLIS.rounded(millis);
      if (bounded == null) {
        bounded = MILLIS.require(millisName, millis);
      }
      return Duration.of(bounded.movePointRight(3).longValue(), ChronoUnit.MICROS);
    }
    Instant end = times.read(endName, fields.valueBeside("start", endName));
    return end == null ? null : Duration.between(start, end);
  }
}
