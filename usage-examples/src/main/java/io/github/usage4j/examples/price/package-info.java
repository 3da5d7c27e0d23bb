/** Prices calls and compares with what they should cost. */
@NullMarked
package io.github.usage4j.examples.price;

import org.jspecify.annotations.NullMarked;
