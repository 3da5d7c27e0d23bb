package io.github.usage4j.sink;

import io.github.usage4j.limit.LimitKey;
import io.github.usage4j.limit.UsageAlert;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/** The alerts about limits. Not safe for use by several threads. */
final class InMemoryAlerts {

  private record Once(UsageAlert.Type type, LimitKey key, int threshold) {}

  private final Set<Once> known = new HashSet<>();
  private final Map<UUID, UsageAlert> alerts = new LinkedHashMap<>();
  private final Set<UUID> waiting = new HashSet<>();
  private final Map<UUID, String> taken = new HashMap<>();
  private boolean changed;

  boolean raise(UsageAlert alert) {
    if (!known.add(new Once(alert.type(), alert.key(), alert.threshold()))) {
      return false;
    }
    alerts.put(alert.id(), alert);
    waiting.add(alert.id());
    changed = true;
    return true;
  }

  /** True once after alerts were raised. */
  boolean changed() {
    boolean was = changed;
    changed = false;
    return was;
  }

  List<UsageAlert> of(LimitKey.Scope scope, int most) {
    var found = new ArrayList<>(alerts.values());
    found.removeIf(alert -> !alert.key().scope().equals(scope));
    Collections.reverse(found);
    return List.copyOf(found.subList(0, Math.min(most, found.size())));
  }

  List<UsageAlert> take(String holder, int most, Set<String> alive) {
    var mine = new ArrayList<UsageAlert>();
    for (UsageAlert alert : alerts.values()) {
      String by = taken.get(alert.id());
      boolean free = by == null || by.equals(holder) || !alive.contains(by);
      if (waiting.contains(alert.id()) && free && mine.size() < most) {
        taken.put(alert.id(), holder);
        mine.add(alert);
      }
    }
    return mine;
  }

  void delivered(UUID id) {
    waiting.remove(id);
    taken.remove(id);
  }

  void release(String holder) {
    taken.values().removeIf(holder::equals);
  }

  boolean acknowledge(UUID id, String by, Instant at) {
    UsageAlert alert = alerts.get(id);
    if (alert == null || alert.acknowledgedAt() != null) {
      return false;
    }
    alerts.put(id, alert.acknowledged(by, at));
    return true;
  }

  void clear() {
    known.clear();
    alerts.clear();
    waiting.clear();
    taken.clear();
  }
}
