package io.github.usage4j;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Arrows between packages point towards the vocabulary, never back. */
class PackageDirectionTest {

  private static final String ROOT = "io.github.usage4j";

  /** Each package, then the packages it may use; the root and internal are for all. */
  private static final String[][] MAY_USE = {
    {"pricing"},
    {"provider"},
    {"limit"},
    {"credit"},
    {"query"},
    {"export", "query"},
    {"economics", "query", "pricing"},
    {"sink", "limit", "credit", "query"},
    {"backfill", "provider", "sink", "pricing", "limit", "credit"},
    {"track", "sink", "pricing", "limit", "credit"},
  };

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages(ROOT);

  @Test
  void root_usesNoOtherPackage() {
    noClasses()
        .that(resideInAPackage(ROOT))
        .should()
        .dependOnClassesThat(resideInAnyPackage(forbidden()))
        .because("the vocabulary is what everything else is built on")
        .allowEmptyShould(true)
        .check(CLASSES);
  }

  @Test
  void internal_usesOnlyTheRoot() {
    noClasses()
        .that(resideInAPackage(ROOT + ".internal.."))
        .should()
        .dependOnClassesThat(resideInAnyPackage(forbidden()))
        .because("helpers of every package cannot lean on one of them")
        .allowEmptyShould(true)
        .check(CLASSES);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("packages")
  void feature_usesOnlyWhatIsNearerTheRoot(String name, String[] forbidden) {
    noClasses()
        .that(resideInAPackage(ROOT + "." + name + ".."))
        .should()
        .dependOnClassesThat(resideInAnyPackage(forbidden))
        .because("arrows point only towards the vocabulary")
        .allowEmptyShould(true)
        .check(CLASSES);
  }

  @Test
  void everyPackage_hasItsPlace() {
    noClasses()
        .should()
        .resideOutsideOfPackages(placed())
        .because("a new package must be given its place in MAY_USE")
        .check(CLASSES);
  }

  static Stream<Object[]> packages() {
    return Arrays.stream(MAY_USE).map(row -> new Object[] {row[0], forbidden(row)});
  }

  /** Every feature package except those named. */
  private static String[] forbidden(String... allowed) {
    return Arrays.stream(MAY_USE)
        .map(row -> row[0])
        .filter(name -> !Arrays.asList(allowed).contains(name))
        .map(name -> ROOT + "." + name + "..")
        .toArray(String[]::new);
  }

  private static String[] placed() {
    return Stream.concat(Stream.of(ROOT, ROOT + ".internal.."), Arrays.stream(forbidden()))
        .toArray(String[]::new);
  }
}
