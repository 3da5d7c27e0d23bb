package io.github.usage4j.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.FloatNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class DecimalBoundsTest {

  /** Guards against a hang; what is measured with it takes microseconds. */
  private static final Duration FAR_TOO_LONG = Duration.ofSeconds(20);

  private static final DecimalBounds AMOUNT = new DecimalBounds(4, 3);

  /** Named, because to show the longest ones takes long. */
  static Stream<Named<BigDecimal>> hostileNumbers() {
    return Stream.of(
        Named.of("small", new BigDecimal("1e-100000000")),
        Named.of("large", new BigDecimal("1e100000000")),
        Named.of("negative", new BigDecimal("-1e100000000")),
        Named.of("largest exponent", new BigDecimal("1E+2147483647")),
        Named.of("smallest exponent", new BigDecimal("1E-2147483647")),
        Named.of("no place for a zero less", new BigDecimal(BigInteger.TEN, Integer.MIN_VALUE)),
        Named.of("long", new BigDecimal(BigInteger.ONE.shiftLeft(10_000_000), 0)),
        Named.of("long decimals", new BigDecimal(BigInteger.ONE.shiftLeft(10_000_000), 3_000_000)));
  }

  static Stream<Named<String>> hostileTexts() {
    return Stream.of(
            "1e-100000000",
            "1e100000000",
            "1E+2147483647",
            "1E+2147483648",
            "1e-2147483648",
            "1e99999999999999999999",
            "9".repeat(5_000_000),
            "0." + "3".repeat(5_000_000),
            "1e" + "0".repeat(5_000_000),
            "-".repeat(5_000_000))
        .map(text -> Named.of(text.substring(0, Math.min(text.length(), 25)), text));
  }

  @ParameterizedTest
  @MethodSource("hostileNumbers")
  void number_beyondAllMeasure_isRefusedWithoutDelay(BigDecimal hostile) {
    JsonNode node = JsonNodeFactory.instance.numberNode(hostile);
    assertTimeoutPreemptively(
        FAR_TOO_LONG,
        () -> {
          for (DecimalBounds bounds : List.of(AMOUNT, DecimalBounds.ANY, DecimalBounds.WHOLE)) {
            assertThat(bounds.exact(hostile)).isNull();
            assertThat(bounds.rounded(hostile)).isNull();
            assertThat(bounds.exact(node)).isNull();
            assertThat(bounds.rounded(node)).isNull();
            assertThatIllegalArgumentException()
                .isThrownBy(() -> bounds.require("price", hostile))
                .withMessageStartingWith("price must be a decimal number with at most ")
                .satisfies(refusal -> assertThat(refusal.getMessage()).hasSizeLessThan(200));
          }
          assertThat(DecimalBounds.wholeNumber(node)).isNull();
        });
  }

  @ParameterizedTest
  @MethodSource("hostileTexts")
  void text_beyondAllMeasure_isRefusedWithoutDelay(String hostile) {
    assertTimeoutPreemptively(
        FAR_TOO_LONG,
        () -> {
          assertThat(DecimalBounds.ANY.exact(hostile)).isNull();
          assertThat(DecimalBounds.ANY.rounded(hostile)).isNull();
          assertThat(DecimalBounds.wholeNumber(hostile)).isNull();
          assertThatIllegalArgumentException()
              .isThrownBy(() -> AMOUNT.require("price", hostile))
              .withMessageContaining("'" + hostile.substring(0, Math.min(hostile.length(), 80)))
              .satisfies(refusal -> assertThat(refusal.getMessage()).hasSizeLessThan(250));
        });
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "-0", "-0.0", "0e-999999999", "0E+2147483647", "000.000"})
  void zero_ofAnyExponent_isZero(String written) {
    assertThat(AMOUNT.exact(written)).isEqualTo(BigDecimal.ZERO);
    assertThat(AMOUNT.exact(new BigDecimal(written))).isEqualTo(BigDecimal.ZERO);
    assertThat(AMOUNT.rounded(JsonNodeFactory.instance.numberNode(new BigDecimal(written))))
        .isEqualTo(BigDecimal.ZERO);
    assertThat(DecimalBounds.wholeNumber(written)).isZero();
    assertThat(DecimalBounds.plain(new BigDecimal(written))).isEqualTo(BigDecimal.ZERO);
  }

  @ParameterizedTest
  @CsvSource({
    "2.50, 2.5",
    "+2.50, 2.5",
    "-2.50, -2.5",
    "1e3, 1000",
    "9.999E+3, 9999",
    "1e-3, 0.001",
    "0.0010000000000, 0.001",
    "0001234.5, 1234.5",
    ".5, 0.5",
  })
  void exact_withinBounds_hasOneForm(String written, String plain) {
    assertThat(AMOUNT.exact(written)).isEqualTo(new BigDecimal(plain));
    assertThat(AMOUNT.exact(new BigDecimal(written))).isEqualTo(new BigDecimal(plain));
    assertThat(AMOUNT.rounded(written)).isEqualTo(new BigDecimal(plain));
    assertThat(AMOUNT.require("price", written)).isEqualTo(new BigDecimal(plain));
  }

  @ParameterizedTest
  @CsvSource({"2.50, 2.50", "0.00, 0.00", "-1.0, -1.0", "1e3, 1000", "2.50000, 2.5", "0e9, 0"})
  void asWritten_keepsZerosWithinTheBounds(String written, String kept) {
    assertThat(AMOUNT.asWritten(written)).isEqualTo(new BigDecimal(kept));
    assertThat(AMOUNT.asWritten("12345")).isNull();
    assertThat(AMOUNT.asWritten("twelve")).isNull();
    assertThat(AMOUNT.asWritten(null)).isNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"10000", "1e4", "9999.9999", "0.0001", "1e-4", "-10000", "1234567890123456789"})
  void exact_justOutsideOfTheBounds_isNull(String written) {
    assertThat(AMOUNT.exact(written)).isNull();
    assertThat(AMOUNT.exact(new BigDecimal(written))).isNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        " 1",
        "1 ",
        "NaN",
        "Infinity",
        "-Infinity",
        "1,5",
        "0x10",
        "1_000",
        "1f",
        "1d",
        "e",
        "e5",
        ".",
        "--1",
        "\u0661\u0662",
        "\uFF11",
        "1\u0660",
        "twelve",
        "1e1.5"
      })
  void text_thatIsNoNumberInAsciiDigits_isNull(String written) {
    assertThat(DecimalBounds.ANY.exact(written)).isNull();
    assertThat(DecimalBounds.ANY.rounded(written)).isNull();
    assertThat(DecimalBounds.wholeNumber(written)).isNull();
  }

  @ParameterizedTest
  @CsvSource({
    "0.0005, 0", // half to even
    "0.0015, 0.002",
    "0.00150000000000000000001, 0.002",
    "0.00049999999999999999999, 0",
    "1e-1000, 0",
    "-0.0004, 0",
    "1234.5674999, 1234.567",
    "9999.9994, 9999.999",
  })
  void rounded_withMoreDecimals_keepsThoseOfTheBounds(String written, String rounded) {
    assertThat(AMOUNT.rounded(written)).isEqualTo(new BigDecimal(rounded));
    assertThat(AMOUNT.rounded(new BigDecimal(written))).isEqualTo(new BigDecimal(rounded));
  }

  @Test
  void rounded_upAcrossTheBound_isNull() {
    assertThat(AMOUNT.rounded("9999.9996")).isNull();
    assertThat(AMOUNT.rounded("12345")).isNull();
  }

  @Test
  void digitsOfABinaryFraction_areWithinTheLongestForm() {
    var exactly = new BigDecimal(0.1); // 55 decimals
    assertThat(DecimalBounds.ANY.exact(exactly)).isEqualTo(exactly);
    assertThat(new DecimalBounds(20, 18).rounded(exactly.toString()))
        .isEqualTo("0.100000000000000006");
    String third = "0." + "3".repeat(997);
    assertThat(DecimalBounds.ANY.exact(third)).isEqualTo(new BigDecimal(third));
    assertThat(DecimalBounds.ANY.exact("9".repeat(1_000))).isNotNull();
    assertThat(DecimalBounds.ANY.exact("9".repeat(1_001))).isNull();
    assertThat(DecimalBounds.ANY.exact(new BigDecimal("1e999"))).isNotNull();
    assertThat(DecimalBounds.ANY.exact(new BigDecimal("1e1000"))).isNull();
  }

  @Test
  void json_readByEitherMapper_isTheSameNumber() throws IOException {
    var exact =
        JsonMapper.builder().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS).build();
    for (JsonMapper mapper : List.of(new JsonMapper(), exact)) {
      JsonNode json = mapper.readTree("[12, 12.0, 1.2e1, 1.25, -3, 9999999999, 1e400, \"12\"]");
      assertThat(AMOUNT.exact(json.get(0))).isEqualTo("12");
      assertThat(AMOUNT.exact(json.get(1))).isEqualTo("12");
      assertThat(DecimalBounds.wholeNumber(json.get(2))).isEqualTo(12);
      assertThat(AMOUNT.exact(json.get(3))).isEqualTo("1.25");
      assertThat(DecimalBounds.wholeNumber(json.get(3))).isNull();
      assertThat(DecimalBounds.wholeNumber(json.get(4))).isEqualTo(-3);
      assertThat(DecimalBounds.wholeNumber(json.get(5))).isEqualTo(9_999_999_999L);
      assertThat(AMOUNT.exact(json.get(5))).isNull();
      assertThat(AMOUNT.exact(json.get(6))).isNull(); // infinity, if read as double
      assertThat(AMOUNT.exact(json.get(7))).isNull();
    }
  }

  @Test
  void json_thatIsNoNumber_isNull() {
    for (JsonNode none :
        List.of(
            MissingNode.getInstance(),
            JsonNodeFactory.instance.nullNode(),
            JsonNodeFactory.instance.objectNode(),
            JsonNodeFactory.instance.booleanNode(true),
            TextNode.valueOf("1"),
            DoubleNode.valueOf(Double.NaN),
            DoubleNode.valueOf(Double.NEGATIVE_INFINITY),
            FloatNode.valueOf(Float.NaN))) {
      assertThat(DecimalBounds.ANY.exact(none)).isNull();
      assertThat(DecimalBounds.ANY.rounded(none)).isNull();
      assertThat(DecimalBounds.wholeNumber(none)).isNull();
    }
    assertThat(DecimalBounds.ANY.exact((JsonNode) null)).isNull();
    assertThat(DecimalBounds.ANY.exact((String) null)).isNull();
    assertThat(DecimalBounds.ANY.exact((BigDecimal) null)).isNull();
  }

  @Test
  void wholeNumber_hasEighteenDigits() {
    assertThat(DecimalBounds.wholeNumber("999999999999999999")).isEqualTo(999_999_999_999_999_999L);
    assertThat(DecimalBounds.wholeNumber("1e17")).isEqualTo(100_000_000_000_000_000L);
    assertThat(DecimalBounds.wholeNumber("1000000000000000000")).isNull();
    assertThat(DecimalBounds.wholeNumber("9223372036854775807")).isNull();
  }

  @Test
  void require_inAnyLocale_namesThingBoundsAndValue() {
    Locale before = Locale.getDefault();
    try {
      Locale.setDefault(Locale.forLanguageTag("ar-EG-u-nu-arab"));
      assertThatIllegalArgumentException()
          .isThrownBy(() -> AMOUNT.require("input price", "12345.5"))
          .withMessage(
              "input price must be a decimal number with at most 4 digits before and 3 behind the"
                  + " point, but was '12345.5'");
    } finally {
      Locale.setDefault(before);
    }
  }

  @Test
  void bounds_thatAreNone_areRefused() {
    assertThatIllegalArgumentException().isThrownBy(() -> new DecimalBounds(-1, 2));
    assertThatIllegalArgumentException().isThrownBy(() -> new DecimalBounds(2, 1_001));
  }
}
