package io.github.usage4j.internal;

import static org.assertj.core.api.Assertions.assertThatIOException;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** What makes names durable. */
class EventFileWriterTest {

  @TempDir Path temp;

  @Test
  void forceDirectory_works() throws Exception {
    EventFileWriter.forceDirectory(temp);
  }

  /**
   * A directory that can be opened, but whose system cannot flush it, stands for a failing disk.
   */
  @Test
  @EnabledOnOs(OS.LINUX)
  void forceDirectory_flushThatFails_isSaid() {
    assertThatIOException().isThrownBy(() -> EventFileWriter.forceDirectory(Path.of("/proc/self")));
  }

  @Test
  void forceDirectory_thatCannotBeOpened_isLeftToTheSystem() throws Exception {
    EventFileWriter.forceDirectory(temp.resolve("none"));
  }
}
