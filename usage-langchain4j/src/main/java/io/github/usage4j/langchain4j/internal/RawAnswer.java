package io.github.usage4j.langchain4j.internal;

import dev.langchain4j.http.client.SuccessfulHttpResponse;
import dev.langchain4j.http.client.sse.ServerSentEvent;
import io.github.usage4j.provider.StatedUsage;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What clients on LangChain4j's HTTP client keep of an answer: the only class that links it. */
final class RawAnswer {

  private RawAnswer() {}

  static StatedUsage read(
      @Nullable List<ServerSentEvent> events, @Nullable SuccessfulHttpResponse response) {
    if (events != null && !events.isEmpty()) {
      List<@Nullable String> data = new ArrayList<>(events.size());
      for (ServerSentEvent event : events) {
        data.add(event.data());
      }
      return Dialect.raw(data, null);
    }
    return Dialect.raw(null, response == null ? null : response.body());
  }
}
