package io.github.usage4j.langchain4j.tck;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * What came of one run.
 *
 * @param tests how many tests there were
 * @param unsuccessful what failed, was aborted or was skipped, by unique id, with the reason
 * @param ids every test that there was
 */
record SuiteResult(
    String name,
    double seconds,
    int tests,
    Map<String, String> unsuccessful,
    Set<String> ids,
    Map<String, Integer> figures,
    List<String> problems) {

  private static final long MINUTES = 5;

  /** Runs the suite in a JVM of its own. */
  static SuiteResult of(String layer) {
    try {
      return run(layer, Path.of("target", "suite"));
    } catch (IOException e) {
      throw new AssertionError(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  private static SuiteResult run(String layer, Path folder)
      throws IOException, InterruptedException {
    Files.createDirectories(folder);
    Path results = folder.resolve(layer + ".tsv");
    Path log = folder.resolve(layer + ".log");
    Files.deleteIfExists(results);
    var process =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx512m",
            "-XX:+EnableDynamicAgentLoading", // Mockito
            SuiteRun.class.getName(),
            layer,
            results.toString());
    process.environment().put("CLASSPATH", classPath());
    process.environment().put("OPENAI_API_KEY", "none"); // classes of tests not run ask for one
    long begin = System.nanoTime();
    Process java =
        process.redirectErrorStream(true).redirectOutput(new File(log.toString())).start();
    if (!java.waitFor(MINUTES, TimeUnit.MINUTES)) {
      java.destroyForcibly();
      throw new AssertionError("the suite did not end within " + MINUTES + " minutes: " + log);
    }
    double seconds = (System.nanoTime() - begin) / 1e9;
    if (java.exitValue() != 0 || !Files.exists(results)) {
      throw new AssertionError("the suite ended with " + java.exitValue() + ": " + log);
    }
    SuiteResult result = read(layer, seconds, Files.readAllLines(results));
    System.out.println(result.headline());
    return result;
  }

  /** Without the agents: they bring a way to name parameters that some of the tests deny. */
  private static String classPath() {
    return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
        .filter(entry -> !entry.contains("langchain4j-agentic"))
        .collect(Collectors.joining(File.pathSeparator));
  }

  private static SuiteResult read(String layer, double seconds, List<String> lines) {
    var unsuccessful = new TreeMap<String, String>();
    var ids = new TreeSet<String>();
    var figures = new LinkedHashMap<String, Integer>();
    var problems = new ArrayList<String>();
    for (String line : lines) {
      String[] fields = line.split("\t", -1);
      switch (fields[0]) {
        case "FIGURE" ->
            figures.put(
                fields[1].substring(0, fields[1].indexOf('=')),
                Integer.valueOf(fields[1].substring(fields[1].indexOf('=') + 1)));
        case "PROBLEM" -> problems.add(fields[1]);
        default -> {
          if (fields[0].equals("TEST") && !ids.add(fields[2])) {
            problems.add("run twice: " + fields[2]);
          }
          if (!fields[1].equals("SUCCESSFUL")) {
            unsuccessful.put(fields[2], fields[1] + " " + fields[3]);
          }
        }
      }
    }
    return new SuiteResult(layer, seconds, ids.size(), unsuccessful, ids, figures, problems);
  }

  int figure(String figure) {
    return figures.get(figure);
  }

  String headline() {
    return String.format(
        Locale.ROOT,
        "%s: %d tests in %.1f s, %d without success %s",
        name,
        tests,
        seconds,
        unsuccessful.size(),
        figures);
  }
}
