package io.github.usage4j.sink;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageReader;
import org.junit.jupiter.api.Test;

class InMemoryUsageStoreTest extends UsageReportsContract {

  private final InMemoryUsageStore store = new InMemoryUsageStore();

  @Override
  protected UsageStore store() {
    return store;
  }

  @Override
  protected UsageReader reader() {
    return store.reader();
  }

  @Test
  void clear_forgetsEverything() throws Exception {
    UsageEvent event = UsageEvents.complete();
    write(event);
    assertThat(store.events()).containsExactly(event);

    store.clear();

    assertThat(store.events()).isEmpty();
  }
}
