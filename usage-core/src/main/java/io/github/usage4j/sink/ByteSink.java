package io.github.usage4j.sink;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Bytes that grow; the array is used again and again. Used by one thread. */
final class ByteSink {

  private static final int FIRST = 1 << 16;

  private byte[] bytes = new byte[FIRST];
  private int size;

  byte[] array() {
    return bytes;
  }

  int size() {
    return size;
  }

  /** Back to so many bytes; gives up an array that grew far beyond what is usual. */
  void cutTo(int length) {
    size = length;
    if (length == 0 && bytes.length > 16 * FIRST) {
      bytes = new byte[FIRST];
    }
  }

  private void room(int more) {
    if (bytes.length - size < more) {
      bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, size + more));
    }
  }

  void fixedInt(int value) {
    room(Integer.BYTES);
    putInt(size, value);
    size += Integer.BYTES;
  }

  /** Overwrites what is at this place. */
  void putInt(int at, int value) {
    bytes[at] = (byte) (value >>> 24);
    bytes[at + 1] = (byte) (value >>> 16);
    bytes[at + 2] = (byte) (value >>> 8);
    bytes[at + 3] = (byte) value;
  }

  void fixedLong(long value) {
    fixedInt((int) (value >>> 32));
    fixedInt((int) value);
  }

  /** Not negative: 7 bits in a byte, the lowest first; the last byte has its high bit clear. */
  void number(long value) {
    if (value < 0) {
      throw new IllegalArgumentException("number must not be negative, but was " + value);
    }
    room(9);
    long left = value;
    while (left > 0x7F) {
      bytes[size++] = (byte) (left | 0x80);
      left >>>= 7;
    }
    bytes[size++] = (byte) left;
  }

  void bytes(byte[] value) {
    number(value.length);
    room(value.length);
    System.arraycopy(value, 0, bytes, size, value.length);
    size += value.length;
  }

  /** Its length plus one and UTF-8; 0 for null. Most texts are ASCII and need no array. */
  void text(@Nullable String text) {
    if (text == null) {
      number(0);
      return;
    }
    int before = size;
    int length = text.length();
    number(length + 1L);
    room(length);
    for (int i = 0; i < length; i++) {
      char c = text.charAt(i);
      if (c >= 0x80) {
        size = before;
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        number(utf8.length + 1L);
        room(utf8.length);
        System.arraycopy(utf8, 0, bytes, size, utf8.length);
        size += utf8.length;
        return;
      }
      bytes[size + i] = (byte) c;
    }
    size += length;
  }
}
