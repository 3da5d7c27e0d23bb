package io.github.usage4j.jdbc;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.internal.EventFile;
import io.github.usage4j.internal.UsageIds;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The single calls of one organization in one month, in the order of archives. */
final class MonthRows {

  /** How many rows one step handles. */
  static final int PAGE = 1_000;

  /** The order of archives: by time, then by id; that of an index, too. */
  static final Comparator<EventFile.Entry> ORDER =
      Comparator.comparing((EventFile.Entry entry) -> entry.event().occurredAt())
          .thenComparing(entry -> entry.event().id(), UsageIds.ORDER);

  private final Jobs jobs;
  private final String organization;
  private final LocalDate month;

  /**
   * @param organization "" is unattributed
   * @param month its first day
   */
  MonthRows(Jobs jobs, String organization, LocalDate month) {
    this.jobs = jobs;
    this.organization = organization;
    this.month = month;
  }

  /** {@code WHERE} of the rows with alias {@code e}; {@link #values} are its parameters. */
  String where() {
    return " WHERE e.organization "
        + (organization.isEmpty() ? "IS NULL" : "= ?")
        + " AND e.occurred_at >= ? AND e.occurred_at < ?";
  }

  List<Object> values() {
    var values = new ArrayList<Object>();
    if (!organization.isEmpty()) {
      values.add(organization);
    }
    values.add(Archives.start(month));
    values.add(Archives.start(Grain.MONTH.end(month)));
    return values;
  }

  boolean exist(Connection connection) throws SQLException {
    String sql =
        "SELECT 1 FROM "
            + jobs.tables().event()
            + " e"
            + where()
            + " ORDER BY e.occurred_at"
            + Sql.first(1);
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      jobs.bind(statement, values().toArray());
      try (ResultSet row = statement.executeQuery()) {
        return row.next();
      }
    }
  }

  /** Reads a page at a time; each page is a transaction. */
  final class Cursor {

    private final Queue<EventFile.Entry> page = new ArrayDeque<>();
    private EventFile.@Nullable Entry last;
    private boolean ended;

    EventFile.@Nullable Entry next() throws SQLException {
      if (page.isEmpty() && !ended) {
        List<EventFile.Entry> more = jobs.transactions().run(this::load);
        page.addAll(more);
        ended = more.size() < PAGE;
      }
      EventFile.Entry next = page.poll();
      last = next == null ? last : next;
      return next;
    }

    private List<EventFile.Entry> load(Connection connection) throws SQLException {
      var values = values();
      var sql =
          new StringBuilder("SELECT e.*, NULL AS ")
              .append(EventMapper.USER_LABEL)
              .append(", NULL AS ")
              .append(EventMapper.CUSTOMER_LABEL)
              .append(" FROM ")
              .append(jobs.tables().event())
              .append(" e")
              .append(where());
      if (last != null) {
        sql.append(" AND e.occurred_at >= ? AND (e.occurred_at > ? OR e.id > ?)");
        values.add(last.event().occurredAt());
        values.add(last.event().occurredAt());
        values.add(last.event().id());
      }
      sql.append(" ORDER BY e.occurred_at, e.id").append(Sql.first(PAGE));
      var rows = new ArrayList<EventFile.Entry>();
      try (PreparedStatement statement = connection.prepareStatement(sql.toString())) {
        jobs.bind(statement, values.toArray());
        try (ResultSet row = statement.executeQuery()) {
          while (row.next()) {
            rows.add(
                new EventFile.Entry(
                    EventMapper.read(row, jobs.dialect()),
                    jobs.dialect().instant(row, "recorded_at")));
          }
        }
      }
      return rows;
    }
  }

  /** Deletes rows, their tags and what their costs once were, by id. */
  int delete(Connection connection, Collection<UUID> ids) throws SQLException {
    delete(connection, jobs.tables().eventTag(), "event_id", ids);
    delete(connection, jobs.tables().repricingEvent(), "event_id", ids);
    return delete(connection, jobs.tables().event(), "id", ids);
  }

  private int delete(Connection connection, String table, String column, Collection<UUID> ids)
      throws SQLException {
    return ids.isEmpty()
        ? 0
        : new Sql(jobs.dialect(), "DELETE FROM ")
            .add(table)
            .add(" WHERE ")
            .in(column, ids.stream())
            .update(connection);
  }

  /** Inserts rows that are not there, as they were: rollups know them already. */
  int insert(Connection connection, List<EventFile.Entry> entries) throws SQLException {
    Map<UUID, Object> recorded = new HashMap<>();
    var events = new ArrayList<UsageEvent>();
    Instant now = jobs.now();
    for (EventFile.Entry entry : entries) {
      Instant at = entry.recordedAt() == null ? now : entry.recordedAt();
      recorded.put(entry.event().id(), jobs.dialect().time(at));
      events.add(entry.event());
    }
    events.sort(Comparator.comparing(UsageEvent::id, UsageIds.ORDER));
    List<Column> columns = new ArrayList<>(EventColumns.writtenAt(now));
    columns.removeIf(column -> column.name().equals("recorded_at"));
    columns.add(
        new Column("recorded_at", Column.Type.TIMESTAMP, event -> recorded.get(event.id())));
    Set<UUID> inserted = jobs.dialect().insert(connection, jobs.tables(), columns, events);
    List<EventTag> tags =
        EventTag.of(events.stream().filter(e -> inserted.contains(e.id())).toList());
    if (!tags.isEmpty()) {
      jobs.dialect().insertTags(connection, jobs.tables(), tags);
    }
    return inserted.size();
  }
}
