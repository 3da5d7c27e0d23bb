/** Keeps usage in a relational database over JDBC. */
@NullMarked
package io.github.usage4j.jdbc;

import org.jspecify.annotations.NullMarked;
