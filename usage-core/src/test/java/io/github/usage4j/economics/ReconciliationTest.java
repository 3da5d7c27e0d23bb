package io.github.usage4j.economics;

import static io.github.usage4j.sink.UsageEvents.NOON;
import static io.github.usage4j.sink.UsageEvents.chatAt;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.github.usage4j.BillingPeriod;
import io.github.usage4j.Cost;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent.Outcome;
import io.github.usage4j.UsageException;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.economics.Reconciliation.Found;
import io.github.usage4j.economics.Reconciliation.Report;
import io.github.usage4j.economics.Reconciliation.Row;
import io.github.usage4j.economics.Reconciliation.Side;
import io.github.usage4j.sink.InMemoryUsageStore;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Reader;
import java.io.StringReader;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReconciliationTest {

  private static final UsageFilter ALL = UsageFilter.allOrganizations();
  private static final BillingPeriod NOVEMBER = BillingPeriod.month(2026, 11);
  private static final LocalDate DAY = LocalDate.of(2026, 11, 21);

  private static final ProviderCsv COLUMNS =
      ProviderCsv.columns("date", "model")
          .input("uncached", "cached")
          .output("output")
          .cost("amount", "USD");

  @TempDir Path directory;

  private final InMemoryUsageStore store = new InMemoryUsageStore();

  private Report compare(Reconciliation how, String... lines) throws IOException {
    return how.compare(
        new BufferedReader(new StringReader(String.join("\n", lines))),
        store.queries(),
        ALL,
        NOVEMBER);
  }

  private static Side side(long input, long output, String cost) {
    return new Side(input, output, new BigDecimal(cost));
  }

  @Test
  void compare_namesWhatDiffers_andWhatIsOnOneSideOnly() throws Exception {
    store.write(
        List.of(
            chatAt(NOON)
                .tokens(TokenCounts.of(100, 5))
                .cost(Cost.total(BigDecimal.ONE, "USD"))
                .build(),
            chatAt(NOON).tokens(TokenCounts.of(10, 5)).build(),
            chatAt(NOON).responseModel("ours").tokens(TokenCounts.of(1, 1)).build(),
            chatAt(NOON).responseModel("equal").tokens(TokenCounts.of(7, 1)).build()));

    Report report =
        compare(
            Reconciliation.of(COLUMNS),
            "\uFEFFmodel,date,uncached,cached,output,amount,note",
            "gpt-4o,2026-11-21,60,50,10,0.75,\"a \"\"note\"\", with",
            "two lines\"",
            "gpt-4o,2026-11-21T23:59:59.5+00:00,0,,0,2.5e-1,\r",
            "",
            "gpt-4o,2026-11-22T00:30:00+01:00,1,0,0,0,",
            "equal,1795219200,7,0,1,0,",
            "theirs,2026-11-21,3,0,1,0.1,",
            "outside,2026-12-01,3,0,1,0.1,");

    assertThat(report.lines()).isEqualTo(6);
    assertThat(report.outside()).isEqualTo(1);
    assertThat(report.rows())
        .containsExactly(
            new Row(DAY, "equal", Found.BOTH, side(7, 1, "0"), side(7, 1, "0"), 1, true),
            new Row(
                DAY,
                "gpt-4o",
                Found.BOTH,
                new Side(111, 10, new BigDecimal("1.00")),
                side(110, 10, "1"),
                1,
                false),
            new Row(DAY, "ours", Found.HERE_ONLY, new Side(0, 0, null), side(1, 1, "0"), 1, false),
            new Row(
                DAY,
                "theirs",
                Found.THERE_ONLY,
                side(3, 1, "0.1"),
                new Side(0, 0, null),
                0,
                false));
    assertThat(report.differences())
        .extracting(Row::model)
        .containsExactly("gpt-4o", "ours", "theirs");
    assertThat(report.rows().get(1).inputDifference()).isEqualTo(-1);
    assertThat(report.rows().get(1).costDifference()).isEqualByComparingTo("0");
    assertThat(report.rows().get(3).costDifference()).isNull();
    assertThat(
            compare(
                    Reconciliation.of(COLUMNS).tolerance(1, BigDecimal.ZERO),
                    "model,date,uncached,cached,output,amount",
                    "gpt-4o,2026-11-21,111,0,10,1",
                    "equal,2026-11-21,7,0,0,0")
                .differences())
        .extracting(Row::model)
        .containsExactly("ours");
  }

  @Test
  void compare_namesAndMissingColumns_areMapped() throws Exception {
    store.write(List.of(chatAt(NOON).tokens(TokenCounts.of(100, 5)).build()));

    Report report =
        compare(
            Reconciliation.of(ProviderCsv.columns("day", "m").output("out"))
                .modelNames(name -> name.equals("GPT 4o") ? "gpt-4o" : name),
            "day,m,out",
            "2026-11-21,GPT 4o,5");

    assertThat(report.differences()).isEmpty();
    assertThat(report.rows()).hasSize(1);
    assertThat(report.currency()).isNull();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "x,2026-11-21,1,0,1|line 2: there must be 6 values, but are 5",
        "x,2026-11-31,1,0,1,0|line 2: date must be a day",
        "x,21.11.2026,1,0,1,0|line 2: date must be a day",
        "x,2026-11-21T10:00:00,1,0,1,0|line 2: date must be a day",
        "x,2026-11-21,-1,0,1,0|line 2: uncached must be a whole number of tokens",
        "x,2026-11-21,1.5,0,1,0|line 2: uncached must be a whole number",
        "x,2026-11-21,1,0,99999999999999999999,0|line 2: output must be a whole number",
        "x,2026-11-21,1,0,1,$5|line 2: amount must be a decimal amount, but was '$5'",
        "x,2026-11-21,1,0,1,NaN|line 2: amount must be a decimal",
        "x,2026-11-21,1,0,1,1e999|line 2: amount must be a decimal",
        "x,2026-11-21,1,0,1,|line 2: amount must be a decimal",
        ",2026-11-21,1,0,1,0|line 2: model must name a model",
        "x\"y,2026-11-21,1,0,1,0|line 2: a quote stands in a value",
        "\"x\"y,2026-11-21,1,0,1,0|line 2: there is text after a closing quote",
        "\"x,2026-11-21,1,0,1,0|line 2: a quote is not closed"
      },
      quoteCharacter = '~')
  void compare_nonsense_isRefusedWithItsLine(String line, String message) {
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                compare(
                    Reconciliation.of(COLUMNS), "model,date,uncached,cached,output,amount", line))
        .withMessageStartingWith(message);
  }

  @Test
  void compare_wrongHeaderPeriodOrFile_isRefused() {
    Reconciliation how = Reconciliation.of(COLUMNS);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> compare(how, ""))
        .withMessageStartingWith("the file is empty");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> compare(how, "date,model,output,amount,uncached"))
        .withMessageStartingWith("line 1: there must be one column 'cached'");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> compare(how, "date,date,model,output,amount,uncached,cached"))
        .withMessageStartingWith("line 1: there must be one column 'date'");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                how.compare(
                    new BufferedReader(new StringReader("")),
                    store.queries(),
                    ALL,
                    BillingPeriod.of(NOVEMBER.start().plusSeconds(1), NOVEMBER.end())))
        .withMessageStartingWith("the period must begin and end at midnight UTC");
    assertThatIllegalArgumentException().isThrownBy(() -> how.tolerance(-1, BigDecimal.ZERO));
    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(
            () -> how.compare(directory.resolve("none.csv"), store.queries(), ALL, NOVEMBER));
  }

  @Test
  void compare_currencyColumn_refusesWhatCannotBeAdded() throws Exception {
    Reconciliation how = Reconciliation.of(COLUMNS.currencyColumn("currency"));
    String header = "model,date,uncached,cached,output,amount,currency";
    Report report =
        compare(how, header, "gpt-4o,2026-11-21,1,0,1,0.5,USD", "gpt-4o,2026-11-21,1,0,1,0.5,usd");
    assertThat(report.rows().get(0).there().cost()).isEqualByComparingTo("1");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                compare(
                    how,
                    header,
                    "gpt-4o,2026-11-21,1,0,1,0.5,USD",
                    "gpt-4o,2026-11-21,1,0,1,0.5,EUR"))
        .withMessage(
            "line 3: currency must be USD, as costs of several are not added, but was 'EUR'");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> compare(how, "model,date,uncached,cached,output,amount"))
        .withMessageStartingWith("line 1: there must be one column 'currency'");
  }

  @Test
  void compare_callsThatNeverReachedTheProvider_areNoDifference() throws Exception {
    store.write(List.of(chatAt(NOON).outcome(Outcome.REFUSED).build()));

    Report report = compare(Reconciliation.of(COLUMNS), "model,date,uncached,cached,output,amount");

    assertThat(report.rows()).isEmpty();
  }

  @Test
  void compare_notUtf8_isRefused() throws Exception {
    Path file = directory.resolve("latin.csv");
    Files.write(file, new byte[] {'d', (byte) 0xE9, '\n'});

    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> Reconciliation.of(COLUMNS).compare(file, store.queries(), ALL, NOVEMBER));
    Files.writeString(file, "model,date,uncached,cached,output,amount\n", UTF_8);
    assertThat(Reconciliation.of(COLUMNS).compare(file, store.queries(), ALL, NOVEMBER).rows())
        .isEmpty();
  }

  /** Thirty megabytes, made as they are read. */
  @Test
  void compare_bigFile_isStreamed() throws Exception {
    byte[] line = "gpt-4o,2026-11-21,1,0,1,0.000001,0123456789012345678901234567\n".getBytes(UTF_8);
    String header = "model,date,uncached,cached,output,amount,note\n";
    int lines = 500_000;
    Reader endless =
        new Reader() {
          private int at = -header.length();
          private int left = lines;

          @Override
          public int read(char[] to, int offset, int length) {
            int count = 0;
            while (count < length && left > 0) {
              to[offset + count++] = at < 0 ? header.charAt(header.length() + at) : (char) line[at];
              at++;
              if (at == line.length) {
                at = 0;
                left--;
              }
            }
            return count == 0 ? -1 : count;
          }

          @Override
          public void close() {}
        };

    Report report =
        Reconciliation.of(COLUMNS)
            .compare(new BufferedReader(endless), store.queries(), ALL, NOVEMBER);

    assertThat(report.lines()).isEqualTo(lines);
    assertThat(report.rows().get(0).there().input()).isEqualTo(lines);
    assertThat(report.rows().get(0).there().cost()).isEqualByComparingTo("0.5");
  }

  @Test
  void compare_quoteThatNeverCloses_doesNotFillTheMemory() {
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                compare(
                    Reconciliation.of(COLUMNS),
                    "model,date,uncached,cached,output,amount",
                    "\"" + "x,\n".repeat(100_000)))
        .withMessageStartingWith("line 2: a record must have at most");
  }
}
