/**
 * What providers state of the usage of an answer, read into one meaning: for live capture, for
 * imports and for every adapter. Knows no client library.
 */
@NullMarked
package io.github.usage4j.provider;

import org.jspecify.annotations.NullMarked;
