package io.github.usage4j.provider;

import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import org.jspecify.annotations.Nullable;

/**
 * Collects the figures of one answer. A figure that cannot be one (negative, or more than {@link
 * UsageEvent#MAX_TOKENS}) becomes unknown and is remembered as dropped. Not safe for use by several
 * threads.
 */
public final class Figures {

  private @Nullable Long input;
  private @Nullable Long output;
  private @Nullable Long cacheRead;
  private @Nullable Long cacheWrite;
  private @Nullable Long cacheWriteOneHour;
  private @Nullable Long reasoning;
  private @Nullable Long inputAudio;
  private @Nullable Long outputAudio;
  private @Nullable Long cacheReadAudio;
  private @Nullable Long total;
  private boolean dropped;

  /** All input tokens, cached ones included; null if they are not stated. */
  public Figures input(@Nullable Number tokens) {
    input = checked(tokens);
    return this;
  }

  /** Input that is stated apart from what was read from and written to a cache. */
  public Figures inputWithoutCache(@Nullable Number uncached) {
    Long all = checked(uncached);
    input = all == null ? null : checked(plus(plus(all, cacheRead), cacheWrite));
    return this;
  }

  /** All output tokens, reasoning included; null if they are not stated. */
  public Figures output(@Nullable Number tokens) {
    output = checked(tokens);
    return this;
  }

  /** Output that is stated apart from reasoning. */
  public Figures outputWithoutReasoning(@Nullable Number visible) {
    output = checked(plus(checked(visible), reasoning));
    return this;
  }

  /** Takes what a total has beyond input and output as input, such as the results of a search. */
  public Figures totalWithInput(@Nullable Number tokens) {
    Long all = checked(tokens);
    if (input != null && output != null && all != null) {
      input = Math.max(input, all - output);
    }
    return this;
  }

  /** A total of input and output, which may have more than they do: see {@link #unexplained}. */
  public Figures total(@Nullable Number tokens) {
    total = checked(tokens);
    return this;
  }

  /**
   * Takes reasoning as part of output also where it was stated apart from it, as xAI does under
   * OpenAI's names: the total tells, if it is exactly that much more.
   */
  public Figures totalWithReasoning(@Nullable Number tokens) {
    total(tokens);
    if (tokens != null
        && input != null
        && output != null
        && reasoning != null
        && reasoning > 0
        && tokens.longValue() == input + output + reasoning) {
      output += reasoning;
    }
    return this;
  }

  /** Input tokens that were read from a cache; null if they are not stated. */
  public Figures cacheRead(@Nullable Number tokens) {
    cacheRead = checked(tokens);
    return this;
  }

  /** Input tokens that were written to a cache; null if they are not stated. */
  public Figures cacheWrite(@Nullable Number tokens) {
    cacheWrite = checked(tokens);
    return this;
  }

  /** Input tokens that were written to a cache for one hour; null if they are not stated. */
  public Figures cacheWriteOneHour(@Nullable Number tokens) {
    cacheWriteOneHour = checked(tokens);
    return this;
  }

  /** Output tokens that are reasoning; null if they are not stated. */
  public Figures reasoning(@Nullable Number tokens) {
    reasoning = checked(tokens);
    return this;
  }

  /** Input and output tokens that are audio; null where they are not stated. */
  public Figures audio(@Nullable Number in, @Nullable Number out) {
    inputAudio = checked(in);
    outputAudio = checked(out);
    return this;
  }

  /** Audio that was read from a cache: a part of what was, and of the audio. */
  public Figures cacheReadAudio(@Nullable Number tokens) {
    cacheReadAudio = checked(tokens);
    return this;
  }

  /** Takes counts as they are. */
  Figures all(TokenCounts counts) {
    return input(counts.input())
        .output(counts.output())
        .cacheRead(counts.cacheRead())
        .cacheWrite(counts.cacheWrite())
        .cacheWriteOneHour(counts.cacheWriteOneHour())
        .reasoning(counts.reasoning())
        .audio(counts.inputAudio(), counts.outputAudio())
        .cacheReadAudio(counts.cacheReadAudio());
  }

  /** Something was stated that is not a figure. */
  public Figures drop() {
    dropped = true;
    return this;
  }

  /** What the total has beyond input and output, of which nothing says what it is. */
  public long unexplained() {
    Long known = plus(input, output);
    return total == null || known == null ? 0 : Math.max(0, total - known);
  }

  /** Whether something was stated that cannot be a figure. */
  public boolean anyDropped() {
    return dropped;
  }

  /** The figures collected, unknown where none was stated. */
  public TokenCounts counts() {
    return new TokenCounts(
        input,
        output,
        cacheRead,
        cacheWrite,
        cacheWriteOneHour,
        reasoning,
        inputAudio,
        outputAudio,
        cacheReadAudio);
  }

  private @Nullable Long checked(@Nullable Number tokens) {
    if (tokens == null) {
      return null;
    }
    long count = tokens.longValue();
    if (count < 0 || count > UsageEvent.MAX_TOKENS) {
      dropped = true;
      return null;
    }
    return count;
  }

  private static @Nullable Long plus(@Nullable Long a, @Nullable Long b) {
    if (a == null) {
      return b;
    }
    return b == null ? a : Long.valueOf(a + b);
  }
}
