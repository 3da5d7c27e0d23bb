package io.github.usage4j.internal;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.Comparator;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Makes event ids. The layout is UUID version 7 of RFC 9562, section 5.7: 48 bits of Unix
 * milliseconds, then 74 bits that tell events of one millisecond apart, so that ids sort by time.
 */
public final class UsageIds {

  /** Ids by their 128 bits, unsigned, as databases order them; {@link UUID#compareTo} is signed. */
  public static final Comparator<UUID> ORDER =
      (a, b) -> {
        int high = Long.compareUnsigned(a.getMostSignificantBits(), b.getMostSignificantBits());
        return high != 0
            ? high
            : Long.compareUnsigned(a.getLeastSignificantBits(), b.getLeastSignificantBits());
      };

  private static final long VARIANT = 0x8000_0000_0000_0000L;

  private UsageIds() {}

  /**
   * A new id at the given time. The random bits come from {@link ThreadLocalRandom}: an id is not a
   * secret, and a {@code SecureRandom} costs a call of eight threads more than all the rest of an
   * event.
   */
  public static UUID next(Instant at) {
    var random = ThreadLocalRandom.current();
    return layout(at.toEpochMilli(), random.nextLong(), random.nextLong(), 7);
  }

  /** The id of a record of another system at the given time: the same record, the same id. */
  public static UUID named(String source, String sourceId, Instant at) {
    ByteBuffer hash = sha256(source, sourceId);
    return layout(at.toEpochMilli(), hash.getLong(), hash.getLong(), 7);
  }

  /** The id of a record of another system, from its name alone (version 8, sorts anywhere). */
  public static UUID named(String source, String sourceId) {
    ByteBuffer hash = sha256(source, sourceId);
    return layout(hash.getLong(16) & 0xFFFF_FFFF_FFFFL, hash.getLong(), hash.getLong(), 8);
  }

  private static UUID layout(long millis, long bits, long moreBits, int version) {
    long high = (millis << 16) | ((long) version << 12) | (bits & 0xFFFL);
    return new UUID(high, VARIANT | (moreBits >>> 2));
  }

  private static ByteBuffer sha256(String source, String sourceId) {
    try {
      var digest = MessageDigest.getInstance("SHA-256");
      byte[] name = source.getBytes(StandardCharsets.UTF_8);
      // The length in front keeps ("a", "bc") and ("ab", "c") apart.
      digest.update(ByteBuffer.allocate(4).putInt(name.length).flip());
      digest.update(name);
      return ByteBuffer.wrap(digest.digest(sourceId.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }
}
