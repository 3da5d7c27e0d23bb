package io.github.usage4j.jdbc;

import static io.github.usage4j.sink.UsageEvents.chat;

import io.github.usage4j.Attribution;
import io.github.usage4j.BillingPeriod;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageMeasure;
import io.github.usage4j.limit.LimitKey;
import io.github.usage4j.limit.LimitKey.Scope;
import io.github.usage4j.limit.LimitKey.Subject;
import io.github.usage4j.limit.LimitStore.Holder;
import io.github.usage4j.limit.LimitStore.Terms;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Currency;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A database with tables of limits, and what tests of it need. */
abstract class LimitDatabase {

  static final Attribution ADA = Attribution.organization("acme").user("ada");
  static final BillingPeriod NOVEMBER = BillingPeriod.month(2026, 11);
  static final Scope ACME = new Scope(Subject.ORGANIZATION, "acme", null, null, null);
  static final Scope OF_ADA = new Scope(Subject.USER, "acme", "ada", null, null);
  static final Currency USD = Currency.getInstance("USD");
  static final Terms HUNDRED = new Terms(BigDecimal.valueOf(100), List.of(75, 90, 100));

  @TempDir Path directory;

  FaultyDataSource dataSource;
  JdbcUsageStore store;
  Instant now = Instant.parse("2026-11-21T12:00:00Z");

  abstract DataSource newDatabase();

  @BeforeEach
  void open() {
    dataSource = new FaultyDataSource(newDatabase());
    store = JdbcUsageStore.builder(dataSource).clock(() -> now).archives(directory).open();
  }

  static LimitKey key(UsageMeasure measure, Scope scope, BillingPeriod period) {
    return new LimitKey("limit", measure, measure == UsageMeasure.COST ? USD : null, scope, period);
  }

  static UsageEvent tokens(Attribution who, long tokens) {
    return chat().attribution(who).tokens(TokenCounts.of(tokens, 0)).build();
  }

  static BigDecimal number(long n) {
    return BigDecimal.valueOf(n);
  }

  /** Covers what it was given. */
  static final class Covering implements Holder {
    private final String id = UUID.randomUUID().toString();
    final Map<UUID, BigDecimal> lowered = new ConcurrentHashMap<>();
    final Map<UUID, Boolean> covered = new ConcurrentHashMap<>();

    @Override
    public String id() {
      return id;
    }

    @Override
    public boolean covers(UUID eventId, LimitKey key) {
      return covered.containsKey(eventId);
    }

    @Override
    public void stored(UUID eventId, LimitKey key, BigDecimal used, BigDecimal by) {
      lowered.merge(eventId, by, BigDecimal::add);
    }

    @Override
    public void alertsRaised() {}
  }

  final List<String> texts(String sql) throws SQLException {
    var texts = new ArrayList<String>();
    try (Connection connection = dataSource.delegate().getConnection();
        var statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      while (row.next()) {
        for (int i = 1; i <= row.getMetaData().getColumnCount(); i++) {
          texts.add(row.getString(i));
        }
      }
    }
    return texts;
  }
}
