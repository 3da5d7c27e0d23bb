/** What tokens cost: prices with dates, found by provider, model and time. */
@NullMarked
package io.github.usage4j.pricing;

import org.jspecify.annotations.NullMarked;
