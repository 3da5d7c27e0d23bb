package io.github.usage4j.examples.replay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Answers what was recorded, as it was recorded. */
class ReplayServerTest {
  @Test
  void answer_recordedSteps_inOrderWithStatusAndContentType() throws Exception {
    try (ReplayServer server = ReplayServer.start()) {
      server.load(List.of(Exchanges.refusedByProvider(), Exchanges.streamed()));
      HttpResponse<String> first = ask(server);
      assertEquals(400, first.statusCode());
      assertEquals("application/json", contentType(first));
      HttpResponse<String> second = ask(server);
      assertEquals(200, second.statusCode());
      assertEquals("text/event-stream", contentType(second));
      assertTrue(second.body().endsWith("data: [DONE]\n\n"));
      assertTrue(server.exhausted());
    }
  }

  @Test
  void answer_nothingLeft_isCountedAsUnexpected() throws Exception {
    try (ReplayServer server = ReplayServer.start()) {
      assertEquals(410, ask(server).statusCode());
      assertEquals(1, server.unexpected());
      assertEquals(0, server.answered());
    }
  }

  @Test
  void answer_geminiStreamRecordedAsArray_isFramedAsEvents() throws Exception {
    try (ReplayServer server = ReplayServer.start()) {
      String array = "[{\"a\": 1},\n{\"a\": 2}]";
      server.load(
          List.of(
              Exchanges.step(
                  "streamGenerateContent",
                  200,
                  "application/json; charset=UTF-8",
                  array,
                  Figures.NONE)));
      HttpResponse<String> answer = ask(server);
      assertEquals("text/event-stream", contentType(answer));
      assertEquals("data: {\"a\":1}\r\n\r\ndata: {\"a\":2}\r\n\r\n", answer.body());
    }
  }

  private static HttpResponse<String> ask(ReplayServer server) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(server.baseUrl() + "/anything"))
            .POST(HttpRequest.BodyPublishers.ofString("ignored"))
            .build();
    return HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
  }

  private static String contentType(HttpResponse<?> response) {
    return response.headers().firstValue("content-type").orElse("");
  }
}
