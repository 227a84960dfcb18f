/**
 * The store's ports on PostgreSQL with pgvector.
 *
 * <p>Statements are text blocks: nearly all of them are set-based PostgreSQL ({@code unnest},
 * {@code lateral}, {@code on conflict}, {@code <=>}) that a builder would only obscure. jOOQ runs
 * them, binds every value and owns the transactions. Each public method is one transaction. Locks
 * are always taken in the same order, run row, then attempts by custom id, then misses by key, so
 * that workers wait for each other but never deadlock.
 */
@NullMarked
package dev.nightjar.cachestore.postgres;

import org.jspecify.annotations.NullMarked;
