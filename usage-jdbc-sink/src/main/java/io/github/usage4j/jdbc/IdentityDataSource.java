package io.github.usage4j.jdbc;

import java.io.PrintWriter;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.util.Set;
import java.util.logging.Logger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Lends connections on which every statement runs in a transaction with an identity. The identity
 * is gone when the connection is given back: the transaction is rolled back before. For reading.
 *
 * <p>To who borrows it, such a connection seems to be in autocommit mode, or to have the
 * transactions that it begins itself.
 */
final class IdentityDataSource implements DataSource {

  private static final Set<String> STATEMENTS =
      Set.of("createStatement", "prepareStatement", "prepareCall");

  private final DataSource delegate;
  private final Dialect dialect;
  private final RowIdentity identity;

  IdentityDataSource(DataSource delegate, Dialect dialect, RowIdentity identity) {
    this.delegate = delegate;
    this.dialect = dialect;
    this.identity = identity;
  }

  @Override
  public Connection getConnection() throws SQLException {
    return lend(delegate.getConnection());
  }

  @Override
  public Connection getConnection(String user, String password) throws SQLException {
    return lend(delegate.getConnection(user, password));
  }

  private Connection lend(Connection connection) throws SQLException {
    boolean lent = false;
    try {
      boolean autoCommit = connection.getAutoCommit();
      if (autoCommit) {
        connection.setAutoCommit(false);
      } else {
        Transactions.rollbackUnwritten(connection, dialect);
      }
      var proxy =
          (Connection)
              Proxy.newProxyInstance(
                  Connection.class.getClassLoader(),
                  new Class<?>[] {Connection.class},
                  new Lent(connection, autoCommit));
      lent = true;
      return proxy;
    } finally {
      if (!lent) {
        connection.close();
      }
    }
  }

  private final class Lent implements InvocationHandler {

    private final Connection connection;
    private final boolean cameWithAutoCommit;
    private boolean seemsAutoCommit = true;
    private boolean known;
    private boolean closed;

    Lent(Connection connection, boolean autoCommit) {
      this.connection = connection;
      this.cameWithAutoCommit = autoCommit;
    }

    @Override
    public @Nullable Object invoke(Object proxy, Method method, Object @Nullable [] arguments)
        throws Throwable {
      String name = method.getName();
      if (STATEMENTS.contains(name) && !known) {
        identity.set(connection);
        known = true;
      }
      switch (name) {
        case "close" -> {
          close();
          return null;
        }
        case "getAutoCommit" -> {
          return seemsAutoCommit;
        }
        case "setAutoCommit" -> {
          endTransaction();
          seemsAutoCommit = arguments != null && (Boolean) arguments[0];
          return null;
        }
        case "commit", "rollback" -> {
          if (arguments == null || arguments.length == 0) {
            endTransaction();
            return null;
          }
        }
        default -> {
          // as the connection does it
        }
      }
      try {
        return method.invoke(connection, arguments);
      } catch (InvocationTargetException e) {
        throw e.getCause();
      }
    }

    /** Nothing was written, so how it ends makes no difference. */
    private void endTransaction() throws SQLException {
      connection.rollback();
      known = false;
    }

    private void close() throws SQLException {
      if (closed) {
        return;
      }
      closed = true;
      try (connection) {
        if (!connection.isClosed()) {
          endTransaction();
          if (cameWithAutoCommit) {
            connection.setAutoCommit(true);
          }
        }
      }
    }
  }

  @Override
  public PrintWriter getLogWriter() throws SQLException {
    return delegate.getLogWriter();
  }

  @Override
  public void setLogWriter(PrintWriter out) throws SQLException {
    delegate.setLogWriter(out);
  }

  @Override
  public void setLoginTimeout(int seconds) throws SQLException {
    delegate.setLoginTimeout(seconds);
  }

  @Override
  public int getLoginTimeout() throws SQLException {
    return delegate.getLoginTimeout();
  }

  @Override
  public Logger getParentLogger() throws SQLFeatureNotSupportedException {
    return delegate.getParentLogger();
  }

  @Override
  public <T> T unwrap(Class<T> type) throws SQLException {
    return delegate.unwrap(type);
  }

  @Override
  public boolean isWrapperFor(Class<?> type) throws SQLException {
    return delegate.isWrapperFor(type);
  }
}
