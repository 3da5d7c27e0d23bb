package io.github.usage4j.jdbc;

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

/** Rollups on each database. */
class RollupTest {

  @Nested
  class OnH2InMySqlMode extends RollupContract {
    @Override
    DataSource newDatabase() {
      return Databases.h2Memory(
          ";MODE=MySQL;DATABASE_TO_LOWER=TRUE;CASE_INSENSITIVE_IDENTIFIERS=TRUE;IGNORECASE=TRUE"
              + ";DB_CLOSE_DELAY=-1");
    }

    /** Once on each database: the file does it. */
    @Override
    void sums_ofManyRandomCalls_areThoseInMemoryAndOfTheSingleCalls() {}
  }

  @Nested
  class OnH2InAFile extends RollupContract {
    @TempDir Path directory;

    private final List<Connection> kept = new ArrayList<>();

    /** One connection stays open, because H2 closes and compacts a file with its last one. */
    @Override
    DataSource newDatabase() throws SQLException {
      DataSource file = Databases.h2("jdbc:h2:" + directory.resolve(Databases.newName()));
      kept.add(file.getConnection());
      return file;
    }

    @AfterEach
    void close() throws SQLException {
      for (Connection connection : kept) {
        connection.close();
      }
    }
  }

  @Nested
  class OnPostgres extends RollupContract {
    @Override
    DataSource newDatabase() {
      return Databases.postgres();
    }
  }

  @Nested
  @Tag("full")
  class OnMariaDb extends RollupContract {
    @Override
    DataSource newDatabase() {
      return MariaDbServer.shared().newDatabase();
    }
  }
}
