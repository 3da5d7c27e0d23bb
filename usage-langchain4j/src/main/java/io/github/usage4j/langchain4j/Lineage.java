package io.github.usage4j.langchain4j;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import io.github.usage4j.Attribution;
import io.github.usage4j.track.TrackedCall;
import io.github.usage4j.track.UsageTracker;
import java.lang.ref.WeakReference;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.WeakHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Which call asked for the tools whose results a request carries, so that the request is the next
 * step of the same operation, whoever runs the loop and on whatever thread. The key is the answer
 * object itself. Tool-call ids are none: providers send {@code null}, {@code 0} or {@code call_0}.
 *
 * <p>A chat memory that serialises its messages returns equal ones, not the same. Such a request is
 * joined only if exactly one operation that is remembered got an equal answer and is attributed to
 * the same ones as the calling thread. Of an answer nothing but a digest is kept for that.
 */
final class Lineage {

  /** How long an answer that asked for tools is remembered for an equal one to come. */
  private static final Duration REMEMBERED = Duration.ofMinutes(10);

  private static final int MAX_REMEMBERED = 10_000;

  /** Weak both ways: what is remembered of calls refers to their tracker. */
  private static final Map<UsageTracker, WeakReference<Lineage>> OF = new WeakHashMap<>();

  private record Step(TrackedCall call, Attribution who) {}

  private final Cache<AiMessage, Step> answers = Caffeine.newBuilder().weakKeys().build();
  private final Cache<ByteBuffer, List<Step>> equalAnswers =
      Caffeine.newBuilder().expireAfterWrite(REMEMBERED).maximumSize(MAX_REMEMBERED).build();

  private final Invocations invocations;

  private Lineage(UsageTracker tracker) {
    invocations = new Invocations(tracker);
    tracker.carry(Reentry::carried);
  }

  /** The AI-service invocations of the same tracker. */
  Invocations invocations() {
    return invocations;
  }

  /** The one that all models of a tracker share. */
  static Lineage of(UsageTracker tracker) {
    synchronized (OF) {
      WeakReference<Lineage> reference = OF.get(tracker);
      Lineage lineage = reference == null ? null : reference.get();
      if (lineage == null) {
        lineage = new Lineage(tracker);
        OF.put(tracker, new WeakReference<>(lineage));
      }
      return lineage;
    }
  }

  /**
   * Remembers which call gave an answer, if it asks for tools. One that was only tried out is no
   * reason to leave out what follows for real.
   */
  void remember(@Nullable AiMessage answer, TrackedCall call, Attribution who) {
    if (answer == null || !answer.hasToolExecutionRequests() || call.suspended()) {
      return;
    }
    var step = new Step(call, who);
    answers.put(answer, step);
    equalAnswers
        .asMap()
        .merge(digest(answer), List.of(step), (known, added) -> atMostTwo(known, added.get(0)));
  }

  /** Remembers what a decorator made of an answer that is remembered as another call's. */
  void rememberToo(@Nullable AiMessage answer, TrackedCall call, Attribution who) {
    if (answer == null || !answer.hasToolExecutionRequests() || call.suspended()) {
      return;
    }
    var step = new Step(call, who);
    answers.asMap().putIfAbsent(answer, step);
    equalAnswers.asMap().putIfAbsent(digest(answer), List.of(step));
  }

  /** The call whose tools gave the results at the end of these messages. */
  @Nullable TrackedCall previous(List<ChatMessage> messages, UsageTracker tracker) {
    AiMessage asked = askedForTools(messages);
    if (asked == null) {
      return null;
    }
    Step step = answers.getIfPresent(asked);
    if (step != null) {
      return contradicts(step.who(), tracker.currentAttribution()) ? null : step.call();
    }
    List<Step> equal = equalAnswers.getIfPresent(digest(asked));
    if (equal == null || equal.size() != 1) {
      return null;
    }
    step = equal.get(0);
    return sameOnes(step.who(), tracker.currentAttribution()) ? step.call() : null;
  }

  private static @Nullable AiMessage askedForTools(List<ChatMessage> messages) {
    int last = messages.size() - 1;
    int i = last;
    while (i >= 0 && messages.get(i) instanceof ToolExecutionResultMessage) {
      i--;
    }
    return i >= 0
            && i < last
            && messages.get(i) instanceof AiMessage answer
            && answer.hasToolExecutionRequests()
        ? answer
        : null;
  }

  /** Two are as good as many: no telling which. The last one of an operation stands for it. */
  private static List<Step> atMostTwo(List<Step> known, Step added) {
    if (known.size() > 1) {
      return known;
    }
    if (known.get(0).call().operationId().equals(added.call().operationId())) {
      return List.of(added);
    }
    var both = new ArrayList<>(known);
    both.add(added);
    return List.copyOf(both);
  }

  /**
   * Whether somebody else is known now: a user who goes on with another one's conversation, or who
   * was not known yet when it began. Somebody known is never overruled by nobody.
   */
  private static boolean contradicts(Attribution then, Attribution now) {
    return differ(then.organization(), now.organization()) || differ(then.user(), now.user());
  }

  private static boolean differ(@Nullable String then, @Nullable String now) {
    return now != null && !now.equals(then);
  }

  private static boolean sameOnes(Attribution a, Attribution b) {
    return Objects.equals(a.organization(), b.organization())
        && Objects.equals(a.user(), b.user())
        && Objects.equals(a.customer(), b.customer())
        && Objects.equals(a.session(), b.session());
  }

  private static ByteBuffer digest(AiMessage answer) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      update(digest, answer.text());
      for (ToolExecutionRequest request : answer.toolExecutionRequests()) {
        update(digest, request.id());
        update(digest, request.name());
        update(digest, request.arguments());
      }
      return ByteBuffer.wrap(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  private static void update(MessageDigest digest, @Nullable String part) {
    byte[] bytes = part == null ? new byte[0] : part.getBytes(StandardCharsets.UTF_8);
    digest.update((byte) (part == null ? 0 : 1));
    digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(0, bytes.length));
    digest.update(bytes);
  }
}
