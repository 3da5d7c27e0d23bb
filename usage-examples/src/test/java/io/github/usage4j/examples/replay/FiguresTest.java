package io.github.usage4j.examples.replay;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

/** What counts as the same figure, and what does not. */
class FiguresTest {
  @Test
  void differencesFrom_nullAndZero_sameForCacheAndReasoningOnly() {
    Figures zero = new Figures(1L, 2L, 3L, 0L, 0L, 0L);
    assertEquals(List.of(), new Figures(1L, 2L, 3L, null, null, null).differencesFrom(zero));
    assertEquals(
        List.of(
            "input_tokens null instead of 0",
            "output_tokens null instead of 0",
            "total_tokens null instead of 0"),
        Figures.NONE.differencesFrom(Figures.ZERO));
  }

  @Test
  void differencesFrom_otherCount_namesFieldAndBothCounts() {
    assertEquals(
        List.of("cached_input_tokens 4 instead of 5"),
        new Figures(1L, 2L, 3L, 4L, null, null)
            .differencesFrom(new Figures(1L, 2L, 3L, 5L, null, null)));
  }

  @Test
  void plus_nothingStated_addsNothing() {
    assertEquals(Figures.ZERO, Figures.ZERO.plus(Figures.NONE));
    assertEquals(new Figures(36L, 70L, 106L, 0L, 0L, 0L), Exchanges.STATED.plus(Exchanges.STATED));
  }
}
