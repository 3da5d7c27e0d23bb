package io.github.usage4j.sink;

import io.github.usage4j.UsageReader;

/** The reader of the in-memory store, with which every other one is compared. */
public final class MemoryReader {

  private MemoryReader() {}

  /** Answers from this store. */
  public static UsageReader of(InMemoryUsageStore store) {
    return store.reader();
  }
}
