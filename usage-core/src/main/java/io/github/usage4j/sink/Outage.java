package io.github.usage4j.sink;

import java.io.InterruptedIOException;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.nio.channels.ClosedChannelException;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLRecoverableException;
import java.sql.SQLTransientException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeoutException;

/**
 * Failures that say by their type that something was in the way: a lock, a connection, time. The
 * event that met one may be stored later.
 */
final class Outage {

  private static final List<Class<? extends Throwable>> TYPES =
      List.of(
          SQLTransientException.class,
          SQLRecoverableException.class,
          SQLNonTransientConnectionException.class,
          SocketException.class,
          UnknownHostException.class,
          InterruptedIOException.class,
          ClosedChannelException.class,
          TimeoutException.class,
          InterruptedException.class);

  /** Causes may go round in circles. */
  private static final int MOST_CAUSES = 50;

  private Outage() {}

  /** True if this failure, or one that caused it, is of such a type. */
  static boolean isMeantBy(Throwable failure) {
    Deque<Throwable> causes = new ArrayDeque<>(List.of(failure));
    for (int i = 0; i < MOST_CAUSES && !causes.isEmpty(); i++) {
      Throwable cause = causes.remove();
      if (TYPES.stream().anyMatch(type -> type.isInstance(cause))) {
        return true;
      }
      if (cause.getCause() != null) {
        causes.add(cause.getCause());
      }
      if (cause instanceof SQLException sql && sql.getNextException() != null) {
        causes.add(sql.getNextException());
      }
    }
    return false;
  }
}
