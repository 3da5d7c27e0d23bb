/**
 * What may be used: limits and who decides about them, alerts, plans, and the SPI of a store that
 * several instances share.
 */
@NullMarked
package io.github.usage4j.limit;

import org.jspecify.annotations.NullMarked;
