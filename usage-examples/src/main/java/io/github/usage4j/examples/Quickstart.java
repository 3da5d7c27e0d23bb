package io.github.usage4j.examples;

import io.github.usage4j.examples.quickstart.QuickstartCommand;
import io.github.usage4j.examples.support.BadInputException;
import java.io.IOException;

/**
 * One call in, a month's summary out: an AI service whose model asks for tools, blocking and
 * streaming, and what the database says afterwards. Needs no key and no server.
 */
public final class Quickstart {

  private Quickstart() {}

  /** Runs the program and ends the JVM with its exit code. */
  public static void main(String[] args) throws IOException, BadInputException {
    System.exit(QuickstartCommand.run(System.getenv("OPENAI_API_KEY"), System.out));
  }
}
