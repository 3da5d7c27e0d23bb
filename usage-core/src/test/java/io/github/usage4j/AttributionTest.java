package io.github.usage4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class AttributionTest {

  @Test
  void blankIds_areUnattributed() {
    assertThat(Attribution.organization("  ")).isEqualTo(Attribution.NONE);
    assertThat(Attribution.organization(null).user("").customer(null)).isEqualTo(Attribution.NONE);
    assertThat(Attribution.NONE.user(null, "label of nobody").userLabel()).isNull();
  }

  @Test
  void overlongIds_areRefusedAndNeverCut() {
    String longest = "😀".repeat(Attribution.MAX_ID);
    assertThat(Attribution.organization(longest).organization()).isEqualTo(longest);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Attribution.organization(longest + "x"))
        .withMessage("organization must have at most 128 code points, but had 129");
  }

  @Test
  void unstorableIds_areRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Attribution.NONE.user("a\u0000b"))
        .withMessageContaining("U+0000 at index 1");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Attribution.NONE.session("half \uD83D pair"))
        .withMessageContaining("U+D83D at index 5");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Attribution.NONE.customer(" acme"))
        .withMessageContaining("white space");
  }

  @Test
  void labels_areCutAndCleanedAndNeverRefused() {
    Attribution who = Attribution.NONE.user("u", "A\u0000B\uD83D" + "😀".repeat(300));
    assertThat(who.userLabel()).startsWith("A\uFFFDB\uFFFD😀");
    assertThat(who.userLabel().codePointCount(0, who.userLabel().length()))
        .isEqualTo(Attribution.MAX_LABEL);
  }

  @Test
  void tags_areLimitedAndCopied() {
    Attribution who = Attribution.NONE;
    for (int i = 0; i < Attribution.MAX_TAGS; i++) {
      who = who.tag("k" + i, "v");
    }
    Attribution full = who;
    assertThat(full.tag("k0", null).tags()).hasSize(Attribution.MAX_TAGS - 1);
    assertThat(full.tag("k0", "other").tags()).containsEntry("k0", "other");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> full.tag("one more", "v"))
        .withMessage("there must be at most 8 tags, but there were 9");
    assertThatIllegalArgumentException().isThrownBy(() -> Attribution.NONE.tag(" ", "v"));
  }

  @Test
  void changingOneThing_keepsTheOthers() {
    Attribution who =
        Attribution.organization("acme")
            .user("ada", "Ada")
            .customer("c", "C")
            .session("s")
            .category("support")
            .impersonated(true)
            .tag("k", "v");
    assertThat(who.session("t").session("s").category("x").category("support")).isEqualTo(who);
    assertThat(who.user("bob").userLabel()).isNull();
    assertThat(who.user("bob").impersonated()).isTrue();
  }
}
