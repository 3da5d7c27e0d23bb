package io.github.usage4j.langchain4j;

import static io.github.usage4j.langchain4j.LoopbackOpenAi.events;
import static io.github.usage4j.langchain4j.LoopbackOpenAi.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.data.audio.Audio;
import dev.langchain4j.model.StreamingResponseHandler;
import dev.langchain4j.model.audio.AudioTranscriptionModel;
import dev.langchain4j.model.audio.TextToSpeechModel;
import dev.langchain4j.model.googleai.GoogleAiGeminiImageModel;
import dev.langchain4j.model.image.ImageModel;
import dev.langchain4j.model.language.LanguageModel;
import dev.langchain4j.model.language.StreamingLanguageModel;
import dev.langchain4j.model.mistralai.MistralAiModerationModel;
import dev.langchain4j.model.moderation.ModerationModel;
import dev.langchain4j.model.openai.OpenAiAudioTranscriptionModel;
import dev.langchain4j.model.openai.OpenAiImageModel;
import dev.langchain4j.model.openai.OpenAiLanguageModel;
import dev.langchain4j.model.openai.OpenAiModerationModel;
import dev.langchain4j.model.openai.OpenAiStreamingLanguageModel;
import dev.langchain4j.model.openai.OpenAiTextToSpeechModel;
import dev.langchain4j.model.output.Response;
import io.github.usage4j.UsageEvent.Outcome;
import io.github.usage4j.UsageEvent.Quality;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** LangChain4j's own clients of the other kinds, over HTTP. */
@Timeout(120)
class OtherKindsClientsTest {

  private final Ledger ledger = new Ledger();
  private final TrackedModels models = TrackedModels.with(ledger.tracker);

  private void assertRecorded(String provider, String model) {
    assertThat(ledger.only().provider()).isEqualTo(provider);
    assertThat(ledger.only().model()).isEqualTo(model);
    assertThat(ledger.anomalies).hasValue(0);
  }

  @Test
  void openAiImages_areCounted() {
    String body =
        "{\"created\":1,\"data\":[{\"url\":\"http://127.0.0.1/a\"},{\"url\":\"http://127.0.0.1/b\"}]}";
    try (var server = new LoopbackOpenAi(json(200, body))) {
      ImageModel model =
          OpenAiImageModel.builder()
              .baseUrl(server.url())
              .apiKey("none")
              .modelName("gpt-image-1")
              .build();
      assertThat(models.wrap(model).generate("cats", 2).content()).hasSize(2);
    }
    assertRecorded("openai", "gpt-image-1");
    assertThat(ledger.only().units().get("images")).isEqualByComparingTo("2");
    assertThat(ledger.only().unpriced()).isTrue();
  }

  @Test
  void geminiImage_hasTokensToo() {
    String body =
        "{\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"inlineData\":"
            + "{\"mimeType\":\"image/png\",\"data\":\"AAAA\"}}]},\"finishReason\":\"STOP\"}],"
            + "\"usageMetadata\":{\"promptTokenCount\":8,\"candidatesTokenCount\":1290,"
            + "\"totalTokenCount\":1298}}";
    try (var server = new LoopbackOpenAi(json(200, body))) {
      ImageModel model =
          GoogleAiGeminiImageModel.builder()
              .baseUrl(server.url())
              .apiKey("none")
              .modelName("gemini-image")
              .build();
      models.model("gemini-image").wrap(model).generate("a cat");
    }
    assertRecorded("gcp.gemini", "gemini-image");
    assertThat(ledger.figures()).containsExactly("8/1290");
    assertThat(ledger.only().units().get("images")).isEqualByComparingTo("1");
  }

  @Test
  void openAiModeration_isRecordedWithoutTokens() {
    String body =
        "{\"id\":\"m\",\"model\":\"omni-moderation\",\"results\":[{\"flagged\":true,"
            + "\"categories\":{},\"category_scores\":{}}]}";
    try (var server = new LoopbackOpenAi(json(200, body))) {
      ModerationModel model =
          OpenAiModerationModel.builder()
              .baseUrl(server.url())
              .apiKey("none")
              .modelName("omni-moderation")
              .build();
      assertThat(models.wrap(model).moderate("text").content().flagged()).isTrue();
    }
    assertRecorded("openai", "omni-moderation");
    assertThat(ledger.only().quality()).isEqualTo(Quality.MISSING);
  }

  @Test
  void mistralModeration_isRecordedWithoutTokens() {
    String body =
        "{\"id\":\"m\",\"model\":\"mistral-moderation\",\"results\":[{\"categories\":{}}]}";
    try (var server = new LoopbackOpenAi(json(200, body))) {
      ModerationModel model =
          new MistralAiModerationModel.Builder()
              .baseUrl(server.url())
              .apiKey("none")
              .modelName("mistral-moderation")
              .build();
      assertThat(models.wrap(model).moderate("text").content().flagged()).isFalse();
    }
    assertRecorded("mistral_ai", "mistral-moderation");
  }

  @Test
  void openAiCompletion_isRecorded() {
    String body =
        "{\"id\":\"c\",\"model\":\"instruct\",\"choices\":[{\"index\":0,\"text\":\"hello\","
            + "\"finish_reason\":\"stop\"}],"
            + LoopbackOpenAi.USAGE
            + "}";
    try (var server = new LoopbackOpenAi(json(200, body))) {
      LanguageModel model =
          OpenAiLanguageModel.builder()
              .baseUrl(server.url())
              .apiKey("none")
              .modelName("instruct")
              .build();
      assertThat(models.wrap(model).generate("prompt").content()).isEqualTo("hello");
    }
    assertRecorded("openai", "instruct");
    assertThat(ledger.figures()).containsExactly("150/20");
    assertThat(ledger.only().tokens().cacheRead()).isEqualTo(90);
    assertThat(ledger.only().finishReason()).isEqualTo("stop");
  }

  @Test
  void openAiCompletionStream_isRecorded() throws Exception {
    String piece =
        "{\"id\":\"c\",\"model\":\"instruct\",\"choices\":[{\"index\":0,\"text\":\"a\"}]}";
    String usage =
        "{\"id\":\"c\",\"model\":\"instruct\",\"choices\":[]," + LoopbackOpenAi.USAGE + "}";
    try (var server = new LoopbackOpenAi(events(piece, usage, "[DONE]"))) {
      StreamingLanguageModel model =
          OpenAiStreamingLanguageModel.builder()
              .baseUrl(server.url())
              .apiKey("none")
              .modelName("instruct")
              .build();
      assertThat(stream(models.wrap(model)).content()).isEqualTo("a");
    }
    assertRecorded("openai", "instruct");
    assertThat(ledger.figures()).containsExactly("150/20");
    assertThat(ledger.only().timeToFirstToken()).isNotNull();
  }

  @Test
  void openAiCompletionStream_refused_isOneErrorAtOnce() {
    try (var server = new LoopbackOpenAi(json(400, "{\"error\":{\"message\":\"no\"}}"))) {
      StreamingLanguageModel model =
          OpenAiStreamingLanguageModel.builder()
              .baseUrl(server.url())
              .apiKey("none")
              .modelName("instruct")
              .build();
      assertThatThrownBy(() -> stream(models.wrap(model)));
    }
    assertThat(ledger.only().outcome()).isEqualTo(Outcome.ERROR);
  }

  private static Response<String> stream(StreamingLanguageModel model) throws Exception {
    var end = new CompletableFuture<Response<String>>();
    model.generate(
        "prompt",
        new StreamingResponseHandler<>() {
          @Override
          public void onNext(String token) {}

          @Override
          public void onComplete(Response<String> response) {
            end.complete(response);
          }

          @Override
          public void onError(Throwable error) {
            end.completeExceptionally(error);
          }
        });
    return end.get(60, TimeUnit.SECONDS);
  }

  @Test
  void openAiTranscription_isRecorded() {
    try (var server = new LoopbackOpenAi(json(200, "{\"text\":\"hello\"}"))) {
      AudioTranscriptionModel model =
          OpenAiAudioTranscriptionModel.builder()
              .baseUrl(server.url())
              .apiKey("none")
              .modelName("whisper-1")
              .build();
      Audio audio = Audio.builder().binaryData(new byte[] {1, 2}).mimeType("audio/mp3").build();
      assertThat(models.model("whisper-1").wrap(model).transcribeToText(audio)).isEqualTo("hello");
    }
    assertRecorded("openai", "whisper-1");
  }

  @Test
  void openAiSpeech_isRecorded() {
    LoopbackOpenAi.Reply audio =
        exchange -> {
          exchange.getResponseHeaders().set("content-type", "audio/mpeg");
          exchange.sendResponseHeaders(200, 3);
          exchange.getResponseBody().write(new byte[] {1, 2, 3});
        };
    try (var server = new LoopbackOpenAi(audio)) {
      TextToSpeechModel model =
          OpenAiTextToSpeechModel.builder()
              .baseUrl(server.url())
              .apiKey("none")
              .modelName("tts-1")
              .voice("alloy")
              .build();
      models.model("tts-1").wrap(model).synthesize("hello");
    }
    assertRecorded("openai", "tts-1");
    assertThat(ledger.only().units().get("characters")).isEqualByComparingTo("5");
  }

  @Test
  void openAiClientThatRetries_isOneError() {
    try (var server = new LoopbackOpenAi(json(500, "{}"))) {
      ImageModel model =
          OpenAiImageModel.builder()
              .baseUrl(server.url())
              .apiKey("none")
              .modelName("gpt-image-1")
              .maxRetries(1)
              .build();
      assertThatThrownBy(() -> models.wrap(model).generate("a cat"));
    }
    assertThat(ledger.only().outcome()).isEqualTo(Outcome.ERROR);
  }
}
