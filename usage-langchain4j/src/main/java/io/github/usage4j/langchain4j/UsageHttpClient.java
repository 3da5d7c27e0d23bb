package io.github.usage4j.langchain4j;

import dev.langchain4j.http.client.HttpClientBuilder;
import dev.langchain4j.http.client.HttpClientBuilderLoader;
import java.util.Objects;

/**
 * HTTP clients that show a tracked model what its provider states on the wire: figures that
 * LangChain4j drops, answers that it refuses although they were paid for, and each attempt of a
 * call that is repeated. Give one to the builder of a model, then wrap that model:
 *
 * <pre>{@code
 * models.wrap(OpenAiChatModel.builder().httpClientBuilder(UsageHttpClient.builder()).build());
 * }</pre>
 *
 * <p>Only token counts, the model's name and tier and a stated cost are kept, never a header, a key
 * or a text. Wrap every model that has such a client: a call of one that is not wrapped, made by a
 * listener inside a tracked call, is taken for a part of it.
 *
 * <p>Needs {@code langchain4j-http-client}, as every provider module on it brings along.
 */
public final class UsageHttpClient {

  private UsageHttpClient() {}

  /**
   * A new builder of the HTTP client that LangChain4j chooses by default.
   *
   * @throws IllegalStateException if there is none, or more than one
   */
  public static HttpClientBuilder builder() {
    return builder(HttpClientBuilderLoader.loadHttpClientBuilder());
  }

  /**
   * This builder, but what it builds shows its exchanges. Models set timeouts on their builder, so
   * give each its own. One that came from here comes back as it is.
   */
  public static HttpClientBuilder builder(HttpClientBuilder http) {
    return WireHttp.decorate(Objects.requireNonNull(http, "http"));
  }
}
