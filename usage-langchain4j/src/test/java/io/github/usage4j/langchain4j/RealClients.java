package io.github.usage4j.langchain4j;

import static io.github.usage4j.langchain4j.LoopbackOpenAi.json;

import dev.langchain4j.http.client.HttpClientBuilder;
import dev.langchain4j.model.anthropic.AnthropicChatModel;
import dev.langchain4j.model.anthropic.AnthropicStreamingChatModel;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.googleai.GoogleAiGeminiChatModel;
import dev.langchain4j.model.googleai.GoogleAiGeminiStreamingChatModel;
import dev.langchain4j.model.openai.OpenAiChatModel;
import dev.langchain4j.model.openai.OpenAiResponsesChatModel;
import dev.langchain4j.model.openai.OpenAiResponsesStreamingChatModel;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel;
import io.github.usage4j.langchain4j.LoopbackOpenAi.Reply;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Real clients of several APIs, with the wire in sight or not, and answers in their formats. */
enum RealClients {
  ANTHROPIC {
    @Override
    ChatModel blocking(String url, @Nullable HttpClientBuilder http) {
      return AnthropicChatModel.builder()
          .httpClientBuilder(http)
          .baseUrl(url)
          .apiKey("none")
          .modelName("claude-sonnet-5")
          .maxRetries(0)
          .build();
    }

    @Override
    StreamingChatModel streaming(String url, @Nullable HttpClientBuilder http) {
      return AnthropicStreamingChatModel.builder()
          .httpClientBuilder(http)
          .baseUrl(url)
          .apiKey("none")
          .modelName("claude-sonnet-5")
          .build();
    }

    @Override
    Reply answer(String usage) {
      return json(
          200,
          ("{'id':'m1','type':'message','role':'assistant','model':'claude-sonnet-5','content':"
                  + "[{'type':'text','text':'ok'}],'stop_reason':'end_turn','usage':{"
                  + usage
                  + "}}")
              .replace('\'', '"'));
    }

    @Override
    Reply stream(String usage) {
      return events(
          "{'type':'message_start','message':{'id':'m1','type':'message','role':'assistant',"
              + "'model':'claude-sonnet-5','content':[],'usage':{'input_tokens':1,"
              + "'output_tokens':1}}}",
          "{'type':'content_block_start','index':0,'content_block':{'type':'text','text':''}}",
          "{'type':'content_block_delta','index':0,'delta':{'type':'text_delta','text':'ok'}}",
          "{'type':'content_block_stop','index':0}",
          "{'type':'message_delta','delta':{'stop_reason':'end_turn'},'usage':{" + usage + "}}",
          "{'type':'message_stop'}");
    }
  },
  OPENAI {
    @Override
    ChatModel blocking(String url, @Nullable HttpClientBuilder http) {
      var builder =
          OpenAiChatModel.builder().baseUrl(url).apiKey("none").modelName("m").maxRetries(0);
      return (http == null ? builder : builder.httpClientBuilder(http)).build();
    }

    @Override
    StreamingChatModel streaming(String url, @Nullable HttpClientBuilder http) {
      var builder = OpenAiStreamingChatModel.builder().baseUrl(url).apiKey("none").modelName("m");
      return (http == null ? builder : builder.httpClientBuilder(http)).build();
    }

    @Override
    Reply answer(String usage) {
      return json(
          200,
          ("{'id':'c1','model':'m','choices':[{'index':0,'message':{'role':'assistant',"
                  + "'content':'ok'},'finish_reason':'stop'}],'usage':{"
                  + usage
                  + "}}")
              .replace('\'', '"'));
    }

    @Override
    Reply stream(String usage) {
      return events(
          "{'id':'c1','model':'m','choices':[{'index':0,'delta':{'content':'ok'}}]}",
          "{'id':'c1','model':'m','choices':[{'index':0,'delta':{},'finish_reason':'stop'}]}",
          "{'id':'c1','model':'m','choices':[],'usage':{" + usage + "}}",
          "[DONE]");
    }
  },
  RESPONSES {
    @Override
    ChatModel blocking(String url, @Nullable HttpClientBuilder http) {
      var builder = OpenAiResponsesChatModel.builder().baseUrl(url).apiKey("none").modelName("m");
      return (http == null ? builder : builder.httpClientBuilder(http)).build();
    }

    @Override
    StreamingChatModel streaming(String url, @Nullable HttpClientBuilder http) {
      var builder =
          OpenAiResponsesStreamingChatModel.builder().baseUrl(url).apiKey("none").modelName("m");
      return (http == null ? builder : builder.httpClientBuilder(http)).build();
    }

    /**
     * The answer to a response.
     *
     * @param items of the output, before the message
     */
    @Override
    Reply answer(String items) {
      return json(200, response(items).replace('\'', '"'));
    }

    @Override
    Reply stream(String items) {
      return events(
          "{'type':'response.created','response':{'id':'r1','model':'m','output':[]}}",
          "{'type':'response.output_text.delta','item_id':'m1','delta':'ok'}",
          "{'type':'response.completed','response':" + response(items) + "}");
    }

    private String response(String items) {
      return "{'id':'r1','object':'response','status':'completed','model':'m','output':["
          + items
          + "{'type':'message','id':'m1','role':'assistant','status':'completed','content':"
          + "[{'type':'output_text','text':'ok','annotations':[]}]}],'usage':{'input_tokens':1000,"
          + "'output_tokens':100,'total_tokens':1100}}";
    }
  },
  GEMINI {
    @Override
    ChatModel blocking(String url, @Nullable HttpClientBuilder http) {
      return GoogleAiGeminiChatModel.builder()
          .httpClientBuilder(http)
          .baseUrl(url)
          .apiKey("none")
          .modelName("m")
          .maxRetries(0)
          .build();
    }

    @Override
    StreamingChatModel streaming(String url, @Nullable HttpClientBuilder http) {
      return GoogleAiGeminiStreamingChatModel.builder()
          .httpClientBuilder(http)
          .baseUrl(url)
          .apiKey("none")
          .modelName("m")
          .build();
    }

    /**
     * An answer.
     *
     * @param rest of the candidate, and what comes behind the candidates
     */
    @Override
    Reply answer(String rest) {
      return json(200, candidate(rest).replace('\'', '"'));
    }

    @Override
    Reply stream(String rest) {
      return events(candidate(rest));
    }

    private String candidate(String rest) {
      return "{'candidates':[{'content':{'role':'model','parts':[{'text':'ok'}]},"
          + "'finishReason':'STOP'"
          + rest
          + "}";
    }
  };

  abstract ChatModel blocking(String url, @Nullable HttpClientBuilder http);

  abstract StreamingChatModel streaming(String url, @Nullable HttpClientBuilder http);

  /** An answer in this API's format, with single quotes for double ones. */
  abstract Reply answer(String usage);

  /** The same as a stream. */
  abstract Reply stream(String usage);

  /** Sends these events, each with its type if it names one. */
  static Reply events(String... events) {
    return exchange -> {
      exchange.getResponseHeaders().set("content-type", "text/event-stream");
      exchange.sendResponseHeaders(200, 0);
      try (OutputStream body = exchange.getResponseBody()) {
        for (String event : events) {
          boolean typed = event.startsWith("{'type':'");
          String type = typed ? event.substring(9, event.indexOf('\'', 9)) : "";
          String text =
              (typed ? "event: " + type + "\n" : "") + "data: " + event.replace('\'', '"') + "\n\n";
          body.write(text.getBytes(StandardCharsets.UTF_8));
        }
      }
    };
  }

  /** How a model is called: with the wire in sight or not, for an answer or a stream. */
  record Mode(boolean wire, boolean stream) {

    /** All four. */
    static Mode[] all() {
      return new Mode[] {
        new Mode(true, false), new Mode(true, true), new Mode(false, false), new Mode(false, true)
      };
    }

    @Nullable HttpClientBuilder http() {
      return wire ? UsageHttpClient.builder() : null;
    }
  }

  /** Calls a tracked model once and waits for the end, whatever it is. */
  void call(TrackedModels models, String url, Mode mode) throws Exception {
    if (!mode.stream()) {
      models.wrap(blocking(url, mode.http())).chat("hi");
      return;
    }
    drain(models.wrap(streaming(url, mode.http())));
  }

  static void drain(StreamingChatModel model) throws Exception {
    var end = new CompletableFuture<ChatResponse>();
    model.chat(
        "hi",
        new StreamingChatResponseHandler() {
          @Override
          public void onCompleteResponse(ChatResponse response) {
            end.complete(response);
          }

          @Override
          public void onError(Throwable error) {
            end.completeExceptionally(error);
          }
        });
    end.get(60, TimeUnit.SECONDS);
  }
}
