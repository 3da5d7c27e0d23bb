package io.github.usage4j.examples;

import io.github.usage4j.examples.price.PriceCommand;

/** Prices the calls in a file and compares with what they should cost: {@code run price FILE}. */
public final class Price {

  private Price() {}

  /** Runs the program and ends the JVM with its exit code. */
  public static void main(String[] args) {
    System.exit(PriceCommand.run(args, System.out, System.err));
  }
}
