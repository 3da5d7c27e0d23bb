/** The program {@code quickstart}: one call in, a month's summary out. */
@NullMarked
package io.github.usage4j.examples.quickstart;

import org.jspecify.annotations.NullMarked;
