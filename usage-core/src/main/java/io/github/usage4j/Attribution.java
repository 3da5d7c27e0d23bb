package io.github.usage4j;

import io.github.usage4j.internal.Checks;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Who caused a model call, for whom, and what for. Immutable; each method returns a changed copy.
 *
 * <p>{@code null} means unattributed. A blank identifier is unattributed too. An identifier has at
 * most {@link #MAX_ID} code points, no control characters and no surrounding white space; it is
 * compared character by character, so {@code acme} and {@code Acme} are two organizations. A label
 * is for people only: it is cut at {@link #MAX_LABEL} code points and never refused.
 *
 * @param organization the tenant that the usage is billed to
 * @param user the actor who is really logged in, also while impersonating somebody
 * @param userLabel how to show the user, such as an e-mail address
 * @param customer the customer whose data is being viewed, for audit; never the one who is charged
 * @param customerLabel how to show the customer
 * @param session groups the operations of one conversation
 * @param category feature or request type, such as {@code support} or {@code rag}
 * @param impersonated whether the user acts on behalf of somebody else
 * @param tags free keys and values, at most {@link #MAX_TAGS}
 */
public record Attribution(
    @Nullable String organization,
    @Nullable String user,
    @Nullable String userLabel,
    @Nullable String customer,
    @Nullable String customerLabel,
    @Nullable String session,
    @Nullable String category,
    boolean impersonated,
    Map<String, String> tags) {

  /** The greatest length of an identifier, in code points. */
  public static final int MAX_ID = 128;

  /** The length at which a label is cut, in code points. */
  public static final int MAX_LABEL = 256;

  /** The greatest number of tags. */
  public static final int MAX_TAGS = 8;

  /** Nobody is known. */
  public static final Attribution NONE =
      new Attribution(null, null, null, null, null, null, null, false, Map.of());

  /**
   * @throws IllegalArgumentException if an identifier or tag breaks the rules above
   */
  public Attribution {
    organization = Checks.identifier("organization", organization, MAX_ID);
    user = Checks.identifier("user", user, MAX_ID);
    userLabel = user == null ? null : Checks.textOrNull(userLabel, MAX_LABEL);
    customer = Checks.identifier("customer", customer, MAX_ID);
    customerLabel = customer == null ? null : Checks.textOrNull(customerLabel, MAX_LABEL);
    session = Checks.identifier("session", session, MAX_ID);
    category = Checks.identifier("category", category, MAX_ID);
    tags = checkTags(tags);
  }

  /** Everything else unattributed; {@code null} or blank gives {@link #NONE}. */
  public static Attribution organization(@Nullable String id) {
    return new Attribution(id, null, null, null, null, null, null, false, Map.of());
  }

  /** The same with this actor and no label. */
  public Attribution user(@Nullable String id) {
    return user(id, null);
  }

  /** The same with this actor and the label to show for it. */
  public Attribution user(@Nullable String id, @Nullable String label) {
    return new Attribution(
        organization, id, label, customer, customerLabel, session, category, impersonated, tags);
  }

  /** The same with this viewed customer and no label. */
  public Attribution customer(@Nullable String id) {
    return customer(id, null);
  }

  /** The same with this viewed customer and the label to show for it. */
  public Attribution customer(@Nullable String id, @Nullable String label) {
    return new Attribution(
        organization, user, userLabel, id, label, session, category, impersonated, tags);
  }

  /** The same in this conversation. */
  public Attribution session(@Nullable String id) {
    return new Attribution(
        organization, user, userLabel, customer, customerLabel, id, category, impersonated, tags);
  }

  /** The same for this feature or request type. */
  public Attribution category(@Nullable String name) {
    return new Attribution(
        organization, user, userLabel, customer, customerLabel, session, name, impersonated, tags);
  }

  /** The same, saying whether the user acts on behalf of somebody else. */
  public Attribution impersonated(boolean onBehalf) {
    return new Attribution(
        organization, user, userLabel, customer, customerLabel, session, category, onBehalf, tags);
  }

  /**
   * The same with one tag more; a null or blank value takes the tag off.
   *
   * @throws IllegalArgumentException if the key is blank, or there would be too many tags
   */
  public Attribution tag(String key, @Nullable String value) {
    var changed = new HashMap<>(tags);
    if (value == null || value.isBlank()) {
      changed.remove(Checks.requireIdentifier("tag key", key, MAX_ID));
    } else {
      changed.put(key, value);
    }
    return new Attribution(
        organization,
        user,
        userLabel,
        customer,
        customerLabel,
        session,
        category,
        impersonated,
        changed);
  }

  private static Map<String, String> checkTags(Map<String, String> tags) {
    if (tags.size() > MAX_TAGS) {
      throw new IllegalArgumentException(
          "there must be at most " + MAX_TAGS + " tags, but there were " + tags.size());
    }
    tags.forEach(
        (key, value) -> {
          Checks.requireIdentifier("tag key", key, MAX_ID);
          Checks.requireIdentifier("value of tag '" + key + "'", value, MAX_ID);
        });
    return Map.copyOf(tags);
  }
}
