package io.github.usage4j.examples.replay;

import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Plays the exchanges of a file one after the other, each by one call of a model. */
final class StepPlayer {
  static final String PROMPT = "Play what was recorded.";

  private final Recorder recorder;
  private final Capture capture;

  StepPlayer(Recorder recorder, Capture capture) {
    this.recorder = recorder;
    this.capture = capture;
  }

  Played play(ExchangeFile file, ReplayServer server) {
    List<Played.Step> steps = new ArrayList<>();
    for (ExchangeStep step : file.steps()) {
      ProviderClient client = ProviderClients.find(file.provider(), step.api());
      if (client instanceof ProviderClient.Playable playable) {
        server.load(List.of(step));
        steps.add(new Played.Called(call(playable, file.provider(), step, server.baseUrl())));
      } else {
        steps.add(notCalled(client));
      }
    }
    return new Played(steps, server.unexpected());
  }

  /** What becomes of a step that no client plays. */
  static Played.Step notCalled(ProviderClient client) {
    if (client instanceof ProviderClient.Skipped skipped) {
      return new Played.NotCalled(skipped.reason(), skipped.detail());
    }
    if (client instanceof ProviderClient.Unknown unknown) {
      return new Played.Failed(unknown.detail());
    }
    throw new IllegalStateException("a client plays it: " + client);
  }

  private @Nullable Throwable call(
      ProviderClient.Playable client, String provider, ExchangeStep step, String baseUrl) {
    try (var target = new ProviderClient.Target(baseUrl, step.requestedModel(), capture)) {
      if (client instanceof ProviderClient.Embeddings embeddings) {
        recorder
            .wrap(provider, embeddings.model(target))
            .embedAll(List.of(TextSegment.from(PROMPT)));
        return null;
      }
      if (client instanceof ProviderClient.Rerank rerank) {
        recorder
            .wrap(provider, rerank.model(target))
            .scoreAll(List.of(TextSegment.from(PROMPT)), PROMPT);
        return null;
      }
      if (client instanceof ProviderClient.Completions completions) {
        if (step.streaming()) {
          StreamEnd end = new StreamEnd();
          recorder
              .wrap(provider, completions.streaming(target))
              .generate(PROMPT, end.textHandler());
          return end.await();
        }
        recorder.wrap(provider, completions.blocking(target)).generate(PROMPT);
        return null;
      }
      ProviderClient.Chat chat = (ProviderClient.Chat) client;
      ChatRequest request = ChatRequest.builder().messages(UserMessage.from(PROMPT)).build();
      if (step.streaming()) {
        return stream(recorder.wrap(provider, chat.streaming(target)), request);
      }
      recorder.wrap(provider, chat.blocking(target)).chat(request);
      return null;
    } catch (RuntimeException e) {
      return e;
    }
  }

  private static @Nullable Throwable stream(StreamingChatModel model, ChatRequest request) {
    StreamEnd end = new StreamEnd();
    model.chat(request, end.handler());
    return end.await();
  }
}
