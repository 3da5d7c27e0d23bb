package io.github.usage4j.jdbc;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.internal.LetterFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The dead letters that an erasure changes, too. Used under the lock of maintenance only. */
final class Letters {

  private final List<LetterFile> files;

  Letters(List<Path> files) {
    this.files = files.stream().map(LetterFile::new).toList();
  }

  /** Keeps letters from being delivered until {@link #release}. */
  void hold() {
    LetterFile.ON_THE_WAY.lock();
  }

  void release() {
    LetterFile.ON_THE_WAY.unlock();
  }

  /** Every event of an organization, "" being unattributed. */
  void forEach(String organization, Consumer<UsageEvent> reader) throws IOException {
    for (LetterFile file : files) {
      file.forEach(organization, reader);
    }
  }

  void prepare(String token, LetterFile.Change change) throws IOException {
    for (LetterFile file : files) {
      file.prepare(token, change);
    }
  }

  List<String> pending() throws IOException {
    var tokens = new ArrayList<String>();
    for (LetterFile file : files) {
      tokens.addAll(file.pending());
    }
    return tokens;
  }

  void settle(String token, boolean happened, LetterFile.@Nullable Change change)
      throws IOException {
    for (LetterFile file : files) {
      file.settle(token, happened, change);
    }
  }
}
