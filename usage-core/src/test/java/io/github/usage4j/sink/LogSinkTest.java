package io.github.usage4j.sink;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.usage4j.UsageEvent;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.slf4j.Marker;
import org.slf4j.event.KeyValuePair;
import org.slf4j.event.Level;
import org.slf4j.event.LoggingEvent;
import org.slf4j.helpers.LegacyAbstractLogger;
import org.slf4j.spi.LoggingEventAware;

class LogSinkTest {

  /** Keeps what it is given. */
  private static final class KeptLines extends LegacyAbstractLogger implements LoggingEventAware {

    private static final long serialVersionUID = 1L;
    private final transient List<List<KeyValuePair>> lines = new ArrayList<>();

    @Override
    public void log(LoggingEvent event) {
      lines.add(event.getKeyValuePairs());
    }

    @Override
    protected String getFullyQualifiedCallerName() {
      return "";
    }

    @Override
    protected void handleNormalizedLoggingCall(
        Level level, Marker marker, String message, Object[] arguments, Throwable throwable) {
      throw new AssertionError("a line without key-value pairs: " + message);
    }

    @Override
    public boolean isTraceEnabled() {
      return true;
    }

    @Override
    public boolean isDebugEnabled() {
      return true;
    }

    @Override
    public boolean isInfoEnabled() {
      return true;
    }

    @Override
    public boolean isWarnEnabled() {
      return true;
    }

    @Override
    public boolean isErrorEnabled() {
      return true;
    }
  }

  private static List<String> line(UsageEvent event) throws Exception {
    var logger = new KeptLines();
    UsageSink.toLog(logger).write(List.of(event));
    assertThat(logger.lines).hasSize(1);
    return logger.lines.get(0).stream().map(pair -> pair.key + "=" + pair.value).toList();
  }

  @Test
  void conditions_haveAKeyEach() throws Exception {
    assertThat(line(UsageEvents.complete()))
        .contains(
            "usage.condition.speed=fast",
            "usage.condition.quote\"d=it's \\ \uD83D\uDE00",
            "gen_ai.usage.input_tokens=1000",
            "usage.units.searches=3");
  }

  @Test
  void unknown_hasNoKey() throws Exception {
    assertThat(line(UsageEvents.chat().build()))
        .noneMatch(pair -> pair.startsWith("usage.condition") || pair.endsWith("=null"));
  }
}
