package io.github.usage4j.limit;

import io.github.usage4j.limit.LimitKey.Scope;
import io.github.usage4j.limit.UsageLimitExceededException.Reason;
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

  /** Why a call is refused, for whoever is shown the exception. */
  static String refusal(UsageLimit limit, LimitStatus status, Reason reason) {
    return refusal("Limit '" + limit.name() + "' of " + of(status.scope()), limit, status, reason);
  }

  /** The same without saying whose limit it is, for whoever may not know. */
  static String nameless(LimitStatus status, Reason reason) {
    return refusal("Limit '" + status.limit().name() + "'", status.limit(), status, reason);
  }

  private static String refusal(String whose, UsageLimit limit, LimitStatus status, Reason reason) {
    String unit =
        limit.currency() == null
            ? limit.measure().name().toLowerCase(Locale.ROOT)
            : limit.currency().getCurrencyCode();
    return switch (reason) {
      case UNPRICED -> whose + " is one of cost in " + unit + ", in which this call has no price";
      case STORE_AWAY -> whose + " cannot be decided now, because its store does not answer";
      case EXHAUSTED ->
          whose
              + " does not allow this call: "
              + status.current().toPlainString()
              + " of "
              + status.allowance().toPlainString()
              + " "
              + unit
              + " per "
              + limit.window()
              + " are used or reserved";
    };
  }
}
