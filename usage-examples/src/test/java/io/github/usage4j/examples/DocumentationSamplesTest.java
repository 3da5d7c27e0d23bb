package io.github.usage4j.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.usage4j.examples.Modules.PublicType;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Compiles every Java sample of README.md and docs/, without warnings.
 *
 * <p>A fenced {@code java} block is the body of a method, unless an HTML comment on the line before
 * the fence (blank lines do not count) says otherwise:
 *
 * <ul>
 *   <li>{@code <!-- sample: members -->}: members of a class
 *   <li>{@code <!-- sample: returns -->}: the body of a method that returns an object
 *   <li>{@code <!-- sample: file -->}: a whole source file
 *   <li>{@code <!-- sample: skip REASON -->}: not compiled; REASON is one of {@link #SKIP_REASONS}
 * </ul>
 *
 * <p>Imports at the top of a sample are used; {@link #IMPORTS} and the library's own packages are
 * always there, and so is what {@link SampleContext} declares.
 */
class DocumentationSamplesTest {

  private static final Set<String> SKIP_REASONS =
      Set.of("spring", "jakarta", "other-library", "older-version");

  private static final List<String> IMPORTS =
      List.of(
          "dev.langchain4j.agent.tool.*",
          "dev.langchain4j.data.embedding.*",
          "dev.langchain4j.data.message.*",
          "dev.langchain4j.data.segment.*",
          "dev.langchain4j.model.anthropic.*",
          "dev.langchain4j.model.bedrock.*",
          "dev.langchain4j.model.chat.*",
          "dev.langchain4j.model.chat.request.*",
          "dev.langchain4j.model.chat.response.*",
          "dev.langchain4j.model.embedding.*",
          "dev.langchain4j.model.googleai.*",
          "dev.langchain4j.model.image.*",
          "dev.langchain4j.model.mistralai.*",
          "dev.langchain4j.model.moderation.*",
          "dev.langchain4j.model.ollama.*",
          "dev.langchain4j.model.openai.*",
          "dev.langchain4j.model.output.*",
          "dev.langchain4j.model.scoring.*",
          "dev.langchain4j.service.*",
          "java.math.*",
          "java.net.URI",
          "java.nio.file.*",
          "java.time.*",
          "java.util.*",
          "java.util.concurrent.*",
          "java.util.concurrent.atomic.*",
          "java.util.function.*",
          "javax.sql.DataSource",
          "org.h2.jdbcx.JdbcConnectionPool",
          "static io.github.usage4j.UsageEvent.Kind.*",
          "static io.github.usage4j.UsageMeasure.*",
          "static io.github.usage4j.UsageQueries.Dimension.*");

  private static final Pattern FENCE = Pattern.compile("^(\\s*)(`{3,}|~{3,})\\s*(\\S*).*$");
  private static final Pattern HINT =
      Pattern.compile("^\\s*<!--\\s*sample:\\s*(\\S+)(?:\\s+(.*?))?\\s*-->\\s*$");
  private static final Pattern IMPORT = Pattern.compile("^\\s*import\\s+.*;\\s*$");

  /** A sample and where its first line stands. */
  private record Sample(Path file, int line, String kind, List<String> code) {

    String place() {
      return file.toString().replace('\\', '/') + ":" + line;
    }
  }

  @TempDir Path classes;

  @Test
  void samples_compileWithoutWarnings() throws IOException {
    List<String> problems = new ArrayList<>();
    int number = 0;
    for (Path page : pages()) {
      for (Sample sample : samples(page, problems)) {
        compile(sample, "Sample" + ++number, problems);
      }
    }
    assertThat(problems)
        .as("Java samples of README.md and docs/ that do not compile cleanly")
        .isEmpty();
  }

  @Test
  void brokenSample_isReportedWithFileAndLine() throws IOException {
    Path page = classes.resolve("page.md");
    Files.writeString(
        page,
        "# Title\n\n```java\nint n = 1;\nString s = n;\n```\n\n<!-- sample: skip laziness -->\n```java\n```\n");
    List<String> problems = new ArrayList<>();
    for (Sample sample : samples(page, problems)) {
      compile(sample, "Broken", problems);
    }
    assertThat(problems).hasSize(2);
    assertThat(problems.get(0)).contains("page.md:9").contains("laziness");
    assertThat(problems.get(1)).contains("page.md:5").contains("incompatible types");
  }

  @Test
  void sampleWithRawType_isReported() throws IOException {
    Path page = classes.resolve("page.md");
    Files.writeString(page, "```java\nList names = List.of();\n```\n");
    List<String> problems = new ArrayList<>();
    for (Sample sample : samples(page, problems)) {
      compile(sample, "Raw", problems);
    }
    assertThat(problems).hasSize(1);
    assertThat(problems.get(0)).contains("page.md:2").contains("raw type");
  }

  private static List<Path> pages() throws IOException {
    Path repository = Modules.repository();
    List<Path> pages = new ArrayList<>();
    if (Files.exists(repository.resolve("README.md"))) {
      pages.add(repository.resolve("README.md"));
    }
    if (Files.isDirectory(repository.resolve("docs"))) {
      try (Stream<Path> files = Files.walk(repository.resolve("docs"))) {
        files.filter(file -> file.toString().endsWith(".md")).sorted().forEach(pages::add);
      }
    }
    assertThat(pages).as("pages with samples").isNotEmpty();
    return pages;
  }

  private static List<Sample> samples(Path page, List<String> problems) throws IOException {
    Path shown =
        page.startsWith(Modules.repository())
            ? Modules.repository().relativize(page)
            : page.getFileName();
    List<String> lines = Files.readAllLines(page);
    List<Sample> samples = new ArrayList<>();
    String kind = "body";
    String detail = null;
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i);
      Matcher hint = HINT.matcher(line);
      if (hint.matches()) {
        kind = hint.group(1);
        detail = hint.group(2);
        continue;
      }
      Matcher fence = FENCE.matcher(line);
      if (!fence.matches()) {
        if (!line.isBlank()) {
          kind = "body";
          detail = null;
        }
        continue;
      }
      int first = i + 1;
      int end = first;
      while (end < lines.size() && !lines.get(end).strip().equals(fence.group(2))) {
        end++;
      }
      String place = shown + ":" + (i + 1) + ": ";
      if (end == lines.size()) {
        problems.add(place + "the fence is never closed");
      } else if (fence.group(3).equalsIgnoreCase("java")) {
        switch (kind) {
          case "body", "members", "returns", "file" ->
              samples.add(
                  new Sample(shown, first + 1, kind, List.copyOf(lines.subList(first, end))));
          case "skip" -> {
            if (detail == null || !SKIP_REASONS.contains(detail)) {
              problems.add(
                  place + "skip needs one of the reasons " + SKIP_REASONS + ", but was " + detail);
            }
          }
          default -> problems.add(place + "unknown kind of sample: " + kind);
        }
      }
      kind = "body";
      detail = null;
      i = end;
    }
    return samples;
  }

  private void compile(Sample sample, String name, List<String> problems) throws IOException {
    // Every line of the sample keeps its place, so a javac line number is a line of the page.
    StringBuilder head = new StringBuilder();
    StringBuilder body = new StringBuilder();
    String fileName = name;
    if (sample.kind().equals("file")) {
      Matcher type =
          Pattern.compile("(?m)^public\\s+.*?(?:class|interface|enum|record)\\s+(\\w+)")
              .matcher(String.join("\n", sample.code()));
      fileName = type.find() ? type.group(1) : name;
      body.append(String.join("\n", sample.code()));
    } else {
      head.append("package io.github.usage4j.examples; ");
      Set<String> packages = new TreeSet<>();
      for (PublicType type : Modules.publicTypes()) {
        packages.add(type.packageName() + ".*");
      }
      packages.addAll(IMPORTS);
      packages.forEach(type -> head.append("import ").append(type).append("; "));
      boolean top = true;
      List<String> rest = new ArrayList<>();
      for (String line : sample.code()) {
        boolean isImport = top && IMPORT.matcher(line).matches();
        if (isImport) {
          head.append(line.strip()).append(' ');
        }
        top = top && (isImport || line.isBlank());
        rest.add(isImport ? "" : line);
      }
      head.append("abstract class ").append(name).append(" extends SampleContext { ");
      String open =
          switch (sample.kind()) {
            case "members" -> "";
            case "returns" -> "Object sample() throws Exception { ";
            default -> "void sample() throws Exception { ";
          };
      body.append(head).append(open).append('\n').append(String.join("\n", rest));
      body.append(open.isEmpty() ? "\n}" : "\n}}");
    }
    int before = sample.kind().equals("file") ? 0 : 1;
    String source = body.append('\n').toString();
    URI uri = URI.create("string:///" + fileName + ".java");
    JavaFileObject unit =
        new SimpleJavaFileObject(uri, JavaFileObject.Kind.SOURCE) {
          @Override
          public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return source;
          }
        };

    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    DiagnosticCollector<JavaFileObject> found = new DiagnosticCollector<>();
    List<String> options =
        List.of(
            "--release",
            "17",
            "-proc:none",
            "-Xlint:all,-try,-serial,-processing,-options,-path,-classfile",
            "-d",
            classes.toString(),
            "-classpath",
            System.getProperty("java.class.path"));
    compiler.getTask(null, null, found, options, null, List.of(unit)).call();
    for (Diagnostic<? extends JavaFileObject> problem : found.getDiagnostics()) {
      Diagnostic.Kind kind = problem.getKind();
      if (kind == Diagnostic.Kind.NOTE || kind == Diagnostic.Kind.OTHER) {
        continue;
      }
      long line = Math.max(0, problem.getLineNumber() - before - 1);
      problems.add(
          new Sample(sample.file(), (int) (sample.line() + line), "", List.of()).place()
              + ": "
              + problem.getMessage(Locale.ROOT));
    }
  }
}
