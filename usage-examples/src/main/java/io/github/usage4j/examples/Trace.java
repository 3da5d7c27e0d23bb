package io.github.usage4j.examples;

import io.github.usage4j.examples.trace.TraceCommand;

/**
 * Imports a production trace into a database and prints its totals: {@code run trace FILE
 * [--database JDBC_URL] [--json]}.
 */
public final class Trace {

  private Trace() {}

  /** Runs the program and ends the JVM with its exit code. */
  public static void main(String[] args) {
    System.exit(TraceCommand.run(args, System.out, System.err));
  }
}
