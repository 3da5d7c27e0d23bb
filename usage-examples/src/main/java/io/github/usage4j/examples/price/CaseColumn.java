package io.github.usage4j.examples.price;

import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The columns of a file of cases, each under one of several names. */
enum CaseColumn {
  CASE("case"),
  PROVIDER("provider"),
  MODEL("model", "model_id"),
  AT("at", "at_utc"),
  INPUT("input", "input_tokens"),
  OUTPUT("output", "output_tokens"),
  CACHE_READ("cache_read", "cache_read_tokens", "cached_input_tokens"),
  CACHE_WRITE("cache_write", "cache_write_tokens"),
  CACHE_WRITE_ONE_HOUR(
      "cache_write_one_hour",
      "cache_write_one_hour_tokens",
      "cache_write_1h",
      "cache_write_1h_tokens"),
  REASONING("reasoning", "reasoning_tokens"),
  INPUT_AUDIO("input_audio", "input_audio_tokens"),
  OUTPUT_AUDIO("output_audio", "output_audio_tokens"),
  CACHE_READ_AUDIO("cache_read_audio", "cache_read_audio_tokens"),
  TOTAL("total", "total_tokens"),
  SERVICE_TIER("service_tier"),
  CONDITIONS("conditions"),
  UNITS("units"),
  EXPECTED("expected_usd", "expected_cost"),
  CURRENCY("currency"),
  ROW_FROM("row_effective_from"),
  TIER_APPLIED("tier_applied"),
  NOTE("note", "why", "comment");

  /** Those that a file must have; a cell of the counts may be blank, which is unknown. */
  static final List<CaseColumn> REQUIRED = List.of(PROVIDER, MODEL, AT, INPUT, OUTPUT, EXPECTED);

  final String title;

  @SuppressWarnings("ImmutableEnumChecker") // a list that nothing changes
  private final List<String> names;

  CaseColumn(String title, String... otherNames) {
    this.title = title;
    this.names = List.of(otherNames);
  }

  /** The column of a name; empty if it is none. */
  static Optional<CaseColumn> named(String name) {
    return Stream.of(values()).filter(column -> column.names().anyMatch(name::equals)).findFirst();
  }

  private Stream<String> names() {
    return Stream.concat(Stream.of(title), names.stream());
  }

  /** The titles of these, for messages. */
  static String titles(List<CaseColumn> columns) {
    return columns.stream().map(column -> column.title).collect(Collectors.joining(", "));
  }
}
