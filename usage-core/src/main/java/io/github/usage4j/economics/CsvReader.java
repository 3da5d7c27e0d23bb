package io.github.usage4j.economics;

import java.io.BufferedReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads records of comma-separated values (RFC 4180), one at a time, in bounded memory. */
final class CsvReader {

  /** More is no record of usage but a file without line ends, or a quote that is never closed. */
  static final int MAX_RECORD = 100_000;

  private final BufferedReader in;
  private long line = 1;
  private long began = 1;
  private int next;

  /**
   * @param in is not closed
   */
  CsvReader(BufferedReader in) throws IOException {
    this.in = in;
    next = in.read();
    if (next == '\uFEFF') { // as spreadsheets write it
      next = in.read();
    }
  }

  /** The line on which the record began that was read last, from 1. */
  long line() {
    return began;
  }

  /**
   * The next record that is not empty; null at the end.
   *
   * @throws IllegalArgumentException naming the line, if a quote is not closed or not doubled, or
   *     the record is too long
   */
  @Nullable List<String> read() throws IOException {
    while (next == '\n' || next == '\r') {
      advance();
    }
    if (next < 0) {
      return null;
    }
    began = line;
    var fields = new ArrayList<String>();
    int length = 0;
    while (true) {
      String field = next == '"' ? quoted() : plain();
      fields.add(field);
      length += field.length() + 1;
      requireLength(length);
      if (next != ',') {
        break;
      }
      advance();
    }
    if (next == '\r') {
      advance();
    }
    if (next >= 0 && next != '\n') {
      throw bad("there is text after a closing quote");
    }
    if (next == '\n') {
      advance();
    }
    return fields;
  }

  private String plain() throws IOException {
    var field = new StringBuilder();
    while (next >= 0 && next != ',' && next != '\n' && next != '\r') {
      if (next == '"') {
        throw bad("a quote stands in a value that does not begin with one");
      }
      append(field);
    }
    return field.toString();
  }

  private String quoted() throws IOException {
    var field = new StringBuilder();
    advance();
    while (true) {
      if (next < 0) {
        throw bad("a quote is not closed");
      }
      if (next == '"') {
        advance();
        if (next != '"') {
          return field.toString();
        }
      }
      append(field);
    }
  }

  private void append(StringBuilder field) throws IOException {
    field.append((char) next);
    requireLength(field.length());
    advance();
  }

  private void requireLength(int length) {
    if (length > MAX_RECORD) {
      throw bad("a record must have at most " + MAX_RECORD + " characters");
    }
  }

  private void advance() throws IOException {
    if (next == '\n') {
      line++;
    }
    next = in.read();
  }

  private IllegalArgumentException bad(String what) {
    return new IllegalArgumentException("line " + began + ": " + what);
  }
}
