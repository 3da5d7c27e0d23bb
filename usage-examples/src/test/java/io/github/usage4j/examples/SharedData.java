package io.github.usage4j.examples;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;

/** Recorded data beside the project, which is there on some machines only. */
public final class SharedData {

  private SharedData() {}

  /** A folder of it; skips the test, saying so, where it is not there. */
  public static Path folder(String name) {
    String elsewhere = System.getProperty("usage4j.shared", "");
    Path shared = elsewhere.isEmpty() ? projectRoot().resolveSibling("shared") : Path.of(elsewhere);
    Path folder = shared.resolve("data").resolve(name);
    assumeTrue(Files.isDirectory(folder), () -> "skipped: there is no recorded data in " + folder);
    return folder;
  }

  private static Path projectRoot() {
    Path folder = Path.of("").toAbsolutePath();
    while (!Files.exists(folder.resolve("mvnw"))) {
      folder = folder.getParent();
    }
    return folder;
  }
}
