package io.github.usage4j.examples;

import io.github.usage4j.examples.imports.ImportCommand;

/**
 * Imports JSON lines of logs, of batches or of providers' answers and prints each event: {@code run
 * import FILE [--database JDBC_URL] [--json] …}.
 */
public final class Import {

  private Import() {}

  /** Runs the program and ends the JVM with its exit code. */
  public static void main(String[] args) {
    System.exit(ImportCommand.run(args, System.out, System.err));
  }
}
