package io.github.usage4j.backfill;

import io.github.usage4j.Attribution;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageException;
import io.github.usage4j.internal.Checks;
import io.github.usage4j.pricing.PriceCatalog;
import io.github.usage4j.sink.UsageSink;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneId;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Brings in what was used before, or elsewhere: the records of an input become events, priced as of
 * then, with ids made of the source's name and the id of the call. So importing it again changes
 * nothing, and a run that was killed is simply started again: it goes on from its last checkpoint,
 * and what was stored after that is known.
 *
 * <p>Usage is read by the code that reads live answers, wherever a record holds the answer of a
 * provider or its usage block; other field names are those of OpenAI, Anthropic, LiteLLM and
 * OpenTelemetry, and what is not known is ignored (docs/import.md). A record that cannot be used
 * stops the import, naming it and the reason, unless {@link #skipBadRecords(Path)} is set.
 *
 * <p>Several records with one id are one call: logs write a line for each piece of an answer, and
 * again when it is delivered again. The last record counts and no figure gets smaller. To know them
 * all, calls are {@linkplain #holdBack held back} before they are stored.
 *
 * <p>Set up by one thread; {@link #run} may be called again, but not by two threads at once.
 */
public final class UsageImport {

  /** How many events are written at once: {@value}. */
  public static final int DEFAULT_BATCH = 1_000;

  /** How many calls are held back at most: {@value}. */
  public static final int DEFAULT_HELD = 10_000;

  private static final int MAX_BATCH = 50_000;
  private static final int MAX_HELD = 1_000_000;
  private static final Duration SETTLED_AFTER = Duration.ofMinutes(10);

  private final String source;
  private final Map<String, List<String>> names = new HashMap<>();
  private @Nullable String provider;
  private Function<String, @Nullable String> providerOf = model -> null;
  private @Nullable ZoneId localTimes;
  private @Nullable Instant start;
  private Attribution otherwise = Attribution.NONE;
  private @Nullable String serviceTier;
  private final Map<String, String> conditions = new HashMap<>();
  private boolean idsWithTime;
  private @Nullable Function<ImportRecord, @Nullable UsageEvent> mapper;
  private Predicate<UsageEvent> filter = event -> true;
  private PriceCatalog prices = PriceCatalog.none();
  private int batchSize = DEFAULT_BATCH;
  private int held = DEFAULT_HELD;
  private Duration settledAfter = SETTLED_AFTER;
  private InstantSource clock = InstantSource.system();
  private @Nullable Path rejects;
  private @Nullable BiConsumer<ImportRecord, String> rejected;
  private ImportCheckpoints checkpoints = ImportCheckpoints.none();
  private Consumer<ImportProgress> listener = progress -> {};

  private UsageImport(String source) {
    this.source = Checks.requireIdentifier("source", source, Attribution.MAX_ID);
  }

  /**
   * Starts to set up an import.
   *
   * @param source the system that the records come from. It is part of the ids: the same source for
   *     the same records, always
   * @throws IllegalArgumentException if it is blank, longer than {@value Attribution#MAX_ID}, or
   *     has control characters
   */
  public static UsageImport from(String source) {
    return new UsageImport(source);
  }

  /** The provider of records that name none. Default: such a record cannot be used. */
  public UsageImport provider(String name) {
    provider = Checks.requireIdentifier("provider", name, Attribution.MAX_ID);
    return this;
  }

  /**
   * The provider of records that name none, by the model they name; before {@link #provider}.
   *
   * @param byModel returns null for a model that it does not know
   */
  public UsageImport providerOf(Function<String, @Nullable String> byModel) {
    providerOf = Objects.requireNonNull(byModel, "byModel");
    return this;
  }

  /** Who caused records that do not say so, part by part. Default {@link Attribution#NONE}. */
  public UsageImport attribution(Attribution who) {
    otherwise = Objects.requireNonNull(who, "who");
    return this;
  }

  /** The zone of times that state none. Default: a record with such a time cannot be used. */
  public UsageImport localTimesIn(ZoneId zone) {
    localTimes = Objects.requireNonNull(zone, "zone");
    return this;
  }

  /**
   * The start of records that state no time, such as the results of Anthropic's batches. Default:
   * such a record cannot be used. It decides day and month, so give the same one each time.
   */
  public UsageImport startedAt(Instant at) {
    start = Objects.requireNonNull(at, "at");
    return this;
  }

  /**
   * The service tier of records that state none, such as {@code batch} or {@code flex}. What a
   * record states counts first; a usual tier that it states, such as {@code default}, does too.
   * Results of batches are of the tier {@code batch} by their form. Default: none.
   */
  public UsageImport serviceTier(String tier) {
    serviceTier = Checks.requireIdentifier("tier", tier, Attribution.MAX_ID);
    return this;
  }

  /**
   * A condition of the price for all records that do not state it themselves.
   *
   * @param name such as {@code inference_geo}
   * @param value such as {@code us}
   * @throws IllegalArgumentException if one of them is blank or longer than {@value
   *     UsageEvent#MAX_CONDITION}, or there would be more than {@value UsageEvent#MAX_CONDITIONS}
   */
  public UsageImport condition(String name, String value) {
    Checks.requireIdentifier("condition", name, UsageEvent.MAX_CONDITION);
    Checks.requireIdentifier("value of condition " + name, value, UsageEvent.MAX_CONDITION);
    if (!conditions.containsKey(name) && conditions.size() == UsageEvent.MAX_CONDITIONS) {
      throw new IllegalArgumentException(
          "there must be at most "
              + UsageEvent.MAX_CONDITIONS
              + " conditions, but "
              + name
              + " is one more than "
              + conditions.keySet());
    }
    conditions.put(name, value);
    return this;
  }

  /**
   * Makes the time of a record a part of its event's id: such ids sort by time and fit monthly
   * partitions. Only for an input that states one time for each id, such as a table of calls; two
   * records with one id and two times are two calls then. Default: the id alone, which is the same
   * whatever time a record states.
   */
  public UsageImport idsWithTime() {
    idsWithTime = true;
    return this;
  }

  /**
   * More names under which records keep a property; looked for before the known ones.
   *
   * @param property one of those listed in docs/import.md, such as {@code organization}
   * @param fields names; a dot steps into an object, case and underscores do not matter
   * @throws IllegalArgumentException if there is no such property
   */
  public UsageImport field(String property, String... fields) {
    if (!FieldPaths.isProperty(property)) {
      throw new IllegalArgumentException(
          "property must be one of "
              + FieldNames.NAMES.keySet()
              + " or "
              + FieldNames.COUNTS.keySet()
              + ", but was '"
              + property
              + "'");
    }
    names.put(property, List.of(fields));
    return this;
  }

  /**
   * Makes the events in place of the field names; then the settings for them have no effect.
   *
   * @param toEvent returns null for what is left out, and throws IllegalArgumentException for a
   *     record that cannot be used. The ids it gives must be the same in each run
   */
  public UsageImport mapper(Function<ImportRecord, @Nullable UsageEvent> toEvent) {
    mapper = Objects.requireNonNull(toEvent, "toEvent");
    return this;
  }

  /** Only events for which this is true; the others are left out and counted. Default: all. */
  public UsageImport where(Predicate<UsageEvent> condition) {
    filter = Objects.requireNonNull(condition, "condition");
    return this;
  }

  /** Prices each event as of its own time, unless it has a cost. Default: no prices. */
  public UsageImport prices(PriceCatalog catalog) {
    prices = Objects.requireNonNull(catalog, "catalog");
    return this;
  }

  /**
   * How many events are written at once, and between two checkpoints. Default {@value
   * #DEFAULT_BATCH}.
   *
   * @throws IllegalArgumentException unless it is between 1 and 50 000
   */
  public UsageImport batchSize(int events) {
    if (events < 1 || events > MAX_BATCH) {
      throw new IllegalArgumentException(
          "batchSize must be between 1 and " + MAX_BATCH + ", but was " + events);
    }
    batchSize = events;
    return this;
  }

  /**
   * How many calls are held back at most, so that later records of them are counted with them; a
   * record that comes after so many other calls is a conflict if it states more. Default {@value
   * #DEFAULT_HELD}; each takes about a kilobyte.
   *
   * @throws IllegalArgumentException unless it is between 0 and 1 000 000
   */
  public UsageImport holdBack(int calls) {
    Checks.requireBetween("calls", calls, 0, MAX_HELD);
    held = calls;
    return this;
  }

  /**
   * How old a call must be to be stored at the end of the input, if its last record says that it is
   * not over, as those of Claude Code do: a younger one is left for the next run, which reads it
   * again. Default ten minutes; zero stores all.
   *
   * @throws IllegalArgumentException if it is negative
   */
  public UsageImport settledAfter(Duration age) {
    if (age.isNegative()) {
      throw new IllegalArgumentException("age must not be negative, but was " + age);
    }
    settledAfter = age;
    return this;
  }

  /** Tells how old calls are. Default {@link InstantSource#system()}. */
  public UsageImport clock(InstantSource source) {
    clock = Objects.requireNonNull(source, "source");
    return this;
  }

  /**
   * Goes on after records that cannot be used, and keeps them and those whose events conflict with
   * what is stored. Default: the first one that cannot be used stops the import.
   *
   * @param rejectsFile gets one JSON object for each: where it was, the reason, its text. Text that
   *     nobody looked at may be personal: only the owner may read the file. One file for each
   *     input; an import that begins anew replaces it
   */
  public UsageImport skipBadRecords(Path rejectsFile) {
    rejects = Objects.requireNonNull(rejectsFile, "rejectsFile");
    return this;
  }

  /**
   * Goes on like {@link #skipBadRecords(Path)} and hands the records over, with the reason, on the
   * importing thread. What it throws ends the run.
   *
   * @param told gets records without their fields
   */
  public UsageImport skipBadRecords(BiConsumer<ImportRecord, String> told) {
    rejected = Objects.requireNonNull(told, "told");
    return this;
  }

  /** Where progress is remembered. Default: nowhere, each run reads everything. */
  public UsageImport checkpoints(ImportCheckpoints memory) {
    checkpoints = Objects.requireNonNull(memory, "memory");
    return this;
  }

  /** Told after each batch, on the importing thread. What it throws ends the run. */
  public UsageImport onProgress(Consumer<ImportProgress> told) {
    listener = Objects.requireNonNull(told, "told");
    return this;
  }

  /**
   * Imports everything that is not imported yet.
   *
   * @param input what to read
   * @param into where the events go; written to directly, without a buffer
   * @return how far it has come, over all runs
   * @throws UsageException naming the record and the reason, if one cannot be used; if the input
   *     changed since the last run, cannot be read, or another instance is importing it; if events
   *     lie before the raw horizon of the store. What lies before the last checkpoint was stored
   * @throws Exception what the sink throws; what lies before the last checkpoint was stored
   */
  public ImportProgress run(ImportSource input, UsageSink into) throws Exception {
    String name =
        Checks.requireIdentifier("the input's name", input.name(), 2 * Attribution.MAX_ID);
    try (ImportCheckpoints.Session session = checkpoints.begin(source, name);
        Rejects file = new Rejects(rejects, rejected)) {
      ImportProgress reached = session.reached();
      ImportProgress from = reached == null ? ImportProgress.NONE : reached;
      // The position is empty while the first calls are held back.
      String position = from.position().isEmpty() ? null : from.position();
      return new ImportRun(settings(), into, session, file, from).all(input, position);
    }
  }

  private ImportSettings settings() {
    Function<ImportRecord, @Nullable UsageEvent> own = mapper;
    var ours =
        new RecordMapper(
            new RecordMapper.Defaults(
                source,
                names,
                provider,
                providerOf,
                localTimes,
                start,
                otherwise,
                serviceTier,
                Map.copyOf(conditions),
                idsWithTime));
    return new ImportSettings(
        own == null ? ours : record -> calls(own.apply(record)),
        own == null,
        filter,
        prices,
        batchSize,
        held,
        settledAfter,
        clock,
        rejects != null || rejected != null,
        listener);
  }

  private static List<ImportedCall> calls(@Nullable UsageEvent event) {
    return event == null ? List.of() : List.of(ImportedCall.of(event));
  }
}
