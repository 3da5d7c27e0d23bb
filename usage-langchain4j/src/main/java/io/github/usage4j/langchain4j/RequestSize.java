package io.github.usage4j.langchain4j;

import dev.langchain4j.data.message.ChatMessage;
import io.github.usage4j.track.CallSize;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * How much a request will use, for limits: the estimated tokens of its messages, and the output
 * that it asks for at most. Images, sound and the descriptions of tools are not counted.
 */
record RequestSize(
    Settings settings, List<ChatMessage> messages, Supplier<@Nullable Integer> mostOutput)
    implements CallSize {

  /** Of a call of which nothing is known beforehand. */
  static RequestSize unknown(Settings settings) {
    return new RequestSize(settings, List.of(), () -> null);
  }

  @Override
  public long input() {
    return new Estimate(settings).input(messages);
  }

  /** No text has more tokens than bytes. */
  @Override
  public long inputAtMost() {
    return Math.max(Estimate.bytesOf(messages), input());
  }

  @Override
  public @Nullable Long outputAtMost() {
    Integer most = settings.quietly(mostOutput);
    return most == null || most < 0 ? null : Long.valueOf(most);
  }
}
