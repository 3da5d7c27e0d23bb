/**
 * Keeps usage events in a database and answers from it.
 *
 * @see io.github.usage4j.jdbc.JdbcUsageStore
 */
@NullMarked
package io.github.usage4j.jdbc;

import org.jspecify.annotations.NullMarked;
