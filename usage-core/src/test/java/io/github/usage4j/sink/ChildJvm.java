package io.github.usage4j.sink;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Starts another JVM with the class path of this one. */
public final class ChildJvm {

  private final List<String> options = new ArrayList<>();
  private String before = "";

  /** A JVM with these options. */
  public ChildJvm(String... options) {
    this.options.addAll(List.of(options));
  }

  /** A shell command that is run first in the same process, such as a limit. */
  public ChildJvm after(String command) {
    before = command + "; ";
    return this;
  }

  /** Runs the main method of a class; what it logs is thrown away, what it prints can be read. */
  public Process start(Class<?> main, Object... arguments) throws IOException {
    var command = new ArrayList<String>();
    // The shell is replaced by the JVM, so that killing the process kills that.
    command.addAll(List.of("/bin/bash", "-c", before + "exec \"$0\" \"$@\""));
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(options);
    command.add("-Dorg.slf4j.simpleLogger.defaultLogLevel=off");
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(main.getName());
    for (Object argument : arguments) {
      command.add(argument.toString());
    }
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
  }
}
