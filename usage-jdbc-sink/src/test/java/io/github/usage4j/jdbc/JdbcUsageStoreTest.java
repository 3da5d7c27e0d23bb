package io.github.usage4j.jdbc;

import static io.github.usage4j.sink.UsageEvents.chat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.github.usage4j.BillingPeriod;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageException;
import io.github.usage4j.UsageFilter;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.Statement;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcConnectionPool;
import org.h2.tools.Server;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Opening a store: what is refused, and what is set. */
class JdbcUsageStoreTest {

  @TempDir Path directory;

  private static long calls(JdbcUsageStore store) {
    return store.queries().total(UsageFilter.allOrganizations(), BillingPeriod.lifetime()).calls();
  }

  private static DataSource product(String name) {
    return proxy(DataSource.class, proxy(Connection.class, proxy(DatabaseMetaData.class, name)));
  }

  /** An object whose methods that return that type return the value, and others nothing. */
  private static <T> T proxy(Class<T> type, Object value) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> method.getReturnType().isInstance(value) ? value : null));
  }

  @ParameterizedTest
  @ValueSource(strings = {"MySQL", "Oracle", "HSQL Database Engine", "h2"})
  void open_unknownDatabase_isRefusedByNameWithTheSupportedOnes(String name) {
    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> JdbcUsageStore.open(product(name)))
        .withMessage("the database must be one of H2, PostgreSQL, MariaDB, but is " + name);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "Usage_", "1a", "a-b", "a b", "x\"", "abcdefghijklmnopqrstuv"})
  void tablePrefix_notAnIdentifier_isRefused(String prefix) {
    var builder = JdbcUsageStore.builder(Databases.h2Memory(""));

    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.tablePrefix(prefix))
        .withMessageContaining("'" + prefix + "'");
  }

  @Test
  void tablePrefix_longest_opens() {
    var store =
        JdbcUsageStore.builder(Databases.h2Memory("")).tablePrefix("abcdefghijklmnopqrst_").open();

    assertThat(calls(store)).isZero();
  }

  @Test
  void database_given_isNotAskedFor() {
    var store =
        JdbcUsageStore.builder(Databases.h2Memory("")).database(JdbcUsageStore.Database.H2).open();

    assertThat(store).hasToString("JdbcUsageStore[H2, usage_*]");
  }

  @Test
  void open_memory_outlivesItsConnections() throws Exception {
    DataSource memory = Databases.h2Memory("");
    JdbcUsageStore.open(memory).write(List.of(chat().build()));

    assertThat(calls(JdbcUsageStore.open(memory))).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"jdbc:h2:mem:", "jdbc:h2:mem:;MODE=MySQL"})
  void open_memoryWithoutName_isRefused(String url) {
    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> JdbcUsageStore.open(Databases.h2(url)))
        .withMessageContaining("must have a name");
  }

  @ParameterizedTest
  @ValueSource(strings = {";MODE=Oracle", ";MODE=Oracle;DATABASE_TO_LOWER=TRUE"})
  void open_modeInWhichEmptyTextIsNull_isRefused(String options) {
    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> JdbcUsageStore.open(Databases.h2Memory(options)))
        .withMessageContaining("MODE")
        .withMessageContaining("Oracle");
  }

  @ParameterizedTest
  @ValueSource(strings = {"REGULAR", "STRICT", "LEGACY", "DB2", "Derby", "HSQLDB", "MariaDB"})
  void write_emptyTextInOtherModes_isStored(String mode) throws Exception {
    var store = JdbcUsageStore.open(Databases.h2Memory(";MODE=" + mode));

    store.write(
        List.of(
            UsageEvent.builder(UUID.randomUUID(), UsageEvent.Kind.CHAT, "openai", "")
                .startedAt(Instant.EPOCH)
                .build()));

    assertThat(calls(store)).isEqualTo(1);
  }

  @Test
  @Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void open_memoryOfAServer_outlivesItsConnections() throws Exception {
    Server server = Server.createTcpServer("-tcpPort", "0", "-ifNotExists").start();
    try {
      String address = "jdbc:h2:tcp://localhost:" + server.getPort() + "/mem:";
      DataSource memory = Databases.h2(address + Databases.newName());
      JdbcUsageStore.open(memory).write(List.of(chat().build()));

      assertThat(calls(JdbcUsageStore.open(memory))).isEqualTo(1);
      assertThatExceptionOfType(UsageException.class)
          .isThrownBy(() -> JdbcUsageStore.open(Databases.h2(address)))
          .withMessageContaining("must have a name");
    } finally {
      server.stop();
    }
  }

  @Test
  @Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void open_everyConnectionToAnotherDatabase_isRefusedInsteadOfGoingRoundForEver() {
    var scattered =
        (DataSource)
            Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {DataSource.class},
                (proxy, method, arguments) -> Databases.h2Memory("").getConnection());

    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> JdbcUsageStore.open(scattered))
        .withMessageContaining("usage_schema is missing");
  }

  @Test
  void open_h2Pool_works() throws Exception {
    var pool = JdbcConnectionPool.create("jdbc:h2:" + directory.resolve("pooled"), "sa", "");

    var store = JdbcUsageStore.open(pool);
    store.write(List.of(chat().build()));
    store.close();

    assertThat(calls(store)).isEqualTo(1);
    assertThat(pool.getActiveConnections()).isZero();
    pool.dispose();
  }

  private DataSource ordinaryRole(String url) {
    Databases.execute(
        Databases.h2(url),
        "CREATE USER ord PASSWORD ''",
        "GRANT ALTER ANY SCHEMA TO ord",
        "GRANT ALL ON SCHEMA public TO ord");
    var dataSource = (org.h2.jdbcx.JdbcDataSource) Databases.h2(url);
    dataSource.setUser("ord");
    return dataSource;
  }

  @Test
  void open_roleThatMayNotSetWriteDelay_isRefusedUntilItIsZero() throws Exception {
    JdbcUsageStore store;
    String url = "jdbc:h2:" + directory.resolve("delayed");
    DataSource ordinary = ordinaryRole(url);

    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> JdbcUsageStore.open(ordinary))
        .withMessageContaining("WRITE_DELAY must be 0, but is 500")
        .withMessageContaining("SET WRITE_DELAY 0");

    try (Connection administrator = Databases.h2(url).getConnection();
        Statement statement = administrator.createStatement()) {
      statement.execute("SET WRITE_DELAY 0");
      store = JdbcUsageStore.open(ordinary);
      store.write(List.of(chat().build()));
    }

    assertThat(calls(store)).isEqualTo(1);
    JdbcUsageStore reopened = store;
    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> reopened.write(List.of(chat().build())))
        .withMessageContaining("but is 0 or 500");
  }

  @Test
  void open_roleThatMayNotKeepMemoryAlive_isRefused() throws Exception {
    String url = "jdbc:h2:mem:" + Databases.newName();
    try (Connection keep = Databases.h2(url).getConnection()) {
      DataSource ordinary = ordinaryRole(url);

      assertThatExceptionOfType(UsageException.class)
          .isThrownBy(() -> JdbcUsageStore.open(ordinary))
          .withMessageContaining("DB_CLOSE_DELAY must be -1, but is not set");
      assertThat(keep.isClosed()).isFalse();
    }
  }

  @Test
  void open_collationThatMergesNames_isRefused() {
    DataSource merging = Databases.h2Memory(";DB_CLOSE_DELAY=-1");
    Databases.execute(merging, "SET COLLATION ENGLISH STRENGTH PRIMARY");

    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> JdbcUsageStore.open(merging))
        .withMessageContaining("COLLATION");
  }

  @Test
  void open_tablesInOtherLetters_isRefusedInsteadOfStartingAnew() throws Exception {
    String url = "jdbc:h2:" + directory.resolve("letters");
    JdbcUsageStore.open(Databases.h2(url)).write(List.of(chat().build()));

    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> JdbcUsageStore.open(Databases.h2(url + ";DATABASE_TO_UPPER=FALSE")))
        .withMessageContaining("in letters that this connection does not find");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        ";DATABASE_TO_UPPER=FALSE",
        ";CASE_INSENSITIVE_IDENTIFIERS=TRUE",
        ";MODE=Strict",
        ";MODE=MariaDB;DATABASE_TO_LOWER=TRUE",
        ";MODE=MSSQLServer",
        ";MODE=DB2"
      })
  void open_otherModesAndLetters_work(String options) throws Exception {
    var store = JdbcUsageStore.open(Databases.h2Memory(options));

    store.write(List.of(chat().build()));

    assertThat(calls(store)).isEqualTo(1);
  }

  @Test
  void open_readOnlyFile_answers() throws Exception {
    String url = "jdbc:h2:" + directory.resolve("readonly");
    JdbcUsageStore.open(Databases.h2(url)).write(List.of(chat().build()));

    var store = JdbcUsageStore.open(Databases.h2(url + ";ACCESS_MODE_DATA=r"));

    assertThat(calls(store)).isEqualTo(1);
  }
}
