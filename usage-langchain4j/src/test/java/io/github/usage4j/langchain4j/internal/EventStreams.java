package io.github.usage4j.langchain4j.internal;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.zip.CRC32;

/** Writes frames of an AWS event stream, for servers in tests. */
public final class EventStreams {

  private EventStreams() {}

  /** A frame that is an event of this type. */
  public static byte[] event(String type, String json) {
    return frame(
        json.getBytes(StandardCharsets.UTF_8),
        ":event-type",
        type,
        ":content-type",
        "application/json",
        ":message-type",
        "event");
  }

  /** A frame that says why there is no answer. */
  public static byte[] exception(String type, String json) {
    return frame(
        json.getBytes(StandardCharsets.UTF_8),
        ":exception-type",
        type,
        ":content-type",
        "application/json",
        ":message-type",
        "exception");
  }

  /** A frame with a document of the model's own in it. */
  public static byte[] chunk(String json) {
    String wrapped = Base64.getEncoder().encodeToString(json.getBytes(StandardCharsets.UTF_8));
    return event("chunk", "{\"bytes\":\"" + wrapped + "\",\"p\":\"abcdefgh\"}");
  }

  private static byte[] frame(byte[] payload, String... headers) {
    var head = new ByteArrayOutputStream();
    for (int i = 0; i < headers.length; i += 2) {
      byte[] name = headers[i].getBytes(StandardCharsets.UTF_8);
      byte[] value = headers[i + 1].getBytes(StandardCharsets.UTF_8);
      head.write(name.length);
      head.writeBytes(name);
      head.write(7);
      head.write(value.length >> 8);
      head.write(value.length);
      head.writeBytes(value);
    }
    ByteBuffer frame = ByteBuffer.allocate(16 + head.size() + payload.length);
    frame.putInt(frame.capacity()).putInt(head.size());
    frame.putInt(sum(frame)).put(head.toByteArray()).put(payload);
    frame.putInt(sum(frame));
    return frame.array();
  }

  private static int sum(ByteBuffer until) {
    var sum = new CRC32();
    sum.update(until.array(), 0, until.position());
    return (int) sum.getValue();
  }

  /** One after the other. */
  public static byte[] all(byte[]... frames) {
    var all = new ByteArrayOutputStream();
    for (byte[] frame : frames) {
      all.writeBytes(frame);
    }
    return all.toByteArray();
  }
}
