package io.github.usage4j.backfill;

import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageException;
import io.github.usage4j.sink.UsageSink;
import io.github.usage4j.sink.UsageSink.RejectedException;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One run of an import. Calls are held back until as many others have come after their last record
 * as the settings say, because an answer may be stated by several records; a checkpoint never lies
 * behind a record of a call that is still held. Memory is bounded by the number of calls held and
 * the text kept with them.
 */
final class ImportRun implements UsageSink.Report {

  /** How many characters of text are kept at most, of calls that are held and of bad records. */
  private static final long MAX_TEXT = 1 << 23;

  private final ImportSettings settings;
  private final UsageSink sink;
  private final ImportCheckpoints.Session session;
  private final Rejects rejects;

  private final Map<UUID, HeldCall> held = new LinkedHashMap<>();
  private final List<Priced> batch = new ArrayList<>();
  private final IdentityHashMap<UsageEvent, HeldCall> writing = new IdentityHashMap<>();
  private final Deque<Segment> segments = new ArrayDeque<>();
  private Segment current = new Segment();
  private long text;
  private ImportProgress progress;
  private @Nullable UsageEvent behind;

  /** An event that goes to the sink, and the call that it is of. */
  private record Priced(UsageEvent event, HeldCall call) {}

  ImportRun(
      ImportSettings settings,
      UsageSink sink,
      ImportCheckpoints.Session session,
      Rejects rejects,
      ImportProgress reached)
      throws Exception {
    this.settings = settings;
    this.sink = sink;
    this.session = session;
    this.rejects = rejects;
    progress = reached;
    rejects.keep(reached.rejected() + reached.conflicts()); // those after it are read again
  }

  ImportProgress all(ImportSource input, @Nullable String position) throws Exception {
    try (ImportSource.Cursor cursor = input.open(position)) {
      for (ImportRecord record = cursor.next(); record != null; record = cursor.next()) {
        current.read++;
        if (settings.unfolds() && Spans.isDocument(record.fields())) {
          for (ImportRecord span : Spans.of(record)) {
            take(span);
          }
        } else {
          take(record);
        }
        boolean tooMuch = text > MAX_TEXT;
        if (tooMuch || current.read >= settings.batchSize()) {
          closeSegment(cursor);
          writeEldest(tooMuch ? 0 : settings.held());
          checkpoint(false);
        }
      }
      closeSegment(cursor);
      return atEnd();
    }
  }

  private ImportProgress atEnd() throws Exception {
    Instant settledBefore = settings.clock().instant().minus(settings.settledAfter());
    var goOn = new LinkedHashMap<UUID, HeldCall>();
    if (!settings.settledAfter().isZero()) {
      held.forEach(
          (id, call) -> {
            if (call.mayGoOn(settledBefore)) {
              goOn.put(id, call);
            }
          });
      held.keySet().removeAll(goOn.keySet());
    }
    while (held.size() > settings.batchSize()) {
      writeEldest(held.size() - settings.batchSize());
      checkpoint(false);
    }
    writeEldest(0);
    held.putAll(goOn);
    return checkpoint(true);
  }

  private void closeSegment(ImportSource.Cursor cursor) {
    current.close(cursor.position());
    segments.addLast(current);
    current = new Segment();
  }

  private void take(ImportRecord record) throws Exception {
    if (record.problem() != null) {
      reject(current, record, record.problem(), null);
      return;
    }
    List<ImportedCall> calls;
    try {
      calls = settings.mapper().apply(record);
    } catch (IllegalArgumentException | ArithmeticException e) {
      reject(current, record, String.valueOf(e.getMessage()), e);
      return;
    }
    if (calls.isEmpty()) {
      current.leftOut++;
    }
    ImportRecord light = HeldCall.withoutFields(record, settings.goesOn());
    for (ImportedCall call : calls) {
      hold(call, light);
    }
  }

  private void hold(ImportedCall call, ImportRecord record) throws Exception {
    UUID id = call.event().id();
    HeldCall before = held.get(id);
    if (before == null) {
      held.put(id, new HeldCall(call, record, current));
      text += record.text().length();
      return;
    }
    String contradiction = Restatement.contradiction(before.event(), call.event());
    if (contradiction != null) {
      conflict(current, record, contradiction);
      return;
    }
    boolean shrinks = Restatement.shrinks(before.event(), call.event());
    int textBefore = before.record().text().length();
    try {
      before.join(call, record);
    } catch (IllegalArgumentException e) {
      reject(current, record, String.valueOf(e.getMessage()), e);
      return;
    }
    current.merged++;
    current.shrunk += shrinks ? 1 : 0;
    text += record.text().length() - textBefore;
    held.remove(id);
    held.put(id, before); // the last of them again
  }

  /** Writes those whose last record was read first, until only so many are left. */
  private void writeEldest(int left) throws Exception {
    Iterator<HeldCall> eldest = held.values().iterator();
    while (held.size() > left) {
      HeldCall call = eldest.next();
      eldest.remove();
      text -= call.record().text().length();
      finish(call);
      if (batch.size() == settings.batchSize()) {
        write();
      }
    }
    write();
  }

  private void finish(HeldCall call) throws Exception {
    UsageEvent event = call.event();
    try {
      if (event.cost() == null) {
        event =
            settings
                .prices()
                .costOf(event, addingUp(call.call().requests(), event))
                .map(cost -> call.event().toBuilder().cost(cost).build())
                .orElse(event);
      }
    } catch (IllegalArgumentException | ArithmeticException e) {
      call.done();
      reject(call.segment(), call.record(), String.valueOf(e.getMessage()), e);
      return;
    }
    if (settings.filter().test(event)) {
      batch.add(new Priced(event, call));
    } else {
      call.segment().leftOut++;
      call.done();
    }
  }

  /** The requests of a call, if they add up to what it used. */
  private static List<TokenCounts> addingUp(List<TokenCounts> requests, UsageEvent event) {
    TokenCounts sum = requests.stream().reduce(TokenCounts.UNKNOWN, TokenCounts::plus);
    return sum.equals(event.tokens()) ? requests : List.of();
  }

  private void write() throws Exception {
    write(batch);
    batch.clear();
  }

  /** What the sink refuses for its content is found by halving. */
  private void write(List<Priced> part) throws Exception {
    if (part.isEmpty()) {
      return;
    }
    writing.clear();
    part.forEach(one -> writing.put(one.event(), one.call()));
    try {
      sink.write(part.stream().map(Priced::event).toList(), this);
    } catch (RejectedException e) {
      if (part.size() == 1) {
        HeldCall call = part.get(0).call();
        call.done();
        reject(call.segment(), call.record(), String.valueOf(e.getMessage()), e);
      } else {
        write(part.subList(0, part.size() / 2));
        write(part.subList(part.size() / 2, part.size()));
      }
      return;
    }
    requireNotBehind();
    for (Priced one : part) {
      HeldCall call = one.call();
      // What the sink said something of is not there any more.
      call.segment().stored += writing.containsKey(one.event()) ? 1 : 0;
      call.done();
    }
  }

  @Override
  public void duplicate(UsageEvent event) {
    known(event);
  }

  @Override
  public void conflict(UsageEvent event) {
    conflict(event, null);
  }

  @Override
  public void conflict(UsageEvent event, @Nullable UsageEvent stored) {
    if (stored != null
        && Restatement.contradiction(stored, event) == null
        && Restatement.covers(stored, event)
        && sameCost(stored, event)) {
      known(event);
      return;
    }
    HeldCall call = writing.remove(event);
    if (call != null) {
      String figures = stored == null ? "" : " (" + Restatement.shown(stored.tokens()) + ")";
      String reason =
          "its id is stored already with other figures"
              + figures
              + ", which stay; here they are "
              + Restatement.shown(event.tokens());
      conflict(call.segment(), call.record(), reason);
    }
  }

  /** At another time another price may apply. */
  private static boolean sameCost(UsageEvent stored, UsageEvent event) {
    boolean sameTime = stored.occurredAt().equals(event.occurredAt());
    boolean sameTokens = stored.tokens().equals(event.tokens());
    return !sameTime || !sameTokens || stored.billsLike(event);
  }

  private void known(UsageEvent event) {
    HeldCall call = writing.remove(event);
    if (call != null) {
      call.segment().known++;
    }
  }

  @Override
  public void behindHorizon(UsageEvent event) {
    behind = behind == null ? event : behind;
  }

  /** Its month is over and its single calls are deleted: the totals would no longer add up. */
  private void requireNotBehind() {
    UsageEvent first = behind;
    if (first != null) {
      HeldCall call = writing.get(first);
      String where = call == null ? "an event" : call.record().where();
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

  private ImportProgress checkpoint(boolean atEnd) throws Exception {
    append();
    while (!segments.isEmpty() && segments.getFirst().isDone()) {
      Segment done = segments.removeFirst();
      progress = done.added(progress);
      for (Segment.Reject reject : done.rejects) {
        rejects.add(reject.record(), reject.reason());
        text -= reject.record().text().length();
      }
    }
    sink.flush();
    rejects.flush();
    if (atEnd) {
      progress = progress.atEnd(held.size());
    }
    session.save(progress);
    settings.listener().accept(progress);
    return progress;
  }

  /** Makes one of neighbours that are done but must wait for one before them. */
  private void append() {
    Segment before = null;
    for (Iterator<Segment> all = segments.iterator(); all.hasNext(); ) {
      Segment segment = all.next();
      if (before != null && before.isDone() && segment.isDone()) {
        before.append(segment);
        all.remove();
      } else {
        before = segment;
      }
    }
  }

  private void conflict(Segment segment, ImportRecord record, String reason) {
    segment.conflicts++;
    keep(segment, record, reason);
  }

  private void reject(
      Segment segment, ImportRecord record, String reason, @Nullable Exception cause) {
    if (!settings.goesOn()) {
      throw new UsageException(record.where() + ": " + reason, cause);
    }
    segment.rejected++;
    keep(segment, record, reason);
  }

  private void keep(Segment segment, ImportRecord record, String reason) {
    if (settings.goesOn()) {
      ImportRecord light = HeldCall.withoutFields(record, true);
      segment.rejects.add(new Segment.Reject(light, reason));
      text += light.text().length();
    }
  }
}
