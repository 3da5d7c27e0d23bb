package io.github.usage4j.limit;

import io.github.usage4j.sink.InMemoryUsageStore;
import io.github.usage4j.sink.UsageStore;

class InMemoryLimitStoreTest extends LimitStoreContract {

  @Override
  protected UsageStore newStore() {
    return new InMemoryUsageStore();
  }
}
