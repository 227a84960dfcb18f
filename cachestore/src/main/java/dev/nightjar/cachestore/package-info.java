/**
 * The store's ports and the records that cross them.
 *
 * <p><b>Enters:</b> items, misses, attempts, outcomes, always in lists: one call is one statement
 * or one transaction, never one per element.
 *
 * <p><b>Leaves:</b> cached answers, elected leaders, packed submissions, charges.
 *
 * <p><b>Guaranteed:</b> every method that writes is one transaction and may be repeated with the
 * same arguments: the second call changes nothing. Money is {@link java.math.BigDecimal} here and
 * {@code numeric} in SQL. A text that is in flight is never planned a second time, whichever run
 * asks.
 *
 * <p>Only {@link dev.nightjar.cachestore.postgres} knows how any of this is stored.
 */
@NullMarked
package dev.nightjar.cachestore;

import org.jspecify.annotations.NullMarked;
