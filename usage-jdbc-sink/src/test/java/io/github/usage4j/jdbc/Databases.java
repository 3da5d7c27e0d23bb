package io.github.usage4j.jdbc;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;

/** Empty databases for tests. */
final class Databases {

  private static final AtomicInteger NUMBER = new AtomicInteger();

  private Databases() {}

  /** Starts with the first test that needs it and ends with the JVM. */
  private static final class Server {
    static final EmbeddedPostgres POSTGRES = start();

    private static EmbeddedPostgres start() {
      try {
        EmbeddedPostgres server =
            EmbeddedPostgres.builder().setServerConfig("max_connections", "100").start();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> close(server)));
        return server;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private static void close(EmbeddedPostgres server) {
      try {
        server.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  static DataSource h2(String url) {
    var dataSource = new JdbcDataSource();
    dataSource.setUrl(url);
    dataSource.setUser("sa");
    dataSource.setPassword("");
    return dataSource;
  }

  static DataSource h2Memory(String options) {
    return h2("jdbc:h2:mem:" + newName() + options);
  }

  static DataSource postgres() {
    return postgres("");
  }

  /** A new database on the one server; the options are those of CREATE DATABASE. */
  static DataSource postgres(String options) {
    String name = newName();
    execute(Server.POSTGRES.getPostgresDatabase(), "CREATE DATABASE " + name + " " + options);
    return Server.POSTGRES.getDatabase("postgres", name);
  }

  static String newName() {
    return "test" + NUMBER.incrementAndGet();
  }

  static void execute(DataSource dataSource, String... statements) {
    try (Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
  }
}
