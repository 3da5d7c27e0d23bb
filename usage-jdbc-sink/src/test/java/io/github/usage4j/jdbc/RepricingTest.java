package io.github.usage4j.jdbc;

import javax.sql.DataSource;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;

/** The contract of repricing on each database. */
class RepricingTest {

  @Nested
  class OnH2 extends RepricingContract {
    @Override
    DataSource newDatabase() {
      return Databases.h2Memory(";DB_CLOSE_DELAY=-1");
    }

    @Override
    DataSource newLargeDatabase() {
      return Databases.h2("jdbc:h2:" + directory.resolve("large"));
    }
  }

  @Nested
  class OnPostgres extends RepricingContract {
    @Override
    DataSource newDatabase() {
      return Databases.postgres();
    }
  }

  @Nested
  @Tag("full")
  class OnMariaDb extends RepricingContract {
    @Override
    DataSource newDatabase() {
      return MariaDbServer.shared().newDatabase();
    }
  }

  /** Its bulk protocol does not say how many rows a statement of a batch found. */
  @Nested
  @Tag("full")
  class OnMariaDbInBulk extends RepricingContract {
    @Override
    DataSource newDatabase() {
      return MariaDbServer.shared().newDatabase("&useBulkStmts=true");
    }
  }
}
