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
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
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

  private static final Pattern TABLE =
      Pattern.compile("^(?:CREATE|ALTER) TABLE (?:IF NOT EXISTS )?\\$\\{prefix}(\\w+?)(?:_8)?\\s");

  /** What the other databases have is also checked by what is written and read there. */
  @Test
  void everyDatabase_hasTheColumnsInTheSameTables() throws IOException {
    for (String database : Set.of("h2", "postgresql", "mariadb")) {
      var tables = new TreeMap<String, Set<String>>();
      Path folder = Path.of("src/main/resources/io/github/usage4j/jdbc/schema").resolve(database);
      try (Stream<Path> scripts = Files.list(folder)) {
        for (Path script : scripts.toList()) {
          for (String statement : Files.readString(script).split(";\\s*\n+")) {
            Matcher table = TABLE.matcher(statement.replaceAll("(?m)^--.*\n", "").strip() + " ");
            if (table.find()) {
              TokenColumn.all()
                  .filter(one -> statement.matches("(?s).*\\b" + one.column + " +BIGINT\\b.*"))
                  .forEach(
                      one ->
                          tables
                              .computeIfAbsent(one.column, name -> new TreeSet<>())
                              .add(table.group(1)));
            }
          }
        }
      }
      for (TokenColumn column : TokenColumn.values()) {
        assertThat(tables.get(column.column))
            .as("%s of %s", column.column, database)
            .containsExactly("event", "organization_rollup", "rollup");
      }
    }
  }
}
