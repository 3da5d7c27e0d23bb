package io.github.usage4j.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.usage4j.TokenCounts;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** A count that is added to {@link TokenCounts} must be stored, summed and shown everywhere. */
class TokenColumnTest {

  private static final Set<String> RELATIONS =
      Set.of("usage_event", "usage_rollup", "usage_organization_rollup", "usage_operation");

  @Test
  void everyCount_hasItsColumn_inTheOrderOfTheRecord() throws Exception {
    var names = new ArrayList<String>();
    var counts = new Long[TokenColumn.values().length];
    for (int i = 0; i < counts.length; i++) {
      counts[i] = 100L + i;
    }
    TokenCounts tokens = TokenColumn.read(column -> counts[column.ordinal()]);
    for (RecordComponent component : TokenCounts.class.getRecordComponents()) {
      TokenColumn column = TokenColumn.values()[names.size()];
      assertThat(column.json).isEqualTo(component.getName());
      assertThat(component.getAccessor().invoke(tokens))
          .isEqualTo(counts[column.ordinal()])
          .isEqualTo(column.of(tokens));
      names.add(component.getName());
    }
    assertThat(names).hasSameSizeAs(TokenColumn.values());
  }

  @Test
  void everyColumn_isInEveryTableAndView() throws SQLException {
    var database = Databases.h2Memory("");
    JdbcUsageStore.open(database);
    for (String relation : RELATIONS) {
      var columns = new TreeSet<String>();
      try (Connection connection = database.getConnection();
          var statement = connection.createStatement();
          ResultSet row = statement.executeQuery("SELECT * FROM " + relation)) {
        for (int i = 1; i <= row.getMetaData().getColumnCount(); i++) {
          columns.add(row.getMetaData().getColumnName(i).toLowerCase(Locale.ROOT));
        }
      }
      assertThat(columns)
          .as(relation)
          .containsAll(TokenColumn.all().map(one -> one.column).toList());
    }
  }

  /** What the other databases have is checked by what is written and read there. */
  @Test
  void everyDatabase_hasTheSameColumnsInItsScripts() throws IOException {
    for (TokenColumn column : TokenColumn.values()) {
      var counts = new TreeSet<Long>();
      for (String database : Set.of("h2", "postgresql", "mariadb")) {
        long definitions = 0;
        Path folder = Path.of("src/main/resources/io/github/usage4j/jdbc/schema").resolve(database);
        try (Stream<Path> scripts = Files.list(folder)) {
          for (Path script : scripts.toList()) {
            definitions +=
                Files.readString(script)
                    .lines()
                    .filter(line -> line.matches(".*\\b" + column.column + " +BIGINT.*"))
                    .count();
          }
        }
        counts.add(definitions);
      }
      assertThat(counts).as(column.column).containsExactly(3L);
    }
  }
}
