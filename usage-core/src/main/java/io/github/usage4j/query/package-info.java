/**
 * Wider questions than sums: operations and conversations, latency, comparison, projection, and an
 * administrator's whole page in one object.
 */
@NullMarked
package io.github.usage4j.query;

import org.jspecify.annotations.NullMarked;
