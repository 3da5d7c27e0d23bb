package io.github.usage4j.examples.replay;

import static io.github.usage4j.examples.replay.SkipReason.NOT_CHAT;
import static io.github.usage4j.examples.replay.SkipReason.NO_CLIENT;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which LangChain4j client plays which API. An API is looked up with its provider first, and then
 * for every provider, because most providers speak the API of another one.
 */
final class ProviderClients {
  private static final String ANY = "*";

  private static final Map<String, ProviderClient> TABLE =
      Map.ofEntries(
          Map.entry("*/chat.completions", new OpenAiClients.ChatCompletions()),
          Map.entry("*/responses", new OpenAiClients.Responses()),
          Map.entry("*/embeddings", new OpenAiClients.OpenAiEmbeddings()),
          Map.entry("*/messages", new HttpClients.Anthropic()),
          Map.entry("*/generateContent", new HttpClients.Gemini()),
          Map.entry("*/streamGenerateContent", new HttpClients.Gemini()),
          Map.entry("*/embedContent", new HttpClients.GeminiEmbeddings()),
          Map.entry("*/batchEmbedContents", new HttpClients.GeminiEmbeddings()),
          Map.entry("mistral/chat.completions", new HttpClients.Mistral()),
          Map.entry("mistral/embeddings", new HttpClients.MistralEmbeddings()),
          Map.entry("ollama/api/chat", new HttpClients.Ollama()),
          Map.entry("ollama/api/embed", new HttpClients.OllamaEmbeddings()),
          Map.entry("bedrock/converse", new BedrockClients()),
          Map.entry("bedrock/converse-stream", new BedrockClients()),
          Map.entry(
              "cohere/chat-v1",
              noClient("langchain4j-cohere has embedding and scoring models, but no chat model")),
          Map.entry(
              "cohere/chat-v2",
              noClient("langchain4j-cohere has embedding and scoring models, but no chat model")),
          Map.entry(
              "cohere/embed-v2",
              noClient(
                  "langchain4j-cohere reads the answers of /v1/embed, where embeddings are an"
                      + " array; v2 sends an object")),
          Map.entry("cohere/rerank-v1", new HttpClients.CohereRerank()),
          Map.entry("cohere/rerank-v2", new HttpClients.CohereRerank()),
          Map.entry("ollama/api/generate", new HttpClients.OllamaCompletions()),
          Map.entry("*/completions", new OpenAiClients.OpenAiCompletions()),
          Map.entry("*/moderations", notChat("moderation")),
          Map.entry("*/images.generations", notChat("image")),
          Map.entry("*/audio.transcriptions", notChat("transcription")),
          Map.entry("*/audio.speech", notChat("speech")));

  private ProviderClients() {}

  /** What is to be done with an API of a provider. */
  static ProviderClient find(String provider, String api) {
    @Nullable ProviderClient found = TABLE.get(provider + "/" + api);
    if (found == null) {
      found = TABLE.get(ANY + "/" + api);
    }
    return found != null
        ? found
        : new ProviderClient.Unknown(
            "this program has no entry for the API " + api + " of " + provider);
  }

  private static ProviderClient noClient(String why) {
    return new ProviderClient.Skipped(NO_CLIENT, why);
  }

  private static ProviderClient notChat(String kind) {
    return new ProviderClient.Skipped(NOT_CHAT, kind);
  }
}
