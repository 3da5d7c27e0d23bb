package io.github.usage4j.jdbc;

import io.github.usage4j.TokenCounts;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The counts of {@link TokenCounts}, each as a column of the events and of the rollups. There is no
 * other list of them: what is not in this one is stored nowhere.
 */
enum TokenColumn {
  INPUT("input_tokens", "input"),
  OUTPUT("output_tokens", "output"),
  CACHE_READ("cache_read_tokens", "cacheRead"),
  CACHE_WRITE("cache_write_tokens", "cacheWrite"),
  CACHE_WRITE_ONE_HOUR("cache_write_one_hour_tokens", "cacheWriteOneHour"),
  REASONING("reasoning_tokens", "reasoning"),
  INPUT_AUDIO("input_audio_tokens", "inputAudio"),
  OUTPUT_AUDIO("output_audio_tokens", "outputAudio"),
  CACHE_READ_AUDIO("cache_read_audio_tokens", "cacheReadAudio");

  /** In every table. */
  final String column;

  /** In JSON: the name of the component. */
  final String json;

  TokenColumn(String column, String json) {
    this.column = column;
    this.json = json;
  }

  /** The count; null is NULL. */
  @Nullable Long of(TokenCounts tokens) {
    return switch (this) {
      case INPUT -> tokens.input();
      case OUTPUT -> tokens.output();
      case CACHE_READ -> tokens.cacheRead();
      case CACHE_WRITE -> tokens.cacheWrite();
      case CACHE_WRITE_ONE_HOUR -> tokens.cacheWriteOneHour();
      case REASONING -> tokens.reasoning();
      case INPUT_AUDIO -> tokens.inputAudio();
      case OUTPUT_AUDIO -> tokens.outputAudio();
      case CACHE_READ_AUDIO -> tokens.cacheReadAudio();
    };
  }

  static Stream<TokenColumn> all() {
    return Stream.of(values());
  }

  /**
   * The names of all in an expression, with a comma between them.
   *
   * @param alias of the table
   */
  static String names(String alias) {
    return all().map(one -> alias + "." + one.column).collect(Collectors.joining(", "));
  }

  /** Where counts are read from. */
  interface Source<E extends Exception> {
    @Nullable Long count(TokenColumn column) throws E;
  }

  /** The counts that the source has. */
  static <E extends Exception> TokenCounts read(Source<E> source) throws E {
    return new TokenCounts(
        source.count(INPUT),
        source.count(OUTPUT),
        source.count(CACHE_READ),
        source.count(CACHE_WRITE),
        source.count(CACHE_WRITE_ONE_HOUR),
        source.count(REASONING),
        source.count(INPUT_AUDIO),
        source.count(OUTPUT_AUDIO),
        source.count(CACHE_READ_AUDIO));
  }
}
