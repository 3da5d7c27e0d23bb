package io.github.usage4j.backfill;

import io.github.usage4j.Attribution;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageException;
import io.github.usage4j.internal.Checks;
import io.github.usage4j.pricing.PriceCatalog;
import io.github.usage4j.sink.UsageSink;
import io.github.usage4j.sink.UsageSink.RejectedException;
import java.nio.file.Path;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Brings in what was used before, or elsewhere: each record of an input becomes an event, priced as
 * of then, with an id made of the source's name, the record's own id and its time. So importing it
 * again changes nothing, and a run that was killed is simply started again: it goes on from its
 * last checkpoint, and what was stored after that is known.
 *
 * <p>Records are mapped by their field names: those of OpenAI, Anthropic, LiteLLM and OpenTelemetry
 * are known, other fields are ignored. A record that cannot be used stops the import, naming it and
 * the reason, unless {@link #skipBadRecords} is set.
 *
 * <p>Set up by one thread; {@link #run} may be called again, but not by two threads at once.
 */
public final class UsageImport {

  /** How many events are written at once: {@value}. */
  public static final int DEFAULT_BATCH = 1_000;

  private static final int MAX_BATCH = 50_000;

  private final String source;
  private final Map<String, List<String>> names = new HashMap<>();
  private @Nullable String provider;
  private @Nullable ZoneId localTimes;
  private Attribution otherwise = Attribution.NONE;
  private @Nullable Function<ImportRecord, @Nullable UsageEvent> mapper;
  private Predicate<UsageEvent> filter = event -> true;
  private PriceCatalog prices = PriceCatalog.none();
  private int batchSize = DEFAULT_BATCH;
  private @Nullable Path rejects;
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
   * More names under which records keep a property; looked for before the known ones.
   *
   * @param property one of those listed in docs/import.md, such as {@code organization}
   * @param fields names; a dot steps into an object, case and underscores do not matter
   * @throws IllegalArgumentException if there is no such property
   */
  public UsageImport field(String property, String... fields) {
    if (!Fields.isProperty(property)) {
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
   * Goes on after records that cannot be used, and keeps them. Default: the first one stops the
   * import.
   *
   * @param rejectsFile gets one JSON object for each: where it was, the reason, its text. Text that
   *     nobody looked at may be personal: only the owner may read the file. One file for each
   *     input; an import that begins anew replaces it
   */
  public UsageImport skipBadRecords(Path rejectsFile) {
    rejects = Objects.requireNonNull(rejectsFile, "rejectsFile");
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
   *     lie before the raw horizon of the store. The batches before were stored
   * @throws Exception what the sink throws; the batches before were stored
   */
  public ImportProgress run(ImportSource input, UsageSink into) throws Exception {
    String name =
        Checks.requireIdentifier("the input's name", input.name(), 2 * Attribution.MAX_ID);
    try (ImportCheckpoints.Session session = checkpoints.begin(source, name);
        Rejects file = new Rejects(rejects)) {
      ImportProgress reached = session.reached();
      var run = new Run(into, session, file, reached == null ? ImportProgress.NONE : reached);
      return run.all(input, reached == null ? null : reached.position());
    }
  }

  private Function<ImportRecord, @Nullable UsageEvent> toEvent() {
    return mapper != null
        ? mapper
        : new RecordMapper(source, names, provider, localTimes, otherwise);
  }

  /** An event and the record it was made of. */
  private record Made(UsageEvent event, ImportRecord record) {}

  private final class Run implements UsageSink.Report {

    private final UsageSink sink;
    private final ImportCheckpoints.Session session;
    private final Rejects rejected;
    private final Function<ImportRecord, @Nullable UsageEvent> toEvent = toEvent();
    private final List<Made> batch = new ArrayList<>();
    private long read;
    private long written;
    private long known;
    private long conflicts;
    private long leftOut;
    private long bad;
    private long stored;
    private @Nullable UsageEvent behind;

    Run(UsageSink sink, ImportCheckpoints.Session session, Rejects rejected, ImportProgress reached)
        throws Exception {
      this.sink = sink;
      this.session = session;
      this.rejected = rejected;
      read = reached.read();
      stored = reached.stored();
      known = reached.known();
      conflicts = reached.conflicts();
      leftOut = reached.leftOut();
      bad = reached.rejected();
      rejected.keep(bad); // those after it are read again
    }

    ImportProgress all(ImportSource input, @Nullable String position) throws Exception {
      try (ImportSource.Cursor cursor = input.open(position)) {
        int sinceCheckpoint = 0;
        for (ImportRecord record = cursor.next(); record != null; record = cursor.next()) {
          read++;
          take(record);
          if (++sinceCheckpoint == batchSize) {
            checkpoint(cursor, false);
            sinceCheckpoint = 0;
          }
        }
        return checkpoint(cursor, true);
      }
    }

    private void take(ImportRecord record) throws Exception {
      if (record.problem() != null) {
        reject(record, record.problem(), null);
        return;
      }
      UsageEvent event;
      try {
        event = toEvent.apply(record);
        if (event != null && event.cost() == null) {
          UsageEvent unpriced = event;
          event =
              prices
                  .costOf(unpriced, List.of())
                  .map(cost -> unpriced.toBuilder().cost(cost).build())
                  .orElse(unpriced);
        }
      } catch (IllegalArgumentException | ArithmeticException e) {
        reject(record, String.valueOf(e.getMessage()), e);
        return;
      }
      if (event == null || !filter.test(event)) {
        leftOut++;
      } else {
        batch.add(new Made(event, record));
      }
    }

    private ImportProgress checkpoint(ImportSource.Cursor cursor, boolean finished)
        throws Exception {
      write(batch);
      batch.clear();
      sink.flush();
      rejected.flush();
      var progress =
          new ImportProgress(
              cursor.position(), read, stored, known, conflicts, leftOut, bad, finished);
      session.save(progress);
      listener.accept(progress);
      return progress;
    }

    /** Its month is over and its single calls are deleted: the totals would no longer add up. */
    private void requireNotBehind(List<Made> made) {
      UsageEvent first = behind;
      if (first != null) {
        String where =
            made.stream()
                .filter(m -> m.event().id().equals(first.id()))
                .map(m -> m.record().where())
                .findFirst()
                .orElse("an event");
        throw new UsageException(
            where
                + ": "
                + first.occurredAt()
                + " lies before the raw horizon of organization '"
                + first.attribution().organization()
                + "'; restore that month's events first",
            null);
      }
    }

    /** What the sink refuses for its content is found by halving. */
    private void write(List<Made> made) throws Exception {
      if (made.isEmpty()) {
        return;
      }
      written = made.size();
      try {
        sink.write(made.stream().map(Made::event).toList(), this);
        stored += written;
        requireNotBehind(made);
      } catch (RejectedException e) {
        if (made.size() == 1) {
          reject(made.get(0).record(), String.valueOf(e.getMessage()), e);
        } else {
          write(made.subList(0, made.size() / 2));
          write(made.subList(made.size() / 2, made.size()));
        }
      }
    }

    @Override
    public void duplicate(UsageEvent event) {
      known++;
      written--;
    }

    @Override
    public void conflict(UsageEvent event) {
      conflicts++;
      written--;
    }

    @Override
    public void behindHorizon(UsageEvent event) {
      written--;
      behind = behind == null ? event : behind;
    }

    private void reject(ImportRecord record, String reason, @Nullable Exception cause)
        throws Exception {
      if (rejects == null) {
        throw new UsageException(record.where() + ": " + reason, cause);
      }
      bad++;
      rejected.add(record, reason);
    }
  }
}
