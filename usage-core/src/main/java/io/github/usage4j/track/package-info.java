/** Accounts for calls as they happen: who makes them, which operation they belong to, their end. */
@NullMarked
package io.github.usage4j.track;

import org.jspecify.annotations.NullMarked;
