package io.github.usage4j.examples;

import io.github.usage4j.examples.replay.ReplayCommand;
import java.io.PrintStream;

/**
 * Plays recorded provider traffic through the real LangChain4j clients, wrapped by this library,
 * and compares what was recorded with what the providers stated: {@code run replay DIR [--database
 * JDBC_URL] [--report FILE]}.
 */
public final class Replay {
  private Replay() {}

  /** Runs the program and ends the JVM with its exit code. */
  public static void main(String[] args) {
    System.exit(run(args, System.out, System.err));
  }

  static int run(String[] args, PrintStream out, PrintStream err) {
    return ReplayCommand.run(args, out, err);
  }
}
