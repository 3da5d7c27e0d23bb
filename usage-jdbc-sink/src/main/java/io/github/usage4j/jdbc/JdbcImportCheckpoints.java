package io.github.usage4j.jdbc;

import io.github.usage4j.backfill.ImportCheckpoints;
import io.github.usage4j.backfill.ImportProgress;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Keeps how far imports have come in a table; the lock of each is renewed with each checkpoint. */
final class JdbcImportCheckpoints implements ImportCheckpoints {

  private final Jobs jobs;

  JdbcImportCheckpoints(Jobs jobs) {
    this.jobs = jobs;
  }

  @Override
  public Session begin(String source, String input) throws SQLException {
    return new Row(source, input, jobs.lock("import " + source + " " + input).take());
  }

  private final class Row implements Session {

    private final String source;
    private final String input;
    private final JobLock.Held lock;

    Row(String source, String input, JobLock.Held lock) {
      this.source = source;
      this.input = input;
      this.lock = lock;
    }

    @Override
    public @Nullable ImportProgress reached() throws SQLException {
      return lock.step(this::read).orElse(null);
    }

    private Optional<ImportProgress> read(Connection connection) throws SQLException {
      String sql = "SELECT * FROM " + jobs.tables().imports() + " WHERE source = ? AND input = ?";
      try (PreparedStatement statement = connection.prepareStatement(sql)) {
        jobs.bind(statement, source, input);
        try (ResultSet row = statement.executeQuery()) {
          return row.next()
              ? Optional.of(
                  new ImportProgress(
                      row.getString("position"),
                      row.getLong("read_count"),
                      row.getLong("stored_count"),
                      row.getLong("known_count"),
                      row.getLong("merged_count"),
                      row.getLong("shrunk_count"),
                      row.getLong("conflict_count"),
                      row.getLong("left_out_count"),
                      row.getLong("rejected_count"),
                      0,
                      row.getBoolean("finished")))
              : Optional.empty();
        }
      }
    }

    @Override
    public void save(ImportProgress progress) throws SQLException {
      lock.step(
          connection -> {
            int found =
                jobs.update(
                    connection,
                    "UPDATE "
                        + jobs.tables().imports()
                        + " SET position = ?, read_count = ?, stored_count = ?, known_count = ?,"
                        + " merged_count = ?, shrunk_count = ?, conflict_count = ?, left_out_count = ?, rejected_count = ?,"
                        + " finished = ?, saved_at = ? WHERE source = ? AND input = ?",
                    values(progress));
            if (found == 0) {
              jobs.update(
                  connection,
                  "INSERT INTO "
                      + jobs.tables().imports()
                      + " (position, read_count, stored_count, known_count, merged_count,"
                      + " shrunk_count, conflict_count, left_out_count, rejected_count, finished,"
                      + " saved_at, source, input)"
                      + " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                  values(progress));
            }
            return found;
          });
    }

    private Object[] values(ImportProgress progress) {
      return new Object[] {
        progress.position(),
        progress.read(),
        progress.stored(),
        progress.known(),
        progress.merged(),
        progress.shrunk(),
        progress.conflicts(),
        progress.leftOut(),
        progress.rejected(),
        progress.finished(),
        jobs.now(),
        source,
        input
      };
    }

    @Override
    public void close() throws SQLException {
      lock.close();
    }
  }
}
