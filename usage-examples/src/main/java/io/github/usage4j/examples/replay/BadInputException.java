package io.github.usage4j.examples.replay;

/**
 * Something the user gave cannot be used; the message says what, where and why, and is all the user
 * sees.
 */
final class BadInputException extends Exception {
  private static final long serialVersionUID = 1L;

  BadInputException(String message) {
    super(message);
  }
}
