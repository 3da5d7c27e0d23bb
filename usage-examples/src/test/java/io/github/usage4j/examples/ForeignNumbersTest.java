package io.github.usage4j.examples;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * Numbers that others state come in through {@code DecimalBounds} only: what makes a number of
 * their text, and what takes as long as its exponent says, is called nowhere else.
 */
class ForeignNumbersTest {

  private static final String ROOT = "io.github.usage4j";
  private static final String HELPER = ROOT + ".internal.DecimalBounds";

  /** What computes with a number at once, whose time its exponent decides. */
  private static final Set<String> WORK =
      Set.of(
          "stripTrailingZeros",
          "toBigInteger",
          "toBigIntegerExact",
          "longValueExact",
          "intValueExact",
          "shortValueExact",
          "byteValueExact");

  /** What gives a number of Jackson's as it was stated. */
  private static final Set<String> STATED =
      Set.of(
          "decimalValue",
          "bigIntegerValue",
          "numberValue",
          "getDecimalValue",
          "getBigIntegerValue",
          "getNumberValue",
          "getNumberValueExact");

  /** By top-level class, with the reason. */
  private static final Map<String, String> ALLOWED =
      Map.of(
          ROOT + ".sink.EventBytes", "bounds scale and bytes itself, which stand there apart",
          ROOT + ".query.Projection", "counts of our own, of at most a period",
          ROOT + ".limit.Units", "amounts within the bounds of limits; more is cut before",
          ROOT + ".jdbc.JdbcUsageReader", "sums of our own columns of whole numbers",
          ROOT + ".jdbc.MonthClose", "sums of our own columns of whole numbers",
          ROOT + ".jdbc.RollupCheck", "sums of our own columns of whole numbers");

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages(ROOT);

  @Test
  void numbersOfOthers_areReadByTheHelperOnly() {
    assertThat(calls().keySet())
        .as("read it with %s, or allow it here with the reason", HELPER)
        .filteredOn(call -> !ALLOWED.containsKey(owner(call)))
        .isEmpty();
  }

  /** What is no longer needed would hide the next one. */
  @Test
  void everyExcuse_isNeeded() {
    Set<String> owners =
        calls().keySet().stream().map(ForeignNumbersTest::owner).collect(Collectors.toSet());
    assertThat(owners).containsAll(ALLOWED.keySet());
  }

  private static String owner(String call) {
    return call.substring(0, call.indexOf(' '));
  }

  private static Map<String, Long> calls() {
    return CLASSES.stream()
        .filter(type -> !topLevel(type).equals(HELPER))
        .flatMap(type -> type.getAccessesFromSelf().stream())
        .filter(ForeignNumbersTest::readsForeignNumbers)
        .collect(
            Collectors.groupingBy(
                access ->
                    topLevel(access.getOriginOwner())
                        + " calls "
                        + access.getTarget().getFullName()
                        + " in "
                        + access.getOrigin().getName(),
                Collectors.counting()));
  }

  private static String topLevel(JavaClass type) {
    String name = type.getName();
    int inner = name.indexOf('$');
    return inner < 0 ? name : name.substring(0, inner);
  }

  private static boolean readsForeignNumbers(JavaAccess<?> access) {
    String owner = access.getTargetOwner().getName();
    String name = access.getTarget().getName();
    if (owner.startsWith("com.fasterxml.jackson.")) {
      return STATED.contains(name);
    }
    if (!owner.equals("java.math.BigDecimal") && !owner.equals("java.math.BigInteger")) {
      return false;
    }
    boolean constant = access.getOrigin().getName().equals("<clinit>");
    boolean made = name.equals("<init>") && !constant;
    return made || WORK.contains(name);
  }

  /** The rule itself: it finds what it is for. */
  @Test
  void rule_findsEachWay() {
    var seed = new ClassFileImporter().importClasses(Seed.class).get(Seed.class);
    var found = new TreeSet<String>();
    seed.getAccessesFromSelf().stream()
        .filter(ForeignNumbersTest::readsForeignNumbers)
        .forEach(access -> found.add(access.getOrigin().getName()));
    assertThat(found).containsExactlyElementsOf(List.of("exact", "node", "reference", "text"));
  }

  /** What a careless reader would write. */
  @SuppressWarnings("unused")
  private static final class Seed {
    private static final java.math.BigDecimal CONSTANT = new java.math.BigDecimal("0.02");

    static java.math.BigDecimal text(String stated) {
      return new java.math.BigDecimal(stated);
    }

    static java.util.function.Function<String, java.math.BigDecimal> reference() {
      return java.math.BigDecimal::new;
    }

    static Object node(com.fasterxml.jackson.databind.JsonNode stated) {
      return stated.decimalValue();
    }

    static long exact(java.math.BigDecimal stated) {
      return stated.longValueExact();
    }
  }
}
