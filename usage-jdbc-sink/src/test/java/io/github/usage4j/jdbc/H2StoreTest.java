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

/** The contract on H2, in a file and in memory, in each compatibility mode. */
class H2StoreTest {

  @Nested
  class InMemory extends JdbcSchemaContract {
    @Override
    DataSource newDatabase() {
      return Databases.h2Memory(";DB_CLOSE_DELAY=-1");
    }
  }

  @Nested
  class InAFile extends JdbcSchemaContract {
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
  class InPostgresMode extends JdbcSchemaContract {
    @Override
    DataSource newDatabase() {
      return Databases.h2Memory(
          ";MODE=PostgreSQL;DATABASE_TO_LOWER=TRUE;DEFAULT_NULL_ORDERING=HIGH;DB_CLOSE_DELAY=-1");
    }
  }

  @Nested
  class InMySqlMode extends JdbcSchemaContract {
    @Override
    DataSource newDatabase() {
      return Databases.h2Memory(
          ";MODE=MySQL;DATABASE_TO_LOWER=TRUE;CASE_INSENSITIVE_IDENTIFIERS=TRUE;IGNORECASE=TRUE"
              + ";DB_CLOSE_DELAY=-1");
    }
  }

  /** Which knows no LIMIT. */
  @Nested
  @Tag("full")
  class InMsSqlServerMode extends JdbcSchemaContract {
    @Override
    DataSource newDatabase() {
      return Databases.h2Memory(
          ";MODE=MSSQLServer;DATABASE_TO_LOWER=TRUE;CASE_INSENSITIVE_IDENTIFIERS=TRUE"
              + ";DB_CLOSE_DELAY=-1");
    }
  }
}
