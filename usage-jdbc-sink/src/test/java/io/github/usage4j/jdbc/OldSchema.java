package io.github.usage4j.jdbc;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.internal.UsageIds;
import java.io.InputStream;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** A database as an earlier version of the schema left it. */
final class OldSchema {

  /** Columns of calls that came with version 8. */
  private static final Set<String> LATER = Set.of("conditions", "cache_read_audio_tokens");

  private OldSchema() {}

  /**
   * Makes the tables of a version below 8, with calls that were there from the beginning.
   *
   * @return what the tables hold: the calls without what is kept since version 8
   */
  static List<UsageEvent> fill(
      DataSource dataSource, Dialect dialect, int version, List<UsageEvent> calls)
      throws Exception {
    return fill(dataSource, dialect, version, false, calls);
  }

  /** The same with a partition for each month, or without. */
  static List<UsageEvent> fill(
      DataSource dataSource, Dialect dialect, int version, boolean byMonth, List<UsageEvent> calls)
      throws Exception {
    List<UsageEvent> held = calls.stream().map(OldSchema::withoutLater).toList();
    try (Connection connection = dataSource.getConnection()) {
      for (String script : Schema.SCRIPTS.subList(0, version)) {
        apply(connection, dialect, script, byMonth);
        if (script.startsWith("V1_")) {
          insert(connection, dialect, held);
        }
      }
    }
    return held;
  }

  private static void apply(Connection connection, Dialect dialect, String script, boolean byMonth)
      throws Exception {
    String path = "schema/" + dialect.scripts() + "/" + script;
    try (InputStream in =
        Objects.requireNonNull(JdbcUsageStore.class.getResourceAsStream(path), path)) {
      String sql = new String(in.readAllBytes(), UTF_8).replace("${prefix}", Tables.DEFAULT_PREFIX);
      dialect.script(connection, byMonth ? sql.replace("-- by month: ", "") : sql);
    }
  }

  private static void insert(Connection connection, Dialect dialect, List<UsageEvent> calls)
      throws SQLException {
    dialect.insert(
        connection,
        new Tables(Tables.DEFAULT_PREFIX),
        EventColumns.writtenAt(Instant.parse("2026-11-21T12:00:00Z")).stream()
            .filter(column -> !LATER.contains(column.name()))
            .toList(),
        calls.stream().sorted(Comparator.comparing(UsageEvent::id, UsageIds.ORDER)).toList());
  }

  private static UsageEvent withoutLater(UsageEvent call) {
    return call.toBuilder()
        .tokens(Objects.requireNonNull(withoutLater(call.tokens())), call.quality())
        .statedTokens(withoutLater(call.statedTokens()))
        .conditions(Map.of())
        .build();
  }

  private static @Nullable TokenCounts withoutLater(@Nullable TokenCounts tokens) {
    return tokens == null
        ? null
        : new TokenCounts(
            tokens.input(),
            tokens.output(),
            tokens.cacheRead(),
            tokens.cacheWrite(),
            tokens.cacheWriteOneHour(),
            tokens.reasoning(),
            tokens.inputAudio(),
            tokens.outputAudio(),
            null);
  }
}
