package io.github.usage4j;

import org.jspecify.annotations.Nullable;

/** The base of this library's own exceptions: a store cannot answer, or a call is not allowed. */
public class UsageException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /**
   * @param message the thing, the rule and the value
   * @param cause null if there is none
   */
  public UsageException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
