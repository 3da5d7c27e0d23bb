package io.github.usage4j.langchain4j;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.langchain4j.exception.HttpException;
import io.github.usage4j.UsageEvent.Source;
import io.github.usage4j.langchain4j.internal.RawUsage;
import io.github.usage4j.langchain4j.internal.StatedUsage;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.net.http.HttpConnectTimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * One exchange with a provider: how far it got and what usage it stated until now, nothing else of
 * it. Written by whichever thread brings the answer, and read at any time by any other, through a
 * snapshot. Nothing here throws: what cannot be read is reported and was not stated.
 */
final class WireExchange {

  enum Progress {
    /** Nothing came back yet. */
    SENT,
    /** The provider answered that it will not, or was not reached: nothing is charged. */
    REFUSED,
    /** An answer comes in. */
    OPEN,
    /** The answer is complete. */
    ENDED,
    /** It broke off; what the provider charges is not known. */
    BROKEN
  }

  /** What is known at one moment. */
  record Seen(StatedUsage usage, Progress progress) {

    static final Seen NOTHING = new Seen(StatedUsage.NONE, Progress.SENT);

    boolean stated() {
      return !usage.tokens().isUnknown();
    }
  }

  private final Settings settings;
  private final WireCapture capture;
  private final RawUsage raw = new RawUsage(); // guarded by this
  private volatile Seen seen = Seen.NOTHING; // written under this

  WireExchange(Settings settings, WireCapture capture) {
    this.settings = settings;
    this.capture = capture;
  }

  Seen seen() {
    return seen;
  }

  /** The whole answer, in JSON. */
  void body(byte[] json) {
    scan(() -> raw.read(json), Progress.ENDED);
  }

  /** The whole answer, in JSON. */
  void body(String json) {
    scan(() -> raw.read(json), Progress.ENDED);
  }

  /** The usage of an answer that somebody else parsed. */
  void usage(ObjectNode block) {
    scan(() -> raw.usage(block), Progress.ENDED);
  }

  /** A stream begins. */
  void opened() {
    capture.heard();
    to(Progress.OPEN);
  }

  /** A piece of a stream. */
  void event(@Nullable String data) {
    capture.heard();
    if (data != null && RawUsage.mayState(data)) {
      scan(() -> raw.read(data), Progress.OPEN);
    } else if (seen.progress() == Progress.SENT) {
      to(Progress.OPEN);
    }
  }

  /** The answer is complete. */
  void ended() {
    to(Progress.ENDED);
  }

  /** The provider answered with an error. */
  void refused() {
    to(Progress.REFUSED);
  }

  void failed(@Nullable Throwable error) {
    to(nothingCharged(error) ? Progress.REFUSED : Progress.BROKEN);
  }

  /** The answer is complete, but could not be looked at. */
  void unreadable(Throwable problem) {
    ended();
    settings.wireProblem("an answer on the wire could not be read", problem);
  }

  private synchronized void scan(Runnable reading, Progress progress) {
    to(progress);
    try {
      reading.run();
      seen = new Seen(raw.stated(Source.WIRE), seen.progress());
    } catch (RuntimeException | LinkageError | StackOverflowError e) {
      settings.wireProblem("an answer on the wire could not be read", e);
    }
  }

  /** Forward only: what a client does after the end of an exchange changes nothing. */
  private synchronized void to(Progress next) {
    Progress now = seen.progress();
    if (now == Progress.SENT || (now == Progress.OPEN && next != Progress.SENT)) {
      seen = new Seen(seen.usage(), next);
    }
  }

  private static boolean nothingCharged(@Nullable Throwable error) {
    Throwable cause = error;
    for (int depth = 0; cause != null && depth < 10; depth++) {
      if (cause instanceof HttpException
          || cause instanceof ConnectException
          || cause instanceof UnknownHostException
          || cause instanceof HttpConnectTimeoutException) {
        return true;
      }
      cause = cause.getCause();
    }
    return false;
  }
}
