package io.github.usage4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class TokenCountsTest {

  @Test
  void total_unknownIsNotZero() {
    assertThat(TokenCounts.UNKNOWN.total()).isNull();
    assertThat(TokenCounts.input(7).total()).isEqualTo(7);
    assertThat(TokenCounts.of(0, 0).total()).isEqualTo(0);
    assertThat(TokenCounts.of(10, 3).total()).isEqualTo(13);
  }

  @Test
  void plus_keepsWhatOnlyOneKnows() {
    TokenCounts sum = TokenCounts.of(10, 1).plus(TokenCounts.input(5).cacheRead(4));
    assertThat(sum).isEqualTo(TokenCounts.of(15, 1).cacheRead(4));
    assertThat(TokenCounts.UNKNOWN.plus(TokenCounts.UNKNOWN)).isEqualTo(TokenCounts.UNKNOWN);
  }

  @Test
  void plus_overflow_isAnErrorAndNotANegativeSum() {
    TokenCounts huge = TokenCounts.input(Long.MAX_VALUE);
    assertThatThrownBy(() -> huge.plus(TokenCounts.input(1)))
        .isInstanceOf(ArithmeticException.class);
  }

  @Test
  void negative_isRefusedByName() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> TokenCounts.of(1, -3))
        .withMessage("output tokens must not be negative, but were -3");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> TokenCounts.of(1, 3).reasoning(-1))
        .withMessageContaining("reasoning");
  }

  @Test
  void consistent_leavesWhatFits() {
    TokenCounts counts =
        TokenCounts.of(100, 20).cacheRead(60).cacheWrite(40).cacheWriteOneHour(40).reasoning(20);
    assertThat(counts.consistent()).isSameAs(counts);
  }

  @Test
  void consistent_cutsPartsToTheirWhole() {
    TokenCounts stated =
        TokenCounts.of(100, 10).cacheRead(80).cacheWrite(50).cacheWriteOneHour(45).reasoning(11);
    assertThat(stated.consistent())
        .isEqualTo(
            TokenCounts.of(100, 10)
                .cacheRead(80)
                .cacheWrite(20)
                .cacheWriteOneHour(20)
                .reasoning(10));
  }

  @Test
  void consistent_partsOfSomethingUnknownStay() {
    TokenCounts stated = new TokenCounts(null, null, 5L, 6L, null, 7L, null, null, null);
    assertThat(stated.consistent()).isSameAs(stated);
  }
}
