/** Reads what providers state; not for users, and may change at any time. */
@NullMarked
package io.github.usage4j.langchain4j.internal;

import org.jspecify.annotations.NullMarked;
