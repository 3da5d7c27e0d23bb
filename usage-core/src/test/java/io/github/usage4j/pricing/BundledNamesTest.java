package io.github.usage4j.pricing;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The names of the bundled catalog end: no row has the price of a model that it does not name. */
class BundledNamesTest {

  private static final List<String> SIBLINGS =
      List.of(
          "-mini",
          "-fast",
          "-5",
          "-lite",
          "-10",
          "x",
          ".1",
          "-pro",
          "-preview",
          "-tts",
          "-32k",
          "-2",
          "-next",
          "-0613",
          "-001",
          ":free",
          ":thinking",
          "-20251399",
          "-2025-13-01",
          "-v",
          "@",
          "[",
          "-latest-mini",
          "-20250929x");

  @Test
  void everyRow_isNotOfASibling() {
    int checked = 0;
    for (ListedModel model : PriceCatalog.bundled().index().models()) {
      Set<String> stated = new HashSet<>(texts(model.match()));
      for (String name : texts(model.match())) {
        for (String sibling : SIBLINGS) {
          String other = name + sibling;
          assertThat(!model.match().matches(other) || stated.contains(other))
              .as("%s/%s matches %s", model.provider(), model.name(), other)
              .isTrue();
          checked++;
        }
      }
    }
    assertThat(checked).isGreaterThan(50_000);
  }

  @Test
  void everyClause_ends() {
    for (ListedModel model : PriceCatalog.bundled().index().models()) {
      assertThat(ends(model.match())).as("%s/%s", model.provider(), model.match()).isTrue();
    }
  }

  /** True if every name that matches is one that is stated, or a version of it. */
  private static boolean ends(ModelMatch match) {
    return switch (match.kind()) {
      case "equals", "versionOf", "endsWithVersionOf" -> true;
      case "any" -> match.parts().stream().allMatch(BundledNamesTest::ends);
      case "all" -> match.parts().stream().anyMatch(BundledNamesTest::ends);
      default -> false;
    };
  }

  private static Collection<String> texts(ModelMatch match) {
    var texts = new ArrayList<String>();
    for (String kind : List.of("equals", "versionOf", "endsWithVersionOf")) {
      collect(match, texts, kind);
    }
    return texts;
  }

  private static void collect(ModelMatch match, Collection<String> to, String kind) {
    if (match.kind().equals(kind)) {
      to.add(match.text());
    }
    match.parts().forEach(part -> collect(part, to, kind));
  }

  @Test
  void ends_seesAnOpenClause() {
    assertThat(ends(ModelMatch.startsWith("gpt"))).isFalse();
    assertThat(ends(ModelMatch.versionOf("gpt").or(ModelMatch.contains("o1")))).isFalse();
    assertThat(ends(ModelMatch.versionOf("gpt").and(ModelMatch.contains("o1")))).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "acme-4",
        "ACME-4-20250929",
        "acme-4-2025-09-29",
        "acme-4-latest",
        "acme-4-v1",
        "acme-4-v1:0",
        "acme-4:0",
        "acme-4@20250929",
        "acme-4@2025-09-29",
        "acme-4@default",
        "acme-4@latest",
        "acme-4[1m]",
        "acme-4-20250929-v1:0[1m]",
      })
  void versionOf_takesVersions(String name) {
    assertThat(ModelMatch.versionOf("Acme-4").matches(name)).isTrue();
    ModelMatch anywhere = ModelMatch.endsWithVersionOf("acme-4");
    assertThat(anywhere.matches(name)).isTrue();
    assertThat(anywhere.matches("us." + name)).isTrue();
    assertThat(anywhere.matches("publishers/acme/models/" + name)).isTrue();
    assertThat(anywhere.matches("my-" + name)).isFalse();
    assertThat(ModelMatch.versionOf("acme-4").matches("us." + name)).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "acme-4-10",
    "acme-4-mini",
    "acme-45",
    "acme-4.5",
    "acme-4-20251399",
    "acme-4-2025-13-01",
    "acme-4-202509291",
    "acme-4-2025-09-290",
    "acme-4-19991231",
    "acme-4-0613",
    "acme-4-v",
    "acme-4-v1234",
    "acme-4:free",
    "acme-4@",
    "acme-4@latest@latest",
    "acme-4-latest-latest",
    "acme-4[1x]",
    "acme-4[m]",
    "acme-4-v1-20250929",
    "acme-4-２０２５0929",
    "acme-"
  })
  void versionOf_takesNothingElse(String name) {
    assertThat(ModelMatch.versionOf("acme-4").matches(name)).isFalse();
    assertThat(ModelMatch.endsWithVersionOf("acme-4").matches(name)).isFalse();
  }
}
