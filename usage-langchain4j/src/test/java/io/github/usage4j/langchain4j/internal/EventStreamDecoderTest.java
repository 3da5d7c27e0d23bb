package io.github.usage4j.langchain4j.internal;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EventStreamDecoderTest {

  private static final byte[] TEXT = EventStreams.event("contentBlockDelta", "{\"text\":\"a\"}");
  private static final byte[] USAGE = EventStreams.event("metadata", "{\"usage\":{}}");

  private final List<String> seen = new ArrayList<>();
  private final EventStreamDecoder decoder =
      new EventStreamDecoder(
          new EventStreamDecoder.Frames() {
            @Override
            public boolean wants(String eventType) {
              return eventType.equals("metadata");
            }

            @Override
            public void frame(String eventType, byte[] payload, int length) {
              seen.add(eventType + new String(payload, 0, length, StandardCharsets.UTF_8));
            }

            @Override
            public void broken(String what) {
              seen.add(what);
            }
          });

  private void read(byte[] stream) {
    decoder.feed(ByteBuffer.wrap(stream));
    decoder.end();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7, 11, 12, 13, 100, 10_000})
  void frames_areReadHoweverTheyAreCut(int size) {
    byte[] stream = EventStreams.all(TEXT, USAGE, TEXT, USAGE);
    for (int from = 0; from < stream.length; from += size) {
      ByteBuffer piece = ByteBuffer.wrap(stream, from, Math.min(size, stream.length - from));
      decoder.feed(piece.asReadOnlyBuffer());
      assertThat(piece.remaining()).isPositive();
    }
    decoder.end();

    assertThat(seen).containsExactly("metadata{\"usage\":{}}", "metadata{\"usage\":{}}");
  }

  @Test
  void wrongChecksum_losesThatFrameOnly() {
    byte[] wrong = USAGE.clone();
    wrong[wrong.length - 6] ^= 1; // in the payload
    byte[] unwanted = TEXT.clone();
    unwanted[unwanted.length - 1] ^= 1;

    read(EventStreams.all(wrong, unwanted, USAGE));

    assertThat(seen)
        .containsExactly(
            "the checksum of a frame of an event stream is wrong",
            "the checksum of a frame of an event stream is wrong",
            "metadata{\"usage\":{}}");
  }

  @Test
  void wrongLength_losesTheRest_andSaysSoOnce() {
    byte[] wrong = USAGE.clone();
    wrong[3] ^= 1;

    read(EventStreams.all(USAGE, wrong, USAGE));

    assertThat(seen)
        .containsExactly(
            "metadata{\"usage\":{}}", "the length of a frame of an event stream is wrong");
  }

  @Test
  void cutOff_isBrokenWhereverItIs() {
    for (int length = 1; length < USAGE.length; length++) {
      seen.clear();
      var cut = new EventStreamDecoderTest();
      cut.read(Arrays.copyOf(USAGE, length));
      assertThat(cut.seen).containsExactly("an event stream ends within a frame");
    }
    decoder.end();
    assertThat(seen).isEmpty(); // nothing came: nothing is cut off
  }

  @Test
  void payloadThatIsTooLong_isSkipped() {
    byte[] huge =
        EventStreams.event("metadata", " ".repeat(EventStreamDecoder.MAX_PAYLOAD) + "{\"a\":1}");

    read(EventStreams.all(huge, USAGE));

    assertThat(seen)
        .containsExactly(
            "a frame of an event stream is too long to be looked at", "metadata{\"usage\":{}}");
  }

  @Test
  void noise_neverThrows() {
    var random = new Random(7);
    for (int i = 0; i < 2_000; i++) {
      byte[] stream = EventStreams.all(TEXT, USAGE);
      for (int flips = 0; flips < 3; flips++) {
        stream[random.nextInt(stream.length)] = (byte) random.nextInt();
      }
      new EventStreamDecoderTest().read(stream);
    }
    byte[] noise = new byte[100_000];
    random.nextBytes(noise);
    read(noise);
    assertThat(seen).hasSize(1);
  }

  @Test
  void longStream_takesTheMemoryOfOneFrame() {
    ByteBuffer text =
        ByteBuffer.wrap(
            EventStreams.event("contentBlockDelta", "{\"text\":\"" + "a".repeat(48_000) + "\"}"));
    var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    decoder.feed(text);
    long before = threads.getCurrentThreadAllocatedBytes();
    for (int i = 0; i < 100; i++) {
      decoder.feed(text); // 4.8 MB
    }
    assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(100 * 1024);
    decoder.feed(ByteBuffer.wrap(USAGE));
    assertThat(seen).containsExactly("metadata{\"usage\":{}}");
  }
}
