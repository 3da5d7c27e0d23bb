/**
 * Brings in what was used before, or elsewhere, from files and databases.
 *
 * @see io.github.usage4j.backfill.UsageImport
 */
@NullMarked
package io.github.usage4j.backfill;

import org.jspecify.annotations.NullMarked;
