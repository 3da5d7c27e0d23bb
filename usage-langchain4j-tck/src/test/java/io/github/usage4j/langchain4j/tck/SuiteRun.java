package io.github.usage4j.langchain4j.tck;

import static org.junit.platform.engine.discovery.ClassNameFilter.includeClassNamePatterns;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectPackage;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.Launcher;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/**
 * Runs LangChain4j's tests of AI services and chains once, with one layer over every model. A JVM
 * of its own for each run, because test classes keep models and services in static fields.
 */
final class SuiteRun {

  static volatile Layer layer = Layer.NONE;

  private SuiteRun() {}

  /** Which layer, and the file to write what happened to. */
  public static void main(String[] arguments) throws IOException {
    layer =
        switch (arguments[0]) {
          case "bare" -> Layer.NONE;
          case "tracked" -> new TrackedLayer();
          case "naive" -> new NaiveLayer();
          default -> throw new IllegalArgumentException(arguments[0]);
        };
    List<String> lines = run();
    layer.problems().forEach(problem -> lines.add("PROBLEM\t" + line(problem)));
    layer.figures().forEach(figure -> lines.add("FIGURE\t" + figure));
    Files.write(Path.of(arguments[1]), lines);
    System.exit(0); // whatever threads the tests left behind
  }

  private static List<String> run() {
    var request =
        LauncherDiscoveryRequestBuilder.request()
            .selectors(
                selectPackage("dev.langchain4j.service"), selectPackage("dev.langchain4j.chain"))
            .filters(includeClassNamePatterns("[^$]*Tests?"))
            .build();
    var lines = new ArrayList<String>();
    Launcher launcher = LauncherFactory.create();
    launcher.execute(
        request,
        new TestExecutionListener() {
          @Override
          public synchronized void executionSkipped(TestIdentifier test, String reason) {
            add(test, "SKIPPED", reason);
          }

          @Override
          public synchronized void executionFinished(
              TestIdentifier test, TestExecutionResult result) {
            String why = result.getThrowable().map(Throwable::toString).orElse("");
            add(test, result.getStatus().name(), why);
          }

          private void add(TestIdentifier test, String status, String why) {
            String kind = test.isTest() ? "TEST" : "CONTAINER";
            lines.add(String.join("\t", kind, status, line(test.getUniqueId()), line(why)));
          }
        });
    return lines;
  }

  private static String line(String text) {
    String flat = text.replaceAll("\\s+", " ");
    return flat.length() <= 300 ? flat : flat.substring(0, 300) + "…";
  }
}
