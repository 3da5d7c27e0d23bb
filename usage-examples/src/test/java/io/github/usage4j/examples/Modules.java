package io.github.usage4j.examples;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Modifier;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** What the library's modules hold, read from the jars or class folders on the class path. */
final class Modules {

  static final List<String> LIBRARY = List.of("usage-core", "usage-langchain4j", "usage-jdbc-sink");

  private static final String ROOT = "io/github/usage4j";

  /** A public top-level type and the module it was found in. */
  record PublicType(String module, String packageName, String name) {}

  private Modules() {}

  static List<PublicType> publicTypes() {
    List<PublicType> types = new ArrayList<>();
    for (String module : LIBRARY) {
      Path entry = entryOf(module);
      if (Files.isDirectory(entry)) {
        collect(module, entry, types);
      } else {
        try (FileSystem jar = FileSystems.newFileSystem(entry)) {
          collect(module, jar.getPath("/"), types);
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
    }
    return types;
  }

  /** The repository's root: the nearest folder upwards that holds the Maven wrapper. */
  static Path repository() {
    Path folder = Path.of("").toAbsolutePath();
    while (folder != null && !Files.exists(folder.resolve("mvnw"))) {
      folder = folder.getParent();
    }
    if (folder == null) {
      throw new IllegalStateException("no folder with mvnw above " + Path.of("").toAbsolutePath());
    }
    return folder;
  }

  private static Path entryOf(String module) {
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
      Path path = Path.of(entry);
      String file = path.getFileName().toString();
      boolean classes = path.endsWith(Path.of(module, "target", "classes"));
      boolean jar = file.matches(module + "-\\d[^/]*\\.jar") && !file.endsWith("-tests.jar");
      if ((classes || jar) && Files.exists(path)) {
        return path;
      }
    }
    throw new IllegalStateException(module + " is not on the class path");
  }

  private static void collect(String module, Path root, List<PublicType> into) {
    Path start = root.resolve(ROOT);
    if (!Files.isDirectory(start)) {
      return;
    }
    try (Stream<Path> files = Files.walk(start)) {
      files
          .map(file -> root.relativize(file).toString().replace('\\', '/'))
          .filter(file -> file.endsWith(".class") && !file.contains("$"))
          .filter(file -> !file.endsWith("-info.class") && !file.contains("/internal/"))
          .sorted()
          .map(file -> file.substring(0, file.length() - ".class".length()).replace('/', '.'))
          .filter(Modules::isPublic)
          .forEach(
              name -> {
                int dot = name.lastIndexOf('.');
                into.add(new PublicType(module, name.substring(0, dot), name.substring(dot + 1)));
              });
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean isPublic(String className) {
    try {
      Class<?> type = Class.forName(className, false, Modules.class.getClassLoader());
      return Modifier.isPublic(type.getModifiers());
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException(e);
    }
  }
}
