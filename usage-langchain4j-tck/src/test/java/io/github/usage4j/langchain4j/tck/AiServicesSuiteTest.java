package io.github.usage4j.langchain4j.tck;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** LangChain4j's own tests of AI services and chains, with and without a layer over the models. */
class AiServicesSuiteTest {

  private static SuiteResult bare;
  private static SuiteResult tracked;

  @BeforeAll
  static void run() {
    bare = SuiteResult.of("bare");
    tracked = SuiteResult.of("tracked");
  }

  @Test
  void bareModels_suiteIsWhole() {
    assertThat(bare.tests()).isGreaterThan(1000);
    assertThat(bare.problems()).isEmpty();
    assertThat(bare.unsuccessful()).isEmpty();
  }

  @Test
  void trackedModels_failNothingThatBareOnesDoNot() {
    var onlyTracked = new TreeMap<>(tracked.unsuccessful());
    onlyTracked.keySet().removeAll(bare.unsuccessful().keySet());
    assertThat(onlyTracked).isEmpty();
    assertThat(tracked.ids()).isEqualTo(bare.ids());
  }

  @Test
  void trackedModels_everyCallIsRecordedOnce() {
    assertThat(tracked.figure("blockingCalls")).isGreaterThan(300);
    assertThat(tracked.figure("streamingCalls")).isGreaterThan(50);
    assertThat(tracked.problems()).isEmpty();
    assertThat(tracked.figure("anomalies")).isZero();
  }

  /** If this fails, the suite does not see what it is run for. */
  @Test
  @Tag("full")
  void naiveDecorator_failsDozens() {
    SuiteResult naive = SuiteResult.of("naive");
    var onlyNaive = new TreeMap<>(naive.unsuccessful());
    onlyNaive.keySet().removeAll(bare.unsuccessful().keySet());
    assertThat(onlyNaive).hasSizeGreaterThanOrEqualTo(30);
  }
}
