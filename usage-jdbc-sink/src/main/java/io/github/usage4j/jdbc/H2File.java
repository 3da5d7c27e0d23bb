package io.github.usage4j.jdbc;

import java.sql.Connection;
import java.sql.SQLException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets H2 only append to its file as long as it is open. Where it uses space again (seen with
 * 2.3.232 and 2.5.252), it writes the header of the file before it notes which chunk is the last
 * one: a chunk that is not where the one before predicted, nor at the end of the file, is not found
 * by the recovery after a kill, and the commits in it are lost. At the end the recovery finds it.
 */
final class H2File {

  private static final Logger LOG = LoggerFactory.getLogger(JdbcUsageStore.class);

  /** What H2's driver calls a connection. */
  private static final String DRIVERS = "org.h2.jdbc.JdbcConnection";

  private volatile boolean warned;

  /** To be asked for each transaction: H2 forgets it when the file is closed. */
  void onlyAppend(Connection connection) throws SQLException {
    if (isEmbedded(connection) || H2Settings.set(connection, "RETENTION_TIME", Integer.MAX_VALUE)) {
      return;
    }
    if (!warned) {
      warned = true;
      LOG.warn(
          "H2 may lose the last commits if the server is killed, and this role may not set"
              + " RETENTION_TIME, which helps: let an administrator run SET RETENTION_TIME "
              + Integer.MAX_VALUE);
    }
  }

  /**
   * There is no SQL for it. True if it is set; false for a database of a server, or of a version
   * that has other methods.
   */
  private static boolean isEmbedded(Connection connection) {
    try {
      // Its own class: a pool may take its wrapper for what is asked for otherwise.
      Object session = get(connection.unwrap(Class.forName(DRIVERS)), "getSession");
      Object store = get(get(get(session, "getDatabase"), "getStore"), "getMvStore");
      store.getClass().getMethod("setReuseSpace", boolean.class).invoke(store, false);
      return true;
    } catch (ReflectiveOperationException | SQLException | RuntimeException e) {
      // What cannot be had is no reason not to store a batch.
      LOG.debug("No access to the file of H2", e);
      return false;
    }
  }

  private static Object get(Object from, String name) throws ReflectiveOperationException {
    return from.getClass().getMethod(name).invoke(from);
  }
}
