/** Imports records of calls and shows what becomes of each. */
@NullMarked
package io.github.usage4j.examples.imports;

import org.jspecify.annotations.NullMarked;
