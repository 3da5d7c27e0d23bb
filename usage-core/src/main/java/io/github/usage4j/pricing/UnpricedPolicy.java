package io.github.usage4j.pricing;

/** What becomes of calls of models that have no price. */
public enum UnpricedPolicy {
  /** They are made and recorded without a cost. */
  ALLOW,
  /**
   * They are refused before they are made, with {@link UnpricedModelException}, and recorded as
   * refused. Asked is the model by the name that is known when the call starts; a call of which no
   * name is known then is refused, too. Which service tier or version will answer is not known yet,
   * so a call that is let through may still turn out to be unpriced.
   */
  REFUSE
}
