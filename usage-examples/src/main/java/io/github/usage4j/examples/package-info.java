/** Runnable examples, one per question. */
@NullMarked
package io.github.usage4j.examples;

import org.jspecify.annotations.NullMarked;
