package io.github.usage4j.langchain4j;

import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.CompleteToolCall;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialResponseContext;
import dev.langchain4j.model.chat.response.PartialThinking;
import dev.langchain4j.model.chat.response.PartialThinkingContext;
import dev.langchain4j.model.chat.response.PartialToolCall;
import dev.langchain4j.model.chat.response.PartialToolCallContext;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.chat.response.StreamingHandle;
import org.jspecify.annotations.Nullable;

/**
 * Hands every callback to the host's handler, overload to overload, as part of the call's
 * operation, and ends the call. It is recorded before the host learns of its end, because the next
 * step starts in there. What the handler throws goes to the client as it is.
 */
final class TrackedHandler implements StreamingChatResponseHandler {

  private final StreamingChatResponseHandler handler;
  private final StreamEnd stream;
  private volatile @Nullable TrackedHandle lastHandle;

  TrackedHandler(StreamingChatResponseHandler handler, StreamEnd stream) {
    this.handler = handler;
    this.stream = stream;
  }

  @Override
  public void onPartialResponse(String partialResponse) {
    stream.piece(partialResponse, () -> handler.onPartialResponse(partialResponse));
  }

  @Override
  public void onPartialResponse(PartialResponse partialResponse, PartialResponseContext context) {
    var tracked =
        context == null ? context : new PartialResponseContext(track(context.streamingHandle()));
    stream.piece(
        partialResponse == null ? null : partialResponse.text(),
        () -> handler.onPartialResponse(partialResponse, tracked));
  }

  @Override
  public void onPartialThinking(PartialThinking partialThinking) {
    stream.piece(
        partialThinking == null ? null : partialThinking.text(),
        () -> handler.onPartialThinking(partialThinking));
  }

  @Override
  public void onPartialThinking(PartialThinking partialThinking, PartialThinkingContext context) {
    var tracked =
        context == null ? context : new PartialThinkingContext(track(context.streamingHandle()));
    stream.piece(
        partialThinking == null ? null : partialThinking.text(),
        () -> handler.onPartialThinking(partialThinking, tracked));
  }

  @Override
  public void onPartialToolCall(PartialToolCall partialToolCall) {
    stream.piece(
        partialToolCall == null ? null : partialToolCall.partialArguments(),
        () -> handler.onPartialToolCall(partialToolCall));
  }

  @Override
  public void onPartialToolCall(PartialToolCall partialToolCall, PartialToolCallContext context) {
    var tracked =
        context == null ? context : new PartialToolCallContext(track(context.streamingHandle()));
    stream.piece(
        partialToolCall == null ? null : partialToolCall.partialArguments(),
        () -> handler.onPartialToolCall(partialToolCall, tracked));
  }

  @Override
  public void onCompleteToolCall(CompleteToolCall completeToolCall) {
    stream.piece(null, () -> handler.onCompleteToolCall(completeToolCall));
  }

  @Override
  public void onUnmappedRawEvent(Object rawEvent) {
    stream.heard();
    stream.within(() -> handler.onUnmappedRawEvent(rawEvent));
  }

  @Override
  public void onCompleteResponse(ChatResponse completeResponse) {
    stream.completed(completeResponse);
    stream.within(() -> handler.onCompleteResponse(completeResponse));
  }

  @Override
  public void onError(Throwable error) {
    stream.failed(error);
    stream.within(() -> handler.onError(error));
  }

  /** The same handle for the same one of the client's. */
  private StreamingHandle track(StreamingHandle handle) {
    TrackedHandle known = lastHandle;
    if (known == null || known.handle != handle) {
      known = new TrackedHandle(handle, stream);
      lastHandle = known;
    }
    return known;
  }

  private static final class TrackedHandle implements StreamingHandle {

    private final StreamingHandle handle;
    private final StreamEnd stream;

    TrackedHandle(StreamingHandle handle, StreamEnd stream) {
      this.handle = handle;
      this.stream = stream;
    }

    @Override
    public void cancel() {
      handle.cancel();
      stream.cancelled();
    }

    @Override
    public boolean isCancelled() {
      return handle.isCancelled();
    }
  }
}
