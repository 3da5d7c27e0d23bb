package io.github.usage4j.jdbc;

import javax.sql.DataSource;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;

/** The contract of retention and erasure on each database. */
class RetentionTest {

  @Nested
  class OnH2 extends RetentionContract {
    @Override
    DataSource newDatabase() {
      return Databases.h2Memory(";DB_CLOSE_DELAY=-1");
    }
  }

  @Nested
  class OnPostgres extends RetentionContract {
    @Override
    DataSource newDatabase() {
      return Databases.postgres();
    }
  }

  @Nested
  @Tag("full")
  class OnMariaDb extends RetentionContract {
    @Override
    DataSource newDatabase() {
      return MariaDbServer.shared().newDatabase();
    }
  }
}
