package io.github.usage4j.jdbc;

import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.github.usage4j.UsageException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.util.Map;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Servers that are refused by what they say of themselves. No server is started. */
class MariaDbSettingsTest {

  private static <T> T answering(Class<T> type, Map<String, Object> answers) {
    return type.cast(
        Proxy.newProxyInstance(
            MariaDbSettingsTest.class.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) ->
                answers.containsKey(method.getName())
                    ? answers.get(method.getName())
                    : method.getReturnType() == boolean.class ? Boolean.FALSE : null));
  }

  /** Says its version, whatever it is asked. */
  private static DataSource server(String product, String driver, String version) {
    var row = answering(ResultSet.class, Map.of("getString", version, "next", true));
    var statement = answering(PreparedStatement.class, Map.of("executeQuery", row));
    var metadata =
        answering(
            DatabaseMetaData.class,
            Map.of("getDatabaseProductName", product, "getDriverName", driver));
    var connection =
        answering(Connection.class, Map.of("getMetaData", metadata, "prepareStatement", statement));
    return answering(DataSource.class, Map.of("getConnection", connection));
  }

  @ParameterizedTest
  @ValueSource(strings = {"8.0.36", "5.7.44-log", "8.0.11-TiDB-v7.5.0", "8.4.2-azure"})
  void open_mysqlBehindTheDriverOfMariaDb_isRefused(String version) {
    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> JdbcUsageStore.open(server("MariaDB", "MariaDB Connector/J", version)))
        .withMessage("the server must be MariaDB, but its version is " + version);
  }

  @Test
  void open_mysql_isRefusedByName() {
    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> JdbcUsageStore.open(server("MySQL", "MySQL Connector/J", "8.0.36")))
        .withMessage("the database must be one of H2, PostgreSQL, MariaDB, but is MySQL");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"10.6.18-MariaDB", "5.5.5-10.10.7-MariaDB-log", "5.5.68-MariaDB", "9.9.9-mariadb"})
  void open_olderMariaDb_isRefused(String version) {
    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> JdbcUsageStore.open(server("MariaDB", "MariaDB Connector/J", version)))
        .withMessage("MariaDB must be 10.11 or newer, but is " + version);
  }

  @Test
  void open_otherDriver_isRefused() {
    DataSource other = server("MySQL", "MySQL Connector/J", "11.4.5-MariaDB");

    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(
            () -> JdbcUsageStore.builder(other).database(JdbcUsageStore.Database.MARIADB).open())
        .withMessageContaining("must be MariaDB Connector/J, but is MySQL Connector/J");
  }
}
