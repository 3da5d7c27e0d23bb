package io.github.usage4j.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What makes a test fail by chance, found in the sources of all tests. */
class TestSourcesTest {

  /** Seconds that a machine may let a thread wait for, and some more. */
  private static final int PATIENT = 60;

  /** A way to fail by chance, and what to do about it. */
  private enum Chance {
    HEXADECIMAL(
        "\\.doesNotContain(?:IgnoringCase)?\\((?:[^;]*?,\\s*)?\"[0-9a-f-]{1,8}\"",
        "a random id may contain it: look for a text that is not hexadecimal, or compare whole"
            + " elements with noneMatch(\"…\"::equals)"),
    WAIT(
        "\\.(?:get|await|poll|join|waitFor|awaitTermination|tryAcquire)\\(\\s*(\\d+),\\s*"
            + "(?:TimeUnit\\.)?SECONDS\\s*\\)",
        "what must come may be late on a busy machine: wait for at least " + PATIENT + " seconds"),
    TIMEOUT(
        "@Timeout\\(\\s*(?:value\\s*=\\s*)?(\\d+)\\b",
        "a guard against hanging must not be a stop-watch: at least " + PATIENT + " seconds"),
    FLUSH(
        "\\.(?:flush|purge)\\(Duration\\.ofSeconds\\((\\d+)\\)\\)\\)(?:\\.as\\([^;]*\\))?\\.isTrue",
        "what is delivered may be late on a busy machine: wait for at least " + PATIENT + " s"),
    SLEEP(
        "\\b(?:Thread|TimeUnit\\.\\w+)\\.sleep\\(",
        "wait for the thing itself: how long it takes is up to the machine"),
    SEED("new Random\\(\\)", "give it a seed, so that a failure can be seen again"),
    DEFAULT_ZONE(
        "ZoneId\\.systemDefault\\(\\)|LocalDate(?:Time)?\\.now\\(\\)|YearMonth\\.now\\(\\)",
        "name the zone");

    private final Pattern pattern;
    private final String remedy;

    Chance(String regex, String remedy) {
      pattern = Pattern.compile(regex);
      this.remedy = remedy;
    }

    /** A number is allowed if it is patient. */
    private boolean isMeant(Matcher found) {
      return found.groupCount() == 0 || Integer.parseInt(found.group(1)) < PATIENT;
    }
  }

  @Test
  void noTest_failsByChance() {
    var found = new ArrayList<String>();
    int files = 0;
    for (Path file : sources()) {
      files++;
      found.addAll(chances(file.toString(), read(file)));
    }
    assertThat(files).isGreaterThan(150);
    assertThat(found).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "assertThat(line).doesNotContain(\"ada\"); | HEXADECIMAL",
        "assertThat(line).contains(bob).doesNotContain(\"Ada L.\", \"ada\"); | HEXADECIMAL",
        "assertThat(line).doesNotContain(\"grace\"); | ",
        "assertThat(end.get(10, TimeUnit.SECONDS)).isNull(); | WAIT",
        "assertThat(end.get(60, SECONDS)).isNull(); | ",
        "assertThat(end.poll(50, TimeUnit.MILLISECONDS)).isNull(); | ",
        "@Timeout(20) | TIMEOUT",
        "@Timeout(value = 30, threadMode = SEPARATE_THREAD) | TIMEOUT",
        "@Timeout(600) | ",
        "assertThat(buffer.flush(Duration.ofSeconds(5))).isTrue(); | FLUSH",
        "assertThat(buffer.flush(Duration.ofSeconds(5))).isFalse(); | ",
        "Thread.sleep(10); | SLEEP",
        "var random = new Random(); | SEED",
        "LocalDate.now() | DEFAULT_ZONE",
      })
  void rule_findsWhatItIsFor(String source, String chance) {
    List<String> found = chances("T.java", source);
    if (chance == null) {
      assertThat(found).isEmpty();
    } else {
      assertThat(found).singleElement().asString().startsWith("T.java:1: ").contains(chance);
    }
  }

  private static List<String> chances(String name, String source) {
    var found = new ArrayList<String>();
    for (Chance chance : Chance.values()) {
      Matcher matcher = chance.pattern.matcher(source);
      while (matcher.find()) {
        if (chance.isMeant(matcher)) {
          long line = source.substring(0, matcher.start()).lines().count();
          found.add(
              name
                  + ":"
                  + Math.max(1, line)
                  + ": "
                  + chance
                  + " "
                  + matcher.group()
                  + ": "
                  + chance.remedy);
        }
      }
    }
    return found;
  }

  private static List<Path> sources() {
    var sources = new ArrayList<Path>();
    try (Stream<Path> modules = Files.list(Modules.repository())) {
      for (Path tests : modules.map(module -> module.resolve("src/test/java")).toList()) {
        if (Files.isDirectory(tests)) {
          try (Stream<Path> files = Files.walk(tests)) {
            files
                .filter(file -> file.toString().endsWith(".java"))
                .filter(file -> !file.endsWith("TestSourcesTest.java")) // which quotes them
                .forEach(sources::add);
          }
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return sources;
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
