package io.github.usage4j.pricing;

import java.util.Set;

/**
 * The units of genai-prices ({@code prices/units.yml}): which of them a price here has, and what
 * becomes of the others. See docs/pricing.md, "Units of genai-prices".
 */
final class GenaiUnits {

  private static final int PER_THOUSAND = -3;
  private static final int PER_MILLION = -6;
  private static final int HOUR = 3600;

  /**
   * Parts of the input that usage does not tell apart: they cost what other input does, or other
   * input from a cache.
   */
  private static final Set<String> IN_INPUT =
      Set.of(
          "input_image_mtok",
          "input_video_mtok",
          "input_tool_mtok",
          "cache_image_read_mtok",
          "cache_video_read_mtok",
          "cache_text_read_mtok");

  /**
   * Parts of the output that usage does not tell apart, of models that write little else: charged
   * as text they would cost a tenth, so output of such a model has no price.
   */
  private static final Set<String> IN_OUTPUT = Set.of("output_image_mtok", "output_video_mtok");

  private GenaiUnits() {}

  /** True if the price of this unit can be said or left out knowingly. */
  static boolean isKnown(String unit) {
    return IN_INPUT.contains(unit) || IN_OUTPUT.contains(unit) || CHARGED.contains(unit);
  }

  private static final Set<String> CHARGED =
      Set.of(
          "input_mtok",
          "input_text_mtok",
          "output_mtok",
          "output_text_mtok",
          "cache_read_mtok",
          "cache_write_mtok",
          "cache_write_5m_mtok",
          "cache_write_1h_mtok",
          "input_audio_mtok",
          "output_audio_mtok",
          "cache_audio_read_mtok",
          "output_reasoning_mtok",
          "output_citation_mtok",
          "requests_kcount",
          "rerank_searches_kcount",
          "web_searches_kcount",
          "storage_searches_kcount",
          "input_text_messages_kcount",
          "input_mchars",
          "input_document_kpages",
          "input_annotated_document_kpages",
          "audio_hours",
          "input_audio_hours");

  /**
   * The price with an amount of the file.
   *
   * @param beside all units that have a price
   */
  static ModelPrice set(ModelPrice price, String unit, JsonAt json, Set<String> beside) {
    return switch (unit) {
      case "input_mtok" -> price.input(perMillion(json));
      case "input_text_mtok" ->
          beside.contains("input_mtok") ? price : price.input(perMillion(json));
      case "output_mtok" -> isMostlyOther(beside) ? price : price.output(perMillion(json));
      case "output_text_mtok" ->
          beside.contains("output_mtok") || isMostlyOther(beside)
              ? price
              : price.output(perMillion(json));
      case "cache_read_mtok" -> price.cacheRead(perMillion(json));
      case "cache_write_mtok" ->
          beside.contains("cache_write_5m_mtok") ? price : price.cacheWrite(perMillion(json));
      case "cache_write_5m_mtok" -> price.cacheWrite(perMillion(json));
      case "cache_write_1h_mtok" -> price.cacheWriteOneHour(perMillion(json));
      case "input_audio_mtok" -> price.inputAudio(perMillion(json));
      case "output_audio_mtok" -> price.outputAudio(perMillion(json));
      case "cache_audio_read_mtok" -> price.cacheReadAudio(perMillion(json));
      case "output_reasoning_mtok" -> price.reasoning(perMillion(json));
      case "output_citation_mtok" -> each(price, "citation_tokens", json, PER_MILLION);
      case "requests_kcount" -> price.perCall(PublicAmounts.shifted(json, PER_THOUSAND));
      case "rerank_searches_kcount" -> each(price, "searches", json, PER_THOUSAND);
      case "web_searches_kcount" -> each(price, "web_searches", json, PER_THOUSAND);
      case "storage_searches_kcount" -> each(price, "file_searches", json, PER_THOUSAND);
      case "input_text_messages_kcount" -> each(price, "text_messages", json, PER_THOUSAND);
      case "input_mchars" -> each(price, "characters", json, PER_MILLION);
      case "input_document_kpages" -> each(price, "pages", json, PER_THOUSAND);
      case "input_annotated_document_kpages" -> each(price, "annotated_pages", json, PER_THOUSAND);
      case "audio_hours", "input_audio_hours" ->
          price.perUnit("seconds", PublicAmounts.shifted(json, 0), HOUR);
      default -> price;
    };
  }

  private static boolean isMostlyOther(Set<String> beside) {
    return beside.stream().anyMatch(IN_OUTPUT::contains);
  }

  private static ModelPrice each(ModelPrice price, String unit, JsonAt json, int digits) {
    return price.perUnit(unit, PublicAmounts.shifted(json, digits));
  }

  private static String perMillion(JsonAt json) {
    return PublicAmounts.shifted(json, 0);
  }
}
