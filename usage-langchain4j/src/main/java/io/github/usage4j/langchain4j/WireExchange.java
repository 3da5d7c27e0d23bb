package io.github.usage4j.langchain4j;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.langchain4j.exception.HttpException;
import io.github.usage4j.UsageEvent.Source;
import io.github.usage4j.provider.RawUsage;
import io.github.usage4j.provider.StatedUsage;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.net.http.HttpConnectTimeoutException;
import java.util.function.Consumer;
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
  record Seen(StatedUsage usage, Progress progress, boolean concluded) {

    static final Seen NOTHING = new Seen(StatedUsage.NONE, Progress.SENT, false);

    /** Whether more may be stated. */
    boolean open() {
      return progress != Progress.ENDED && !concluded;
    }

    boolean stated() {
      return !usage.tokens().isUnknown();
    }
  }

  private final Settings settings;
  private final WireCapture capture;
  private final RawUsage raw; // guarded by this
  private volatile Seen seen = Seen.NOTHING; // written under this

  WireExchange(Settings settings, WireCapture capture, RawUsage raw) {
    this.settings = settings;
    this.capture = capture;
    this.raw = raw;
  }

  Seen seen() {
    return seen;
  }

  /**
   * The whole answer.
   *
   * @param reading reads it
   * @param isJson whether it must be: else nobody minds if it is not
   */
  void body(Consumer<RawUsage> reading, boolean isJson) {
    scan(reading, Progress.ENDED, isJson);
  }

  /** The usage of an answer that somebody else parsed. */
  void usage(ObjectNode block) {
    scan(usage -> usage.usage(block), Progress.ENDED, true);
  }

  /** Something came in, whatever it says. */
  void heard() {
    capture.heard();
  }

  /** A stream begins. */
  void opened() {
    heard();
    to(Progress.OPEN);
  }

  /** A piece of a stream. */
  void event(@Nullable String data) {
    heard();
    if (data != null && RawUsage.mayState(data)) {
      piece(usage -> usage.read(data));
    } else if (seen.progress() == Progress.SENT) {
      to(Progress.OPEN);
    }
  }

  /** A piece of a stream in which usage may be stated. */
  void piece(Consumer<RawUsage> reading) {
    scan(reading, Progress.OPEN, true);
  }

  /** The answer is complete. */
  void ended() {
    to(Progress.ENDED);
  }

  /** The provider answered with an error, or ended its answer with one. */
  void refused() {
    to(seen.progress() == Progress.SENT ? Progress.REFUSED : Progress.BROKEN);
  }

  void failed(@Nullable Throwable error) {
    to(nothingCharged(error) ? Progress.REFUSED : Progress.BROKEN);
  }

  /** The answer is complete, but could not be looked at. */
  void unreadable(Throwable problem) {
    ended();
    problem(problem);
  }

  /** Something of the answer could not be read. */
  void problem(Throwable problem) {
    settings.wireProblem("an answer on the wire could not be read", problem);
  }

  private void scan(Consumer<RawUsage> reading, Progress progress, boolean isJson) {
    Throwable problem = scanned(reading, progress);
    if (problem != null && isJson) {
      problem(problem);
    }
  }

  private synchronized @Nullable Throwable scanned(Consumer<RawUsage> reading, Progress progress) {
    to(progress);
    try {
      reading.accept(raw);
      seen = new Seen(raw.stated(Source.WIRE), seen.progress(), raw.concluded());
      return raw.takeProblem();
    } catch (RuntimeException | LinkageError | StackOverflowError e) {
      return e;
    }
  }

  /** Forward only: what a client does after the end of an exchange changes nothing. */
  private synchronized void to(Progress next) {
    Progress now = seen.progress();
    if (now == Progress.SENT || (now == Progress.OPEN && next != Progress.SENT)) {
      seen = new Seen(seen.usage(), next, seen.concluded());
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
