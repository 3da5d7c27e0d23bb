package io.github.usage4j.examples.replay;

import dev.langchain4j.exception.HttpException;
import java.net.SocketException;
import java.net.http.HttpTimeoutException;
import java.util.List;
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

  /** Classes that throw because of whoever called them. */
  private static final List<String> TOOLS =
      List.of("java.", "javax.", "jdk.", "sun.", "com.sun.", "com.fasterxml.jackson.");

  /**
   * The refusal behind an error, if it is one: not when the provider itself refused, nor when the
   * connection failed, nor when anybody else than a client threw it. What is thrown in a callback
   * has a client on the stack, too.
   */
  static Optional<Refusal> of(ExchangeStep step, Throwable error) {
    if (!step.answered()) {
      return Optional.empty();
    }
    Throwable root = error;
    for (@Nullable Throwable cause = error; cause != null; cause = cause.getCause()) {
      if (cause instanceof HttpException
          || cause instanceof SocketException
          || cause instanceof HttpTimeoutException
          || cause instanceof TimeoutException
          || cause instanceof dev.langchain4j.exception.TimeoutException) {
        return Optional.empty();
      }
      root = cause;
    }
    @Nullable String client = thrower(root);
    return client == null || !client.startsWith(CLIENTS)
        ? Optional.empty()
        : Optional.of(
            new Refusal(
                client.replaceFirst("\\$.*", ""),
                root.getClass().getName() + ": " + firstLine(root.getMessage())));
  }

  /** The class that threw it, or that called the tool which did. */
  private static @Nullable String thrower(Throwable error) {
    for (StackTraceElement frame : error.getStackTrace()) {
      String name = frame.getClassName();
      if (TOOLS.stream().noneMatch(name::startsWith)) {
        return name;
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
