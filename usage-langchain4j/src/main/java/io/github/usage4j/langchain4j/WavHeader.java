package io.github.usage4j.langchain4j;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Says how long uncompressed WAV audio is, and nothing of any other. */
final class WavHeader {

  private static final int RIFF = 0x46464952; // four characters each, as little-endian numbers
  private static final int WAVE = 0x45564157;
  private static final int FORMAT = 0x20746d66;
  private static final int DATA = 0x61746164;
  private static final int FIRST_CHUNK = 12;
  private static final int CHUNK_HEADER = 8;
  private static final int FORMAT_SIZE = 16;
  private static final int PCM = 1;
  private static final int MILLIS = 3;

  private WavHeader() {}

  /** The seconds, to the millisecond; empty if the audio does not say, or contradicts itself. */
  static Optional<BigDecimal> seconds(byte @Nullable [] audio) {
    if (audio == null || audio.length < FIRST_CHUNK) {
      return Optional.empty();
    }
    ByteBuffer in = ByteBuffer.wrap(audio).order(ByteOrder.LITTLE_ENDIAN);
    if (in.getInt(0) != RIFF || in.getInt(CHUNK_HEADER) != WAVE) {
      return Optional.empty();
    }
    long bytesPerSecond = 0;
    long at = FIRST_CHUNK;
    while (at + CHUNK_HEADER <= audio.length) {
      int id = in.getInt((int) at);
      long size = Integer.toUnsignedLong(in.getInt((int) at + 4));
      at += CHUNK_HEADER;
      if (size > audio.length - at) {
        return Optional.empty(); // cut off, or streamed with a size that nobody knew yet
      }
      if (id == FORMAT && size >= FORMAT_SIZE) {
        bytesPerSecond = pcmBytesPerSecond(in, (int) at);
      } else if (id == DATA) {
        return bytesPerSecond <= 0
            ? Optional.empty()
            : Optional.of(
                BigDecimal.valueOf(size)
                    .divide(BigDecimal.valueOf(bytesPerSecond), MILLIS, RoundingMode.HALF_UP));
      }
      at += size + size % 2;
    }
    return Optional.empty();
  }

  /** Zero if the format is not plain PCM, or its figures do not fit each other. */
  private static long pcmBytesPerSecond(ByteBuffer in, int format) {
    long channels = Short.toUnsignedLong(in.getShort(format + 2));
    long samplesPerSecond = Integer.toUnsignedLong(in.getInt(format + 4));
    long bytesPerSecond = Integer.toUnsignedLong(in.getInt(format + 8));
    long bits = Short.toUnsignedLong(in.getShort(format + 14));
    boolean plain = in.getShort(format) == PCM;
    return plain && bytesPerSecond == samplesPerSecond * channels * bits / Byte.SIZE
        ? bytesPerSecond
        : 0;
  }
}
