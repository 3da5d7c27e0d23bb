package io.github.usage4j.jdbc;

import static io.github.usage4j.sink.UsageEvents.chat;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
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
