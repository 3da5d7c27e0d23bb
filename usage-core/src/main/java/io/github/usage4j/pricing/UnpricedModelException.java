package io.github.usage4j.pricing;

import io.github.usage4j.UsageException;

/** A call was refused because its model has no price: see {@link UnpricedPolicy#REFUSE}. */
public final class UnpricedModelException extends UsageException {

  private static final long serialVersionUID = 1L;

  private final String provider;
  private final String model;

  /**
   * @param model empty if it is unknown
   */
  public UnpricedModelException(String provider, String model) {
    super(
        "models without a price are refused, and there is none for "
            + (model.isEmpty()
                ? "a model of " + provider + " whose name is unknown"
                : provider + "/" + model),
        null);
    this.provider = provider;
    this.model = model;
  }

  /** Who would have served it. */
  public String provider() {
    return provider;
  }

  /** The model that was asked for; empty if it is unknown. */
  public String model() {
    return model;
  }
}
