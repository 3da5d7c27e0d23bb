package io.github.usage4j.query;

/**
 * How to show a user or customer.
 *
 * @param organization whose it is; "" if unattributed
 * @param id of the user or customer
 * @param text what to show
 */
public record Label(String organization, String id, String text) {}
