package io.github.usage4j.langchain4j;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.langchain4j.invocation.InvocationContext;
import dev.langchain4j.model.chat.request.ChatRequest;
import io.github.usage4j.Attribution;
import io.github.usage4j.track.TrackedOperation;
import io.github.usage4j.track.UsageTracker;
import java.time.Duration;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The AI-service invocations of one tracker that are under way, each with its operation. A request
 * is announced on the thread that makes it, just before the model is called, so that the call finds
 * its operation by the identity of the request.
 */
final class Invocations {

  /**
   * An invocation that never ends, such as a stream that was cancelled, is forgotten after this.
   */
  private static final Duration REMEMBERED = Duration.ofHours(1);

  private static final ThreadLocal<@Nullable Announced> NEXT = new ThreadLocal<>();

  private final UsageTracker tracker;
  private final ServiceStack stack = new ServiceStack();
  private final Cache<UUID, TrackedOperation> operations =
      Caffeine.newBuilder().expireAfterAccess(REMEMBERED).build();

  /** The request that is made next on this thread. */
  private record Announced(Invocations by, ChatRequest request, TrackedOperation operation) {}

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
    if (invocation.invocationId() != null) {
      NEXT.set(new Announced(this, request, operationOf(invocation)));
    }
  }

  /** The operation of a request that was announced on this thread; it is forgotten by asking. */
  @SuppressWarnings("ReferenceEquality") // equal requests may be made at once by different users
  @Nullable TrackedOperation take(ChatRequest request) {
    Announced next = NEXT.get();
    if (next == null) {
      return null;
    }
    NEXT.remove();
    return next.by() == this && next.request() == request ? next.operation() : null;
  }

  void ended(InvocationContext invocation) {
    NEXT.remove();
    if (invocation.invocationId() != null) {
      TrackedOperation operation = operations.asMap().remove(invocation.invocationId());
      if (operation != null) {
        operation.end();
      }
    }
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
