package io.github.usage4j.economics;

import static io.github.usage4j.sink.UsageEvents.NOON;
import static io.github.usage4j.sink.UsageEvents.chatAt;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.github.usage4j.Attribution;
import io.github.usage4j.Cost;
import io.github.usage4j.economics.PlanEconomics.Line;
import io.github.usage4j.economics.PlanEconomics.OfOrganization;
import io.github.usage4j.economics.PlanEconomics.OfPlan;
import io.github.usage4j.economics.PlanEconomics.Subscription;
import io.github.usage4j.sink.InMemoryUsageStore;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.YearMonth;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class PlanEconomicsTest {

  private static final YearMonth NOVEMBER = YearMonth.of(2026, 11);

  private final InMemoryUsageStore store = new InMemoryUsageStore();

  private void used(Instant at, @Nullable String organization, @Nullable Cost cost) {
    store.write(
        List.of(chatAt(at).attribution(Attribution.organization(organization)).cost(cost).build()));
  }

  private static Cost cost(String amount, String currency) {
    return Cost.total(new BigDecimal(amount), currency);
  }

  private static Subscription pays(String who, String plan, String revenue, String currency) {
    return new Subscription(who, plan, new BigDecimal(revenue), currency);
  }

  private static Line line(String currency, String revenue, String cost) {
    return new Line(currency, new BigDecimal(revenue), new BigDecimal(cost));
  }

  @Test
  void month_revenueBesideCost_byCurrency() {
    used(NOON, "acme", cost("3.000000000000000001", "USD"));
    used(NOON, "acme", null);
    used(NOON, "evil", cost("7", "USD"));
    used(NOON, "evil", cost("2", "EUR"));
    used(NOON, null, cost("1", "USD"));
    used(Instant.parse("2026-12-01T00:00:00Z"), "acme", cost("100", "USD"));
    var economics =
        PlanEconomics.of(
            store.queries(),
            month ->
                List.of(
                    pays("acme", "pro", "10.00", "USD"),
                    pays("evil", "pro", "5", "EUR"),
                    pays("idle", "free", "0", "USD")));

    PlanEconomics.Report report = economics.month(NOVEMBER);

    assertThat(report.organizations())
        .containsExactly(
            new OfOrganization("", "", 1, 1, 0, List.of(line("USD", "0", "1"))),
            new OfOrganization(
                "acme", "pro", 1, 2, 1, List.of(line("USD", "10", "3.000000000000000001"))),
            new OfOrganization(
                "evil", "pro", 1, 2, 0, List.of(line("EUR", "5", "2"), line("USD", "0", "7"))),
            new OfOrganization("idle", "free", 1, 0, 0, List.of(line("USD", "0", "0"))));
    assertThat(report.plans())
        .containsExactly(
            new OfPlan("", 1, 1, 0, List.of(line("USD", "0", "1"))),
            new OfPlan("free", 1, 0, 0, List.of(line("USD", "0", "0"))),
            new OfPlan(
                "pro",
                2,
                4,
                1,
                List.of(line("EUR", "5", "2"), line("USD", "10", "10.000000000000000001"))));
    assertThat(report.plans().get(2).lines().get(1).margin())
        .isEqualTo(new BigDecimal("-0.000000000000000001"));
  }

  @Test
  void months_changeOfPlan_isInBoth() {
    used(NOON, "acme", cost("3", "USD"));
    used(Instant.parse("2026-12-01T00:00:00Z"), "acme", cost("4", "USD"));
    used(Instant.parse("2027-01-01T00:00:00Z"), "acme", cost("5", "USD"));
    var economics =
        PlanEconomics.of(
            store.queries(),
            month ->
                List.of(
                    month.equals(NOVEMBER)
                        ? pays("acme", "pro", "10", "USD")
                        : pays("acme", "max", "20", "USD")));

    assertThat(economics.months(NOVEMBER, NOVEMBER.plusMonths(2)).organizations())
        .containsExactly(
            new OfOrganization("acme", "max", 2, 2, 0, List.of(line("USD", "40", "9"))),
            new OfOrganization("acme", "pro", 1, 1, 0, List.of(line("USD", "10", "3"))));
  }

  @Test
  void whatCannotBe_isRefused() {
    var twice =
        PlanEconomics.of(
            store.queries(),
            month -> List.of(pays("acme", "pro", "1", "USD"), pays("acme", "max", "1", "EUR")));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> twice.month(NOVEMBER))
        .withMessageContaining("'acme' has pro and max in 2026-11");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> twice.months(NOVEMBER, NOVEMBER.minusMonths(1)));
    assertThatIllegalArgumentException().isThrownBy(() -> pays("acme", "pro", "-1", "USD"));
    assertThatIllegalArgumentException().isThrownBy(() -> pays("acme", "pro", "1", "DOLLAR"));
    assertThatIllegalArgumentException().isThrownBy(() -> pays(" ", "pro", "1", "USD"));
  }
}
