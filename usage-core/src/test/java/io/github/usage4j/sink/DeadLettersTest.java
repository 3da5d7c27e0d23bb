package io.github.usage4j.sink;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageMetrics.DropReason;
import io.github.usage4j.internal.LetterLine;
import io.github.usage4j.sink.DeadLetters.Letter;
import io.github.usage4j.sink.UsageBuffer.Running;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Letters of any size. */
class DeadLettersTest {

  @TempDir Path temp;

  private final List<UsageEvent> stored = new ArrayList<>();

  private Path file() {
    return temp.resolve("letters.jsonl");
  }

  private Path unreadable() {
    return temp.resolve("letters.jsonl.unreadable");
  }

  private List<Letter> read() {
    var all = new ArrayList<Letter>();
    DeadLetters.in(file()).forEach(all::add);
    return all;
  }

  /** Lets a sink refuse an event with these words. */
  private void refuse(UsageEvent event, String words) {
    Running buffer =
        UsageBuffer.manual()
            .deadLetters(file())
            .inFrontOf(
                batch -> {
                  throw new UsageSink.RejectedException(words, new Exception());
                },
                new CountingMetrics());
    buffer.write(List.of(event));
    assertThat(buffer.flush(Duration.ofSeconds(30))).isFalse();
    buffer.close();
  }

  /** Its line is longer than what is read as a line. */
  private static UsageEvent huge() {
    var units = new HashMap<String, BigDecimal>();
    for (int i = 0; i < 60_000; i++) {
      units.put("a-unit-with-a-long-name-" + i, BigDecimal.ONE);
    }
    return UsageEvents.chat().units(units).build();
  }

  @Test
  void reasonOfAnyLength_isCut_andTheLetterIsDelivered() throws Exception {
    UsageEvent event = UsageEvents.chat().build();
    refuse(event, "\uD83E\uDD8A\u0001".repeat(1_000_000));
    assertThat(Files.size(file())).isLessThan(40_000);
    assertThat(read()).extracting(Letter::event).containsExactly(event);
    String why = read().get(0).why();
    assertThat(why.codePointCount(0, why.length())).isEqualTo(2_000);
    assertThat(why).startsWith("io.github.usage4j.sink.UsageSink$RejectedException: \uD83E\uDD8A");
    assertThat(why.codePoints()).allMatch(point -> point < 0xD800 || point > 0xDFFF);
    assertThat(DeadLetters.in(file()).replay(stored::addAll)).isEqualTo(1);
    assertThat(stored).containsExactly(event);
    assertThat(unreadable()).doesNotExist();
  }

  @Test
  void reasonWithHalfACharacter_takesNoneAlong() {
    UsageEvent event = UsageEvents.chat().build();
    refuse(event, "cut \uD83E here");
    assertThat(read()).extracting(Letter::event).containsExactly(event);
    assertThat(read().get(0).why()).endsWith("cut ? here");
  }

  @Test
  void lineThatIsTooLong_isKeptAsItIs_andTakesNoneAlong() throws Exception {
    List<UsageEvent> events = UsageEvents.chats(2);
    refuse(events.get(0), "no");
    refuse(huge(), "no");
    refuse(events.get(1), "no");
    byte[] line = Files.readString(file()).split("\n")[1].getBytes(UTF_8);
    assertThat(line.length).isGreaterThan(LetterLine.MAX_BYTES);
    assertThat(read()).extracting(Letter::event).containsExactlyElementsOf(events);
    Files.writeString(unreadable(), "torn"); // a process was killed here once

    assertThat(DeadLetters.in(file()).replay(stored::addAll)).isEqualTo(2);

    assertThat(stored).containsExactlyElementsOf(events);
    assertThat(Files.readString(unreadable())).isEqualTo("torn\n" + new String(line, UTF_8) + "\n");
    assertThat(read()).isEmpty();
  }

  @Test
  void lineThatIsTooLong_asTheLastAndCutOff_isKeptAsItIs() throws Exception {
    var line = new LetterLine(huge(), DropReason.REJECTED, Instant.EPOCH, "no").bytes();
    Files.write(file(), Arrays.copyOf(line, LetterLine.MAX_BYTES + 1));
    assertThat(DeadLetters.in(file()).replay(stored::addAll)).isZero();
    assertThat(Files.size(unreadable())).isEqualTo(LetterLine.MAX_BYTES + 2L); // with its end
  }
}
