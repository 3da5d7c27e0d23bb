/** What usage is worth: other models, plans and their margin, and what the provider's bill says. */
@NullMarked
package io.github.usage4j.economics;

import org.jspecify.annotations.NullMarked;
