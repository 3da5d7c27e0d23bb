package io.github.usage4j.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.usage4j.examples.Modules.PublicType;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Public means promised: {@code docs/api.md} lists exactly the public types of the jars. */
class ApiListTest {

  private static final Pattern MODULE = Pattern.compile("^#+ .*`(usage-[a-z0-9-]+)`.*");
  private static final Pattern PACKAGE =
      Pattern.compile("^#+ .*`(io\\.github\\.usage4j[a-z0-9.]*)`.*");
  private static final Pattern ITEM = Pattern.compile("^- `([A-Za-z0-9]+)` – \\S.*");
  private static final Pattern ANY_ITEM = Pattern.compile("^\\s*[-*] .*");

  /** The names that make up the first page a user reads; kept few on purpose. */
  private static final Set<String> ESSENTIAL =
      Set.of("io.github.usage4j", "io.github.usage4j.track", "io.github.usage4j.sink");

  @Test
  void apiList_namesExactlyThePublicTypes() throws IOException {
    Set<String> listed = new TreeSet<>(listed());
    Set<String> compiled = new TreeSet<>();
    Modules.publicTypes().forEach(type -> compiled.add(line(type)));

    Set<String> undocumented = new TreeSet<>(compiled);
    undocumented.removeAll(listed);
    Set<String> gone = new TreeSet<>(listed);
    gone.removeAll(compiled);

    assertThat(undocumented)
        .as("public types that docs/api.md does not list: list them, or make them package-private")
        .isEmpty();
    assertThat(gone)
        .as("types that docs/api.md lists but no jar has as a public type there: remove or correct")
        .isEmpty();
  }

  @Test
  void publicSurface_staysSmall() {
    Map<String, Integer> sizes = new TreeMap<>();
    for (PublicType type : Modules.publicTypes()) {
      boolean essential = ESSENTIAL.contains(type.packageName());
      sizes.merge(essential ? "root, track and sink" : type.packageName(), 1, Integer::sum);
    }
    sizes.forEach(
        (part, size) ->
            assertThat(size)
                .as("public types of %s", part)
                .isLessThanOrEqualTo(part.startsWith("root") ? 30 : 15));
  }

  private static String line(PublicType type) {
    return type.module() + ": " + type.packageName() + "." + type.name();
  }

  private static List<String> listed() throws IOException {
    List<String> listed = new ArrayList<>();
    List<String> lines = Files.readAllLines(Modules.repository().resolve("docs/api.md"));
    String module = "";
    String packageName = "";
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i);
      Matcher heading = MODULE.matcher(line);
      if (heading.matches()) {
        module = heading.group(1);
        packageName = "";
      }
      heading = PACKAGE.matcher(line);
      if (heading.matches()) {
        packageName = heading.group(1);
      }
      if (ANY_ITEM.matcher(line).matches() && !packageName.isEmpty()) {
        Matcher item = ITEM.matcher(line);
        assertThat(item.matches())
            .as("docs/api.md:%d must read \"- `Type` – one line\", but was: %s", i + 1, line)
            .isTrue();
        String entry = module + ": " + packageName + "." + item.group(1);
        assertThat(listed).as("docs/api.md:%d lists a type twice", i + 1).doesNotContain(entry);
        listed.add(entry);
      }
    }
    return listed;
  }
}
