package io.github.usage4j;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How many tokens one model call used, with one meaning for all providers. {@code null} means the
 * provider did not say; it is never the same as 0.
 *
 * <p>A provider's figures may contradict each other (more cached tokens than input). They are kept
 * here as stated; {@link #consistent()} gives what is counted.
 *
 * @param input all input tokens, cache reads and cache writes included
 * @param output all output tokens, reasoning included
 * @param cacheRead the part of {@code input} that was read from a prompt cache
 * @param cacheWrite the part of {@code input} that was written to a prompt cache, for any time
 * @param cacheWriteOneHour the part of {@code cacheWrite} that was written for one hour
 * @param reasoning the part of {@code output} that is hidden reasoning
 * @param inputAudio the part of {@code input} that is audio
 * @param outputAudio the part of {@code output} that is audio
 * @param cacheReadAudio the part of {@code cacheRead} that is audio, and so of {@code inputAudio}
 * @see <a href="https://opentelemetry.io/docs/specs/semconv/gen-ai/">gen_ai.usage.* in
 *     OpenTelemetry, whose input_tokens includes cached tokens too</a>
 */
public record TokenCounts(
    @Nullable Long input,
    @Nullable Long output,
    @Nullable Long cacheRead,
    @Nullable Long cacheWrite,
    @Nullable Long cacheWriteOneHour,
    @Nullable Long reasoning,
    @Nullable Long inputAudio,
    @Nullable Long outputAudio,
    @Nullable Long cacheReadAudio) {

  /** Nothing is known. */
  public static final TokenCounts UNKNOWN =
      new TokenCounts(null, null, null, null, null, null, null, null, null);

  /**
   * @throws IllegalArgumentException if a count is negative
   */
  public TokenCounts {
    check("input", input);
    check("output", output);
    check("cacheRead", cacheRead);
    check("cacheWrite", cacheWrite);
    check("cacheWriteOneHour", cacheWriteOneHour);
    check("reasoning", reasoning);
    check("inputAudio", inputAudio);
    check("outputAudio", outputAudio);
    check("cacheReadAudio", cacheReadAudio);
  }

  /** All input and all output tokens of a call, nothing else known. */
  public static TokenCounts of(long input, long output) {
    return new TokenCounts(input, output, null, null, null, null, null, null, null);
  }

  /** A call that has input only, such as an embedding. */
  public static TokenCounts input(long input) {
    return new TokenCounts(input, null, null, null, null, null, null, null, null);
  }

  /** The same counts with {@code n} of the input tokens read from a cache. */
  public TokenCounts cacheRead(long n) {
    return new TokenCounts(
        input,
        output,
        n,
        cacheWrite,
        cacheWriteOneHour,
        reasoning,
        inputAudio,
        outputAudio,
        cacheReadAudio);
  }

  /** The same counts with {@code n} of the input tokens written to a cache. */
  public TokenCounts cacheWrite(long n) {
    return new TokenCounts(
        input,
        output,
        cacheRead,
        n,
        cacheWriteOneHour,
        reasoning,
        inputAudio,
        outputAudio,
        cacheReadAudio);
  }

  /** The same counts with {@code n} of the cache writes kept for one hour. */
  public TokenCounts cacheWriteOneHour(long n) {
    return new TokenCounts(
        input,
        output,
        cacheRead,
        cacheWrite,
        n,
        reasoning,
        inputAudio,
        outputAudio,
        cacheReadAudio);
  }

  /** The same counts with {@code n} of the output tokens being reasoning. */
  public TokenCounts reasoning(long n) {
    return new TokenCounts(
        input,
        output,
        cacheRead,
        cacheWrite,
        cacheWriteOneHour,
        n,
        inputAudio,
        outputAudio,
        cacheReadAudio);
  }

  /** The same counts with {@code in} of the input and {@code out} of the output being audio. */
  public TokenCounts audio(long in, long out) {
    return new TokenCounts(
        input,
        output,
        cacheRead,
        cacheWrite,
        cacheWriteOneHour,
        reasoning,
        in,
        out,
        cacheReadAudio);
  }

  /** The same counts with {@code n} of the tokens read from a cache being audio. */
  public TokenCounts cacheReadAudio(long n) {
    return new TokenCounts(
        input,
        output,
        cacheRead,
        cacheWrite,
        cacheWriteOneHour,
        reasoning,
        inputAudio,
        outputAudio,
        n);
  }

  /** Input plus output, where an unknown one counts nothing; null if both are unknown. */
  public @Nullable Long total() {
    return add(input, output);
  }

  /** True if the provider stated none of the counts. */
  public boolean isUnknown() {
    return equals(UNKNOWN);
  }

  /**
   * These counts with every part cut to what it is a part of, so that {@code cacheRead + cacheWrite
   * <= input}, {@code cacheWriteOneHour <= cacheWrite}, {@code reasoning <= output} and the audio
   * parts fit too: {@code cacheReadAudio} into the cache reads and into the audio, the rest of the
   * audio into the rest of the input. A part of something unknown stays. Returns this object if
   * nothing contradicts.
   */
  public TokenCounts consistent() {
    Long read = atMost(cacheRead, input);
    Long leftForWrites = input == null || read == null ? input : Long.valueOf(input - read);
    // Writes for one hour are cache writes, even where nothing else is said of those.
    Long stated = cacheWrite == null ? cacheWriteOneHour : cacheWrite;
    Long write = atMost(stated, leftForWrites);
    Long cachedAudio = atMost(atMost(cacheReadAudio, read), atMost(inputAudio, input));
    Long audio = atMost(atMost(inputAudio, input), mostAudio(read, cachedAudio));
    boolean fits =
        fits(cacheRead, input)
            && Objects.equals(write, cacheWrite)
            && fits(cacheWriteOneHour, write)
            && fits(reasoning, output)
            && Objects.equals(audio, inputAudio)
            && Objects.equals(cachedAudio, cacheReadAudio)
            && fits(outputAudio, output);
    return fits
        ? this
        : new TokenCounts(
            input,
            output,
            read,
            write,
            atMost(cacheWriteOneHour, write),
            atMost(reasoning, output),
            audio,
            atMost(outputAudio, output),
            cachedAudio);
  }

  /** The audio that was read from the cache and all that was not; null if that is not known. */
  private @Nullable Long mostAudio(@Nullable Long read, @Nullable Long cachedAudio) {
    return input == null || read == null || cachedAudio == null
        ? null
        : Long.valueOf(cachedAudio + input - read);
  }

  /**
   * Both added up, count by count. What only one of them knows is taken from it; what neither knows
   * stays unknown.
   *
   * @throws ArithmeticException if a sum does not fit into a {@code long}
   */
  public TokenCounts plus(TokenCounts other) {
    return new TokenCounts(
        add(input, other.input),
        add(output, other.output),
        add(cacheRead, other.cacheRead),
        add(cacheWrite, other.cacheWrite),
        add(cacheWriteOneHour, other.cacheWriteOneHour),
        add(reasoning, other.reasoning),
        add(inputAudio, other.inputAudio),
        add(outputAudio, other.outputAudio),
        add(cacheReadAudio, other.cacheReadAudio));
  }

  private static @Nullable Long add(@Nullable Long a, @Nullable Long b) {
    if (a == null) {
      return b;
    }
    return b == null ? a : Long.valueOf(Math.addExact(a, b));
  }

  private static @Nullable Long atMost(@Nullable Long part, @Nullable Long whole) {
    return fits(part, whole) ? part : whole;
  }

  private static boolean fits(@Nullable Long part, @Nullable Long whole) {
    return part == null || whole == null || part <= whole;
  }

  private static void check(String name, @Nullable Long count) {
    if (count != null && count < 0) {
      throw new IllegalArgumentException(name + " tokens must not be negative, but were " + count);
    }
  }
}
