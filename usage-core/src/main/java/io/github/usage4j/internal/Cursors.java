package io.github.usage4j.internal;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.usage4j.EventQuery;
import io.github.usage4j.UsageFilter;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.Base64;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Positions in lists as text that fits into a URL: microseconds of the time, the id, and a checksum
 * over them, the list and the organization. The checksum finds mistakes and is no secret: what a
 * reader may see is decided by the filter alone.
 */
public final class Cursors {

  private static final String FORMAT = "2"; // first character: so that it can change
  private static final int CHECKSUM = 6;

  private Cursors() {}

  /**
   * The position after the last row of a page.
   *
   * @param list which list it is
   * @param who whose list it is
   */
  public static String write(String list, UsageFilter who, Instant at, UUID id) {
    long micros = ChronoUnit.MICROS.between(Instant.EPOCH, at);
    String text = FORMAT + Long.toString(micros, 36) + "." + id + ".";
    byte[] start = text.getBytes(UTF_8);
    byte[] all = Arrays.copyOf(start, start.length + CHECKSUM);
    System.arraycopy(checksum(list, who, text), 0, all, start.length, CHECKSUM);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(all);
  }

  /**
   * Reads what {@link #write} gave for the same list and organization.
   *
   * @throws IllegalArgumentException if it is anything else
   */
  public static EventQuery.Position read(String list, UsageFilter who, String cursor) {
    try {
      byte[] all = Base64.getUrlDecoder().decode(cursor);
      String text = new String(all, 0, all.length - CHECKSUM, UTF_8);
      String[] parts = text.substring(1).split("\\.", -1);
      Instant at = Instant.EPOCH.plus(Long.parseLong(parts[0], 36), ChronoUnit.MICROS);
      UUID id = UUID.fromString(parts[1]);
      // Compared as a whole: there is one text for each position.
      if (write(list, who, at, id).equals(cursor)) {
        return new EventQuery.Position(at, id);
      }
    } catch (RuntimeException e) {
      throw foreign(list, cursor, e);
    }
    throw foreign(list, cursor, null);
  }

  private static IllegalArgumentException foreign(
      String list, String cursor, @Nullable RuntimeException cause) {
    return new IllegalArgumentException(
        "after must be the 'next' of an earlier page of the same organization's "
            + list
            + ", but was '"
            + cursor
            + "'",
        cause);
  }

  private static byte[] checksum(String list, UsageFilter who, String text) {
    try {
      var digest = MessageDigest.getInstance("SHA-256");
      String scope = who.organization() == null ? "" : who.organization();
      for (String part : new String[] {list, Boolean.toString(who.everywhere()), scope, text}) {
        digest.update(part.getBytes(UTF_8));
        digest.update((byte) 0);
      }
      return Arrays.copyOf(digest.digest(), CHECKSUM);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }
}
