package io.github.usage4j.jdbc;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.internal.UsageIds;
import java.io.InputStream;
import java.sql.Connection;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import javax.sql.DataSource;

/** A database as the first version of the schema left it. */
final class VersionOne {

  private VersionOne() {}

  static void fill(DataSource dataSource, Dialect dialect, List<UsageEvent> calls)
      throws Exception {
    var tables = new Tables(Tables.DEFAULT_PREFIX);
    String script = "schema/" + dialect.scripts() + "/V1__usage.sql";
    try (Connection connection = dataSource.getConnection();
        InputStream in = JdbcUsageStore.class.getResourceAsStream(script)) {
      dialect.script(
          connection, new String(in.readAllBytes(), UTF_8).replace("${prefix}", tables.prefix()));
      dialect.insert(
          connection,
          tables,
          EventColumns.writtenAt(Instant.parse("2026-11-21T12:00:00Z")),
          calls.stream().sorted(Comparator.comparing(UsageEvent::id, UsageIds.ORDER)).toList());
    }
  }
}
