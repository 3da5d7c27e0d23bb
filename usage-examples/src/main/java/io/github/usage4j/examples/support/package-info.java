/** What several example programs share. */
@NullMarked
package io.github.usage4j.examples.support;

import org.jspecify.annotations.NullMarked;
