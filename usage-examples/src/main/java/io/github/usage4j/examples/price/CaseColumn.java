package io.github.usage4j.examples.price;

import static java.util.Map.entry;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The columns of a file of cases. Some have other names as well. */
enum CaseColumn {
  CASE("case"),
  PROVIDER("provider"),
  MODEL("model"),
  AT("at"),
  INPUT("input"),
  OUTPUT("output"),
  CACHE_READ("cache_read"),
  CACHE_WRITE("cache_write"),
  CACHE_WRITE_ONE_HOUR("cache_write_one_hour"),
  REASONING("reasoning"),
  INPUT_AUDIO("input_audio"),
  OUTPUT_AUDIO("output_audio"),
  CACHE_READ_AUDIO("cache_read_audio"),
  TOTAL("total"),
  SERVICE_TIER("service_tier"),
  CONDITIONS("conditions"),
  UNITS("units"),
  EXPECTED("expected_usd"),
  CURRENCY("currency"),
  ROW_FROM("row_effective_from"),
  TIER_APPLIED("tier_applied"),
  NOTE("note");

  /** Those that a file must have; a cell of the counts may be blank, which is unknown. */
  static final List<CaseColumn> REQUIRED = List.of(PROVIDER, MODEL, AT, INPUT, OUTPUT, EXPECTED);

  private static final Map<String, CaseColumn> OTHER_NAMES =
      Map.ofEntries(
          entry("model_id", MODEL),
          entry("at_utc", AT),
          entry("input_tokens", INPUT),
          entry("output_tokens", OUTPUT),
          entry("cache_read_tokens", CACHE_READ),
          entry("cached_input_tokens", CACHE_READ),
          entry("cache_write_tokens", CACHE_WRITE),
          entry("cache_write_one_hour_tokens", CACHE_WRITE_ONE_HOUR),
          entry("cache_write_1h", CACHE_WRITE_ONE_HOUR),
          entry("cache_write_1h_tokens", CACHE_WRITE_ONE_HOUR),
          entry("reasoning_tokens", REASONING),
          entry("input_audio_tokens", INPUT_AUDIO),
          entry("output_audio_tokens", OUTPUT_AUDIO),
          entry("cache_read_audio_tokens", CACHE_READ_AUDIO),
          entry("total_tokens", TOTAL),
          entry("expected_cost", EXPECTED),
          entry("why", NOTE),
          entry("comment", NOTE));

  final String title;

  CaseColumn(String title) {
    this.title = title;
  }

  /** The column of a name; empty if it is none. */
  static Optional<CaseColumn> named(String name) {
    return Stream.of(values())
        .filter(column -> column.title.equals(name))
        .findFirst()
        .or(() -> Optional.ofNullable(OTHER_NAMES.get(name)));
  }

  /** The titles of these, for messages. */
  static String titles(List<CaseColumn> columns) {
    return columns.stream().map(column -> column.title).collect(Collectors.joining(", "));
  }
}
