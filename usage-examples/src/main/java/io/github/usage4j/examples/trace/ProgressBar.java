package io.github.usage4j.examples.trace;

import java.io.PrintStream;

/** Shows how far a long job is, on one line that is written over again. */
final class ProgressBar {

  private static final int WIDTH = 40;

  private final PrintStream out;
  private final long total;

  ProgressBar(PrintStream out, long total) {
    this.out = out;
    this.total = total;
  }

  void show(long done) {
    int filled = total == 0 ? WIDTH : (int) (WIDTH * done / total);
    out.printf(
        "\r[%s%s] %,d of %,d rows", "#".repeat(filled), ".".repeat(WIDTH - filled), done, total);
    out.flush();
  }

  void end() {
    out.println();
  }
}
