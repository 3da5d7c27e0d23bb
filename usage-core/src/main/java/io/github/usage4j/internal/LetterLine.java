package io.github.usage4j.internal;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.usage4j.Attribution;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageMetrics.DropReason;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A dead letter as one line of JSON: the event in the form of {@link EventJson} with its labels
 * beside it, because a letter is all that is left of it. Safe for use by several threads.
 *
 * @param event as it was given
 * @param reason why it was dropped
 * @param at when that was
 * @param why what the sink said, cut after {@value #MAX_WHY} characters; empty if it said nothing
 */
public record LetterLine(UsageEvent event, DropReason reason, Instant at, String why) {

  /** The greatest number of bytes of a line. */
  public static final int MAX_BYTES = 1 << 20;

  /** The greatest number of characters (code points) of what the sink said. */
  public static final int MAX_WHY = 2_000;

  private static final Logger LOG = LoggerFactory.getLogger(LetterLine.class);
  private static final JsonMapper MAPPER = new JsonMapper();

  /** Cuts what the sink said. */
  public LetterLine {
    if (why.length() > MAX_WHY && why.codePointCount(0, why.length()) > MAX_WHY) {
      why = why.substring(0, why.offsetByCodePoints(0, MAX_WHY));
    }
    // Half a surrogate pair cannot be written as JSON.
    why = new String(why.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
  }

  /** The line in UTF-8, without its end. */
  public byte[] bytes() throws IOException {
    var bytes = new ByteArrayOutputStream(512);
    Attribution who = event.attribution();
    try (JsonGenerator json = MAPPER.createGenerator(bytes)) {
      json.writeStartObject();
      json.writeStringField("reason", reason.name());
      json.writeStringField("at", at.truncatedTo(ChronoUnit.MICROS).toString());
      json.writeStringField("why", why);
      if (who.userLabel() != null) {
        json.writeStringField("userLabel", who.userLabel());
      }
      if (who.customerLabel() != null) {
        json.writeStringField("customerLabel", who.customerLabel());
      }
      json.writeFieldName("event");
      json.writeRawValue(new String(EventJson.write(event, null), StandardCharsets.UTF_8));
      json.writeEndObject();
    }
    return bytes.toByteArray();
  }

  /** What a line says; null if it is no letter that this version can read. */
  public static @Nullable LetterLine parse(byte[] line) {
    try {
      JsonNode json = MAPPER.readTree(line);
      UsageEvent event = EventJson.read(MAPPER.writeValueAsBytes(json.path("event"))).event();
      Attribution who = event.attribution();
      who = who.user(who.user(), json.path("userLabel").textValue());
      who = who.customer(who.customer(), json.path("customerLabel").textValue());
      return new LetterLine(
          event.toBuilder().attribution(who).build(),
          DropReason.valueOf(json.path("reason").asText()),
          Instant.parse(json.path("at").asText()),
          json.path("why").asText());
    } catch (IOException | RuntimeException e) {
      LOG.debug("Not a dead letter", e);
      return null;
    }
  }
}
