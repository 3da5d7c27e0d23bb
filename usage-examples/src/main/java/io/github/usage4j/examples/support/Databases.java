package io.github.usage4j.examples.support;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.github.usage4j.UsageException;
import io.github.usage4j.jdbc.JdbcUsageStore;
import java.util.Locale;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcConnectionPool;
import org.jspecify.annotations.Nullable;

/** Opens the database that a command line names. */
public final class Databases {

  private static final String SUPPORTED = "jdbc:h2:..., jdbc:postgresql:... and jdbc:mariadb:...";

  private static final long PATIENCE_MILLIS = 5_000;

  private Databases() {}

  /**
   * Opens a store.
   *
   * @throws BadInputException if the URL is of an unknown kind, or the database cannot be used
   */
  public static JdbcUsageStore open(String url) throws BadInputException {
    try {
      return JdbcUsageStore.open(dataSource(url));
    } catch (UsageException e) {
      throw new BadInputException(
          withoutSecrets(url) + ": the database cannot be used: " + rootMessage(e));
    }
  }

  private static DataSource dataSource(String url) throws BadInputException {
    String kind = url.toLowerCase(Locale.ROOT);
    if (kind.startsWith("jdbc:h2:")) {
      return JdbcConnectionPool.create(url, "sa", "");
    }
    if (kind.startsWith("jdbc:postgresql:") || kind.startsWith("jdbc:mariadb:")) {
      var pool = new HikariConfig();
      pool.setJdbcUrl(url);
      pool.setMaximumPoolSize(4);
      pool.setConnectionTimeout(PATIENCE_MILLIS);
      pool.setInitializationFailTimeout(-1); // the store says what is wrong
      return new HikariDataSource(pool);
    }
    throw new BadInputException(
        withoutSecrets(url) + ": unknown database URL; these are known: " + SUPPORTED);
  }

  /** Messages end up in logs: what follows the database's name may hold a password. */
  private static String withoutSecrets(String url) {
    return url.replaceFirst("[?;].*", "");
  }

  private static String rootMessage(Throwable e) {
    Throwable cause = e;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    @Nullable String message = cause.getMessage();
    return cause == e || message == null
        ? String.valueOf(e.getMessage())
        : e.getMessage() + ": " + message;
  }
}
