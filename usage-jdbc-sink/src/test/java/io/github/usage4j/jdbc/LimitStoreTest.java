package io.github.usage4j.jdbc;

import io.github.usage4j.limit.LimitStoreContract;
import io.github.usage4j.sink.UsageStore;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;

/** What every store of limits does, on each database. */
class LimitStoreTest {

  @Nested
  class OnH2InMemory extends LimitStoreContract {
    @Override
    protected UsageStore newStore() {
      return JdbcUsageStore.open(Databases.h2Memory(";DB_CLOSE_DELAY=-1"));
    }
  }

  @Nested
  class OnH2InAFile extends LimitStoreContract {
    @TempDir Path directory;

    private final List<Connection> kept = new ArrayList<>();

    /** One connection stays open, because H2 closes and compacts a file with its last one. */
    @Override
    protected UsageStore newStore() throws SQLException {
      DataSource file = Databases.h2("jdbc:h2:" + directory.resolve(Databases.newName()));
      kept.add(file.getConnection());
      return JdbcUsageStore.open(file);
    }

    @AfterEach
    void close() throws SQLException {
      for (Connection connection : kept) {
        connection.close();
      }
    }
  }

  @Nested
  class OnH2InMySqlMode extends LimitStoreContract {
    @Override
    protected UsageStore newStore() {
      return JdbcUsageStore.open(
          Databases.h2Memory(
              ";MODE=MySQL;DATABASE_TO_LOWER=TRUE;CASE_INSENSITIVE_IDENTIFIERS=TRUE"
                  + ";IGNORECASE=TRUE;DB_CLOSE_DELAY=-1"));
    }
  }

  @Nested
  class OnPostgres extends LimitStoreContract {
    @Override
    protected UsageStore newStore() {
      return JdbcUsageStore.open(Databases.postgres());
    }
  }

  @Nested
  @Tag("full")
  class OnMariaDb extends LimitStoreContract {
    @Override
    protected UsageStore newStore() {
      return JdbcUsageStore.open(MariaDbServer.shared().newDatabase());
    }
  }
}
