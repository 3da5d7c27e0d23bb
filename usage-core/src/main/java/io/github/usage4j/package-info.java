/**
 * The vocabulary: what a model call used, who caused it, what it cost, which period it belongs to,
 * and how to ask for sums of it.
 */
@NullMarked
package io.github.usage4j;

import org.jspecify.annotations.NullMarked;
