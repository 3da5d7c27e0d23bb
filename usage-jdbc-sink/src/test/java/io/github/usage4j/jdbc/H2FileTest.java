package io.github.usage4j.jdbc;

import static io.github.usage4j.sink.UsageEvents.chat;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.usage4j.BillingPeriod;
import io.github.usage4j.UsageFilter;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import javax.sql.DataSource;
import org.h2.engine.SessionLocal;
import org.h2.jdbc.JdbcConnection;
import org.h2.jdbcx.JdbcConnectionPool;
import org.h2.tools.Server;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a file of H2 needs so that a killed process loses nothing: see also SpoolKillTest. */
class H2FileTest {

  @TempDir Path directory;

  private static boolean isSpaceReused(DataSource dataSource) throws Exception {
    try (Connection connection = dataSource.getConnection()) {
      var session = (SessionLocal) connection.unwrap(JdbcConnection.class).getSession();
      return session.getDatabase().getStore().getMvStore().getFileStore().isSpaceReused();
    }
  }

  private static String retention(DataSource dataSource) throws Exception {
    try (Connection connection = dataSource.getConnection();
        var statement = connection.createStatement()) {
      ResultSet row =
          statement.executeQuery(
              "SELECT SETTING_VALUE FROM INFORMATION_SCHEMA.SETTINGS"
                  + " WHERE SETTING_NAME = 'info.RETENTION_TIME' OR SETTING_NAME = 'RETENTION_TIME'");
      assertThat(row.next()).isTrue();
      return row.getString(1);
    }
  }

  @Test
  void write_onAFile_onlyAppends_alsoAfterItWasClosed() throws Exception {
    String url = "jdbc:h2:" + directory.resolve("file");
    var pool = JdbcConnectionPool.create(url, "sa", "");
    JdbcUsageStore.open(pool).write(List.of(chat().build()));
    assertThat(isSpaceReused(pool)).isFalse();
    pool.dispose();

    JdbcUsageStore store = JdbcUsageStore.open(Databases.h2(url));
    try (Connection keep = Databases.h2(url).getConnection()) {
      store.write(List.of(chat().build()));
      assertThat(isSpaceReused(Databases.h2(url))).isFalse();
      assertThat(keep.isClosed()).isFalse();
    }
  }

  /** A pool whose connections are wrappers, as most pools' are. */
  private static DataSource wrapping(DataSource real, boolean unwraps) {
    return (DataSource)
        Proxy.newProxyInstance(
            H2FileTest.class.getClassLoader(),
            new Class<?>[] {DataSource.class},
            (source, method, arguments) -> {
              Object got = method.invoke(real, arguments);
              return got instanceof Connection connection ? wrapper(connection, unwraps) : got;
            });
  }

  private static Object wrapper(Connection real, boolean unwraps) {
    return Proxy.newProxyInstance(
        H2FileTest.class.getClassLoader(),
        new Class<?>[] {Connection.class},
        (self, method, arguments) -> {
          if (method.getName().equals("unwrap")) {
            if (((Class<?>) arguments[0]).isInstance(self)) {
              return self;
            }
            if (!unwraps) {
              throw new SQLException("not a wrapper");
            }
          }
          try {
            return method.invoke(real, arguments);
          } catch (InvocationTargetException e) {
            throw e.getCause();
          }
        });
  }

  @Test
  void write_throughWrappers_onlyAppends() throws Exception {
    var pool = JdbcConnectionPool.create("jdbc:h2:" + directory.resolve("file"), "sa", "");
    JdbcUsageStore.open(wrapping(pool, true)).write(List.of(chat().build()));
    assertThat(isSpaceReused(pool)).isFalse();
    pool.dispose();
  }

  @Test
  void write_throughWrappersThatDoNotUnwrap_isStored_andSpaceKeptForLong() throws Exception {
    var pool = JdbcConnectionPool.create("jdbc:h2:" + directory.resolve("file"), "sa", "");
    JdbcUsageStore store = JdbcUsageStore.open(wrapping(pool, false));
    store.write(List.of(chat().build()));
    assertThat(
            store.queries().total(UsageFilter.allOrganizations(), BillingPeriod.lifetime()).calls())
        .isEqualTo(1);
    assertThat(retention(pool)).isEqualTo(Integer.toString(Integer.MAX_VALUE));
    pool.dispose();
  }

  @Test
  void write_onAServer_keepsSpaceForLong() throws Exception {
    Server server =
        Server.createTcpServer(
                "-tcpPort", "0", "-ifNotExists", "-baseDir", directory.toAbsolutePath().toString())
            .start();
    try {
      DataSource remote = Databases.h2("jdbc:h2:tcp://localhost:" + server.getPort() + "/./served");
      try (Connection keep = remote.getConnection()) {
        JdbcUsageStore.open(remote).write(List.of(chat().build()));
        assertThat(retention(remote)).isEqualTo(Integer.toString(Integer.MAX_VALUE));
        assertThat(keep.isClosed()).isFalse();
      }
    } finally {
      server.stop();
    }
  }
}
