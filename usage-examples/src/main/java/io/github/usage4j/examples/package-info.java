/** Runnable programs, one for each question a user may have. */
@NullMarked
package io.github.usage4j.examples;

import org.jspecify.annotations.NullMarked;
