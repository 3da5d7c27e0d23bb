package io.github.usage4j.examples;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** The two adapters never see each other, and the core sees neither. */
class ModuleDirectionTest {

  private static final String ROOT = "io.github.usage4j";
  private static final String LANGCHAIN4J = ROOT + ".langchain4j..";
  private static final String JDBC = ROOT + ".jdbc..";
  private static final String EXAMPLES = ROOT + ".examples..";

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages(ROOT);

  @Test
  void langchain4j_doesNotUseJdbc() {
    noClasses()
        .that()
        .resideInAPackage(LANGCHAIN4J)
        .should()
        .dependOnClassesThat()
        .resideInAPackage(JDBC)
        .allowEmptyShould(true)
        .check(CLASSES);
  }

  @Test
  void jdbc_usesNoLangchain4j() {
    noClasses()
        .that()
        .resideInAPackage(JDBC)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(LANGCHAIN4J, "dev.langchain4j..")
        .allowEmptyShould(true)
        .check(CLASSES);
  }

  @Test
  void core_usesNoAdapter() {
    noClasses()
        .that()
        .resideOutsideOfPackages(LANGCHAIN4J, JDBC, EXAMPLES)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(LANGCHAIN4J, JDBC, EXAMPLES, "dev.langchain4j..", "org.jdbi..")
        .allowEmptyShould(true)
        .check(CLASSES);
  }
}
