package io.github.usage4j.jdbc;

import javax.sql.DataSource;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;

/** The tables of limits on each database. */
class LimitTablesTest {

  @Nested
  class OnH2 extends LimitTablesContract {
    @Override
    DataSource newDatabase() {
      return Databases.h2Memory(";DB_CLOSE_DELAY=-1");
    }
  }

  @Nested
  class OnPostgres extends LimitTablesContract {
    @Override
    DataSource newDatabase() {
      return Databases.postgres();
    }
  }

  @Nested
  @Tag("full")
  class OnMariaDb extends LimitTablesContract {
    @Override
    DataSource newDatabase() {
      return MariaDbServer.shared().newDatabase();
    }
  }

  @Nested
  class RacesOnH2 extends LimitRacesContract {
    @Override
    DataSource newDatabase() {
      return Databases.h2Memory(";DB_CLOSE_DELAY=-1");
    }
  }

  @Nested
  class RacesOnPostgres extends LimitRacesContract {
    @Override
    DataSource newDatabase() {
      return Databases.postgres();
    }
  }

  @Nested
  @Tag("full")
  class RacesOnMariaDb extends LimitRacesContract {
    @Override
    DataSource newDatabase() {
      return MariaDbServer.shared().newDatabase();
    }
  }
}
