/** Prepaid credits: a ledger to which entries are only ever added. */
@NullMarked
package io.github.usage4j.credit;

import org.jspecify.annotations.NullMarked;
