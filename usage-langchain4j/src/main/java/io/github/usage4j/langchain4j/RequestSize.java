package io.github.usage4j.langchain4j;

import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import io.github.usage4j.track.CallSize;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * How much a request will use, for limits: the estimated tokens of its messages, and the output
 * that it asks for at most. Images, sound and the descriptions of tools are not counted.
 */
record RequestSize(
    Settings settings,
    List<ChatMessage> messages,
    @Nullable Supplier<ChatRequestParameters> defaults,
    @Nullable ChatRequest request)
    implements CallSize {

  /** Of a call of which nothing is known beforehand. */
  static RequestSize unknown(Settings settings) {
    return new RequestSize(settings, List.of(), null, null);
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
    Integer most = settings.quietly(this::mostOutput);
    return most == null || most < 0 ? null : Long.valueOf(most);
  }

  /** As the delegate will merge it. */
  private @Nullable Integer mostOutput() {
    Integer asked = request == null ? null : request.maxOutputTokens();
    if (asked != null || defaults == null) {
      return asked;
    }
    ChatRequestParameters parameters = defaults.get();
    return parameters == null ? null : parameters.maxOutputTokens();
  }
}
