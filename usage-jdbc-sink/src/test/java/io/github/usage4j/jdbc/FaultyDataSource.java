package io.github.usage4j.jdbc;

import java.io.PrintWriter;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Logger;
import javax.sql.DataSource;

/** Lends connections in the state of its choice, watches what comes back, and may do harm. */
final class FaultyDataSource implements DataSource {

  /** Runs before a method of a connection. */
  interface Fault {
    void before(Connection connection, String method, Object[] arguments) throws SQLException;
  }

  /** What a pool sets on a connection that it lends. */
  interface Setup {
    void apply(Connection connection) throws SQLException;
  }

  static final Fault NONE = (connection, method, arguments) -> {};

  private final DataSource delegate;
  volatile Fault fault = NONE;
  volatile Setup lend = connection -> {};
  volatile Setup takeBack = connection -> {};
  final AtomicInteger lent = new AtomicInteger();

  /** If there is one it is lent again and again, and stays open. */
  volatile Connection join;

  FaultyDataSource(DataSource delegate) {
    this.delegate = delegate;
  }

  /** Runs before the first statement whose text contains this. */
  static Fault onStatement(String text, Setup harm) {
    return (connection, method, arguments) -> {
      if (method.equals("prepareStatement") && arguments[0].toString().contains(text)) {
        harm.apply(connection);
      }
    };
  }

  /** The same database without faults. */
  DataSource delegate() {
    return delegate;
  }

  @Override
  public Connection getConnection() throws SQLException {
    Connection joined = join;
    Connection connection = joined != null ? joined : delegate.getConnection();
    lend.apply(connection);
    lent.incrementAndGet();
    return (Connection)
        Proxy.newProxyInstance(
            getClass().getClassLoader(),
            new Class<?>[] {Connection.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("close")) {
                lent.decrementAndGet();
                if (joined != null) {
                  return null;
                }
                if (!connection.isClosed()) {
                  takeBack.apply(connection);
                }
              }
              try {
                fault.before(connection, method.getName(), arguments);
                return method.invoke(connection, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  @Override
  public Connection getConnection(String username, String password) throws SQLException {
    throw new SQLException("not used");
  }

  @Override
  public PrintWriter getLogWriter() {
    throw new UnsupportedOperationException();
  }

  @Override
  public void setLogWriter(PrintWriter out) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void setLoginTimeout(int seconds) {
    throw new UnsupportedOperationException();
  }

  @Override
  public int getLoginTimeout() {
    return 0;
  }

  @Override
  public Logger getParentLogger() {
    return Logger.getGlobal();
  }

  @Override
  public <T> T unwrap(Class<T> type) throws SQLException {
    throw new SQLException("not a wrapper for " + type);
  }

  @Override
  public boolean isWrapperFor(Class<?> type) {
    return false;
  }
}
