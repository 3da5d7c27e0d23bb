/** The program {@code trace}: imports a production trace and says what it adds up to. */
@NullMarked
package io.github.usage4j.examples.trace;

import org.jspecify.annotations.NullMarked;
