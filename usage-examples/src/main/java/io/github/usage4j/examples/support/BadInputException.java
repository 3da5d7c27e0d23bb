package io.github.usage4j.examples.support;

/**
 * Something the user gave cannot be used; the message says what, where and why, and is all the user
 * sees.
 */
public final class BadInputException extends Exception {
  private static final long serialVersionUID = 1L;

  /** Says what cannot be used, where and why. */
  public BadInputException(String message) {
    super(message);
  }
}
