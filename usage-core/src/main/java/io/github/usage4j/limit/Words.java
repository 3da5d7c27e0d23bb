package io.github.usage4j.limit;

import io.github.usage4j.limit.LimitKey.Scope;
import java.util.Locale;

/** Says in words what identifiers say, for messages. */
final class Words {

  private Words() {}

  /** Such as {@code user 'ada' of 'acme' for category 'support'}. */
  static String of(Scope scope) {
    var words = new StringBuilder();
    switch (scope.subject()) {
      case APPLICATION -> words.append("the application");
      case ORGANIZATION -> words.append("organization '").append(scope.organization()).append('\'');
      default -> {
        words.append(scope.subject().name().toLowerCase(Locale.ROOT));
        words.append(" '").append(scope.id()).append('\'');
        if (scope.organization() != null) {
          words.append(" of '").append(scope.organization()).append('\'');
        }
      }
    }
    if (scope.category() != null) {
      words.append(" for category '").append(scope.category()).append('\'');
    }
    if (scope.model() != null) {
      words.append(" for model '").append(scope.model()).append('\'');
    }
    return words.toString();
  }
}
