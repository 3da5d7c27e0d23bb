package io.github.usage4j.jdbc;

import javax.sql.DataSource;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;

/** The contract of imports on each database. */
class JdbcImportTest {

  @Nested
  class OnH2 extends JdbcImportContract {
    @Override
    DataSource newDatabase() {
      return Databases.h2Memory(";DB_CLOSE_DELAY=-1");
    }
  }

  @Nested
  class OnH2InMySqlMode extends JdbcImportContract {
    @Override
    DataSource newDatabase() {
      return Databases.h2Memory(
          ";MODE=MySQL;DATABASE_TO_LOWER=TRUE;CASE_INSENSITIVE_IDENTIFIERS=TRUE;IGNORECASE=TRUE"
              + ";DB_CLOSE_DELAY=-1");
    }
  }

  @Nested
  class OnPostgres extends JdbcImportContract {
    @Override
    DataSource newDatabase() {
      return Databases.postgres();
    }
  }

  @Nested
  @Tag("full")
  class OnMariaDb extends JdbcImportContract {
    @Override
    DataSource newDatabase() {
      return MariaDbServer.shared().newDatabase();
    }
  }
}
