package io.github.usage4j.sink;

import io.github.usage4j.UsageEvent;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * Where events go: the write SPI. A sink may block and may throw; a {@link UsageBuffer} in front of
 * it keeps that away from the caller of a model. One thread at a time writes.
 *
 * <p>A delivery may be repeated after a failure or a crash, so a sink with effects of its own must
 * recognise an event by its id.
 */
@FunctionalInterface
public interface UsageSink {

  /**
   * Stores a batch: all of it, or none.
   *
   * @param events not empty; the list is not changed afterwards
   * @throws RejectedException if the batch can never be stored because of what is in it
   * @throws Exception if it cannot be stored now; it will be tried again. One that is, or is caused
   *     by, a {@link java.sql.SQLTransientException}, a {@link java.sql.SQLRecoverableException}, a
   *     lost connection or a timeout is never taken for the fault of an event
   */
  void write(List<UsageEvent> events) throws Exception;

  /** Stores a batch like {@link #write(List)} and says what became of events known already. */
  default void write(List<UsageEvent> events, Report report) throws Exception {
    write(events);
  }

  /** Makes durable what was written, where {@link #write} does not do so itself. */
  default void flush() throws Exception {}

  /** Called once, after the last write. A store stays readable. */
  default void close() throws Exception {}

  /**
   * A sink that writes one line at info level for each event, with the event's components as
   * key-value pairs, named as OpenTelemetry names them where it does. What is unknown is left out,
   * and so are labels, metadata and error messages. A delivery that is repeated is logged again.
   */
  static UsageSink toLog(Logger logger) {
    return new LogSink(Objects.requireNonNull(logger, "logger"));
  }

  /**
   * What a store says about events that it did not add: those it had already, and those that came
   * too late. Called after the batch is committed.
   */
  interface Report {
    /** Listens to nothing. */
    Report NONE = new Report() {};

    /** The store had this event, billed the same: harmless. */
    default void duplicate(UsageEvent event) {}

    /** The store has this id with other billable content; the stored event stays as it is. */
    default void conflict(UsageEvent event) {}

    /**
     * Like {@link #conflict(UsageEvent)}, from a sink that knows what it has. Does that by default.
     *
     * @param stored the event that is stored; null if it cannot be read
     */
    default void conflict(UsageEvent event, @Nullable UsageEvent stored) {
      conflict(event);
    }

    /**
     * The single calls of that time are gone from the store, so that it cannot tell whether it has
     * counted this one: it is not stored and changes no total.
     */
    default void behindHorizon(UsageEvent event) {}
  }

  /**
   * A batch can never be stored because of what is in it. Whoever delivers splits the batch to find
   * the event, and gives up that one alone.
   */
  final class RejectedException extends Exception {

    private static final long serialVersionUID = 1L;

    /** Names the value and the rule that it breaks. */
    public RejectedException(String message, Throwable cause) {
      super(message, cause);
    }
  }
}
