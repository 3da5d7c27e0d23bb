package io.github.usage4j.langchain4j.internal;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * Reads the frames of an AWS event stream from the pieces in which it arrives. A frame is: its
 * length, the length of its headers, a checksum of those two; headers; payload; a checksum of
 * everything before. Payloads that nobody wants are summed up and skipped, so that a long answer
 * takes no memory.
 *
 * <p>Not the SDK's own decoder, because that begins with a buffer of 2 MiB for each stream. Not
 * safe for use by several threads.
 */
public final class EventStreamDecoder {

  /** The longest payload that is looked at; usage is stated in a few hundred bytes. */
  static final int MAX_PAYLOAD = 1 << 20;

  private static final int PRELUDE = 12;
  private static final int CHECKSUM = 4;
  private static final int MAX_HEADERS = 128 << 10;
  private static final int MAX_FRAME = 64 << 20; // more than the SDK reads
  private static final int STRING = 7;
  private static final int BYTES = 6;

  /** How many bytes a header's value has, by its type; those of 6 and 7 say it themselves. */
  private static final int[] LENGTHS = {0, 0, 1, 2, 4, 8, 0, 0, 8, 16};

  /** Who looks at the frames. */
  public interface Frames {

    /** Whether to hand over the payloads of this type of event. */
    boolean wants(String eventType);

    /** A payload that was wanted; the array is used again afterwards. */
    void frame(String eventType, byte[] payload, int length);

    /** Something could not be read: the frame, or everything from here on. */
    void broken(String what);
  }

  private enum Part {
    PRELUDE,
    HEADERS,
    PAYLOAD,
    CHECKSUM,
    LOST
  }

  private final Frames frames;
  private final CRC32 sum = new CRC32();
  private final byte[] fixed = new byte[PRELUDE];
  private byte[] kept = new byte[512];
  private Part part = Part.PRELUDE;
  private int done; // bytes of this part
  private int headersLength;
  private int payloadLength;
  private @Nullable String type; // of the frame being read, if its payload is wanted

  /** A decoder of one stream. */
  public EventStreamDecoder(Frames frames) {
    this.frames = frames;
  }

  /** The next piece, which is left as it is. */
  public void feed(ByteBuffer piece) {
    ByteBuffer in = piece.duplicate();
    while (part != Part.LOST && step(in)) {
      // one part after the other
    }
  }

  /** The stream is over. */
  public void end() {
    if (part != Part.LOST && !(part == Part.PRELUDE && done == 0)) {
      lose("an event stream ends within a frame");
    }
  }

  /** Reads on; false if the piece is used up before the part is complete. */
  private boolean step(ByteBuffer in) {
    return switch (part) {
      case PRELUDE -> take(in, fixed, PRELUDE) && prelude();
      case HEADERS -> take(in, kept, headersLength) && headers();
      case PAYLOAD -> (type == null ? skip(in) : take(in, kept, payloadLength)) && payload();
      case CHECKSUM -> take(in, fixed, CHECKSUM) && checksum();
      case LOST -> false;
    };
  }

  private boolean take(ByteBuffer in, byte[] to, int length) {
    int now = Math.min(in.remaining(), length - done);
    in.get(to, done, now);
    done += now;
    return done == length;
  }

  private boolean skip(ByteBuffer in) {
    int now = Math.min(in.remaining(), payloadLength - done);
    ByteBuffer skipped = in.duplicate();
    skipped.limit(in.position() + now);
    sum.update(skipped);
    in.position(in.position() + now);
    done += now;
    return done == payloadLength;
  }

  private boolean prelude() {
    ByteBuffer prelude = ByteBuffer.wrap(fixed);
    long length = Integer.toUnsignedLong(prelude.getInt());
    long headers = Integer.toUnsignedLong(prelude.getInt());
    sum.reset();
    sum.update(fixed, 0, PRELUDE - CHECKSUM);
    long payload = length - headers - PRELUDE - CHECKSUM;
    if ((int) sum.getValue() != prelude.getInt()
        || headers > MAX_HEADERS
        || payload < 0
        || length > MAX_FRAME) {
      return lose("the length of a frame of an event stream is wrong");
    }
    sum.update(fixed, PRELUDE - CHECKSUM, CHECKSUM);
    headersLength = (int) headers;
    payloadLength = (int) payload;
    type = null;
    room(headersLength);
    return next(Part.HEADERS);
  }

  private boolean headers() {
    sum.update(kept, 0, headersLength);
    String event = eventType(ByteBuffer.wrap(kept, 0, headersLength));
    if (event != null && frames.wants(event)) {
      if (payloadLength > MAX_PAYLOAD) {
        frames.broken("a frame of an event stream is too long to be looked at");
      } else {
        type = event;
        room(payloadLength);
      }
    }
    return next(Part.PAYLOAD);
  }

  private boolean payload() {
    if (type != null) {
      sum.update(kept, 0, payloadLength);
    }
    return next(Part.CHECKSUM);
  }

  private boolean checksum() {
    if ((int) sum.getValue() != ByteBuffer.wrap(fixed).getInt()) {
      frames.broken("the checksum of a frame of an event stream is wrong");
    } else if (type != null) {
      frames.frame(type, kept, payloadLength);
    }
    return next(Part.PRELUDE);
  }

  private boolean next(Part following) {
    part = following;
    done = 0;
    return true;
  }

  private boolean lose(String what) {
    part = Part.LOST;
    frames.broken(what);
    return false;
  }

  private void room(int length) {
    if (kept.length < length) {
      kept = new byte[length];
    }
  }

  /** What kind of event a frame is; null if it is an exception, or its headers make no sense. */
  private static @Nullable String eventType(ByteBuffer headers) {
    while (headers.hasRemaining()) {
      int nameLength = Byte.toUnsignedInt(headers.get());
      if (headers.remaining() <= nameLength) {
        return null;
      }
      String name = text(headers, nameLength);
      int kind = headers.get();
      boolean sized = kind == STRING || kind == BYTES;
      if (kind < 0 || kind >= LENGTHS.length || (sized && headers.remaining() < 2)) {
        return null;
      }
      int length = sized ? Short.toUnsignedInt(headers.getShort()) : LENGTHS[kind];
      if (headers.remaining() < length) {
        return null;
      }
      if (kind == STRING && name.equals(":event-type")) {
        return text(headers, length);
      }
      headers.position(headers.position() + length);
    }
    return null;
  }

  private static String text(ByteBuffer from, int length) {
    byte[] bytes = new byte[length];
    from.get(bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
