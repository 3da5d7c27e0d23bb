package io.github.usage4j.examples.replay;

import dev.langchain4j.exception.HttpException;
import java.net.SocketException;
import java.net.http.HttpTimeoutException;
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A client that throws away an answer which the provider gave, and charged for, because it cannot
 * make a message of it.
 *
 * @param client the class of LangChain4j that refused
 * @param problem what it said
 */
record Refusal(String client, String problem) {
  private static final String CLIENTS = "dev.langchain4j.model.";

  /**
   * The refusal behind an error, if it is one: not when the provider itself refused, nor when the
   * connection failed.
   */
  static Optional<Refusal> of(ExchangeStep step, Throwable error) {
    if (!step.answered()) {
      return Optional.empty();
    }
    @Nullable String client = null;
    Throwable root = error;
    for (@Nullable Throwable cause = error; cause != null; cause = cause.getCause()) {
      if (cause instanceof HttpException
          || cause instanceof SocketException
          || cause instanceof HttpTimeoutException
          || cause instanceof TimeoutException
          || cause instanceof dev.langchain4j.exception.TimeoutException) {
        return Optional.empty();
      }
      client = client == null ? clientIn(cause) : client;
      root = cause;
    }
    return client == null
        ? Optional.empty()
        : Optional.of(
            new Refusal(client, root.getClass().getName() + ": " + firstLine(root.getMessage())));
  }

  private static @Nullable String clientIn(Throwable error) {
    for (StackTraceElement frame : error.getStackTrace()) {
      if (frame.getClassName().startsWith(CLIENTS)) {
        return frame.getClassName().replaceFirst("\\$.*", "");
      }
    }
    return null;
  }

  private static String firstLine(@Nullable String message) {
    String line = String.valueOf(message).lines().findFirst().orElse("");
    return line.length() <= 160 ? line : line.substring(0, 160) + "…";
  }

  @Override
  public String toString() {
    return client + " throws " + problem;
  }
}
