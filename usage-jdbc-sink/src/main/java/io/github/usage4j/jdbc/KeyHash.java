package io.github.usage4j.jdbc;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.UUID;

/** Stands for several texts in a key, which no database lets be as long as they may be. */
final class KeyHash {

  private KeyHash() {}

  /** The first 16 bytes of SHA-256 over each value's length in UTF-8, a colon and the value. */
  static UUID of(List<String> values) {
    var text = new ByteArrayOutputStream(128);
    for (String value : values) {
      byte[] bytes = value.getBytes(UTF_8);
      text.writeBytes(Integer.toString(bytes.length).getBytes(UTF_8));
      text.write(':');
      text.writeBytes(bytes);
    }
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.toByteArray());
      var first = ByteBuffer.wrap(digest);
      return new UUID(first.getLong(), first.getLong());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
