package io.github.usage4j.jdbc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.usage4j.BillingPeriod;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.UsageSummary;
import io.github.usage4j.sink.UsageEvents;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.TreeSet;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;

/** H2 commits each statement of a script, so a process may end between any two of them. */
class H2UpgradeTest {

  private static final UsageFilter ALL = UsageFilter.allOrganizations();
  private static final String SCRIPT = "V8__conditions.sql";

  private static List<String> statements() throws IOException {
    String path = "schema/h2/" + SCRIPT;
    try (InputStream in =
        Objects.requireNonNull(JdbcUsageStore.class.getResourceAsStream(path), path)) {
      String sql = new String(in.readAllBytes(), UTF_8).replace("${prefix}", Tables.DEFAULT_PREFIX);
      return List.of(sql.split(";\\s*\\n"));
    }
  }

  /** In the mode in which copying a table by ALTER TABLE would make names equal that are not. */
  private static DataSource newDatabase() {
    return Databases.h2Memory(
        ";MODE=MySQL;DATABASE_TO_LOWER=TRUE;CASE_INSENSITIVE_IDENTIFIERS=TRUE;IGNORECASE=TRUE"
            + ";DB_CLOSE_DELAY=-1");
  }

  @Test
  void versionEight_cutOffAfterAnyStatement_isCompletedByTheNextStart() throws Exception {
    List<String> statements = statements();
    List<UsageEvent> calls = RandomCalls.of(new Random(21), 40);
    var ends = new TreeSet<Integer>();
    for (int i = 0; i < statements.size(); i++) {
      // A comment changes nothing that is checked here: one cut in the middle of them is enough.
      if (!statements.get(i).startsWith("COMMENT") || i % 50 == 0) {
        ends.add(i + 1);
      }
    }
    assertThat(ends).hasSizeGreaterThan(25);
    for (int end : ends) {
      DataSource database = newDatabase();
      List<UsageEvent> held = OldSchema.fill(database, new H2Dialect(), 7, calls);
      Databases.execute(database, statements.subList(0, end).toArray(String[]::new));

      JdbcUsageStore store = JdbcUsageStore.open(database);
      UsageEvent more = UsageEvents.complete();
      store.write(List.of(more));

      var all = new ArrayList<>(held);
      all.add(more);
      assertThat(store.queries().total(ALL, BillingPeriod.lifetime()))
          .as("cut off after statement %d", end)
          .isEqualTo(UsageSummary.of(all));
      assertThat(store.maintenance().verify(BillingPeriod.lifetime())).isEmpty();
      for (UsageEvent call : all) {
        assertThat(store.queries().event(ALL, call.id())).contains(call);
      }
      JdbcUsageStore.builder(database).validateOnly().open();
      Databases.execute(database, "DROP ALL OBJECTS");
    }
  }
}
