package io.github.usage4j.langchain4j;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.langchain4j.invocation.InvocationContext;
import dev.langchain4j.model.chat.request.ChatRequest;
import io.github.usage4j.Attribution;
import io.github.usage4j.track.TrackedOperation;
import io.github.usage4j.track.UsageTracker;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The AI-service invocations of one tracker that are under way, each with its operation. A request
 * is announced on the thread that makes it, just before the model is called, so that the call finds
 * its operation: by the identity of the request or, where a decorator builds it anew, of its last
 * message. What is announced and never asked for must not claim a later call of that thread.
 */
final class Invocations {

  /**
   * An invocation that never ends, such as a stream that was cancelled, is forgotten after this.
   */
  private static final Duration REMEMBERED = Duration.ofHours(1);

  /** Those that never end must not fill the memory meanwhile. */
  static final int MAX_REMEMBERED = 100_000;

  /** How many services a thread may be inside of. */
  private static final int MAX_ANNOUNCED = 8;

  private final UsageTracker tracker;
  private final ServiceStack stack = new ServiceStack();
  private final Cache<UUID, TrackedOperation> operations =
      Caffeine.newBuilder().expireAfterAccess(REMEMBERED).maximumSize(MAX_REMEMBERED).build();

  // Not static: the listeners of two trackers may be told of the same invocations.
  @SuppressWarnings("ThreadLocalUsage")
  private final ThreadLocal<@Nullable Deque<Announced>> announced = new ThreadLocal<>();

  /** A request that is about to be made on this thread; it is not kept alive by that. */
  private record Announced(
      UUID invocation,
      WeakReference<ChatRequest> request,
      WeakReference<Object> lastMessage,
      TrackedOperation operation) {}

  Invocations(UsageTracker tracker) {
    this.tracker = tracker;
  }

  /** An AI service begins on this thread. What it calls here, and inside tools, belongs to it. */
  void started(InvocationContext invocation) {
    if (invocation.invocationId() == null) {
      return;
    }
    BooleanSupplier inside = stack.enter();
    operationOf(invocation).openWhile(inside);
  }

  /** The next call on this thread makes this request. */
  void announced(InvocationContext invocation, ChatRequest request) {
    UUID id = invocation.invocationId();
    if (id == null) {
      return;
    }
    Deque<Announced> here = announced.get();
    if (here == null) {
      here = new ArrayDeque<>();
      announced.set(here);
    }
    here.removeIf(other -> other.invocation().equals(id) || hasEnded(other));
    if (here.size() >= MAX_ANNOUNCED) {
      here.removeLast();
    }
    here.push(
        new Announced(
            id,
            new WeakReference<>(request),
            new WeakReference<>(Reentry.identity(request)),
            operationOf(invocation)));
  }

  /** The operation of a request that was announced on this thread; it is forgotten by asking. */
  @Nullable TrackedOperation take(ChatRequest request) {
    Deque<Announced> here = announced.get();
    if (here == null || here.isEmpty()) {
      return null;
    }
    here.removeIf(this::hasEnded);
    Announced found = find(here, other -> other.request().refersTo(request));
    if (found == null && !here.isEmpty()) {
      if (ServiceStack.isInsideService()) {
        Object last = Reentry.identity(request);
        found = find(here, other -> other.lastMessage().refersTo(last));
      } else {
        here.clear(); // who announced them is not here any more
      }
    }
    if (found == null) {
      return null;
    }
    here.remove(found);
    return found.operation();
  }

  private static @Nullable Announced find(Deque<Announced> here, Predicate<Announced> such) {
    return here.stream().filter(such).findFirst().orElse(null);
  }

  private boolean hasEnded(Announced other) {
    return !operations.asMap().containsKey(other.invocation());
  }

  /** It is over; what it announced on other threads is void by that. */
  void ended(InvocationContext invocation) {
    UUID id = invocation.invocationId();
    if (id == null) {
      return;
    }
    TrackedOperation operation = operations.asMap().remove(id);
    if (operation != null) {
      operation.end();
    }
    Deque<Announced> here = announced.get();
    if (here != null) {
      here.removeIf(this::hasEnded);
    }
  }

  /** How many are remembered. */
  long underWay() {
    operations.cleanUp();
    return operations.estimatedSize();
  }

  private TrackedOperation operationOf(InvocationContext invocation) {
    return operations.get(
        invocation.invocationId(), id -> tracker.startOperation(attributionIn(invocation)));
  }

  /** Who the caller of the AI service said it is. */
  private static @Nullable Attribution attributionIn(InvocationContext invocation) {
    var parameters = invocation.invocationParameters();
    Object who = parameters == null ? null : parameters.asMap().get(TrackedModels.ATTRIBUTION);
    return who instanceof Attribution attribution ? attribution : null;
  }
}
