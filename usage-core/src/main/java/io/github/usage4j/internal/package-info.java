/** Shared by the modules of this library; not for users, and may change at any time. */
@NullMarked
package io.github.usage4j.internal;

import org.jspecify.annotations.NullMarked;
