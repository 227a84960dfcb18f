/**
 * The store's ports on PostgreSQL with pgvector.
 *
 * <p>Statements are text blocks: nearly all of them are set-based PostgreSQL ({@code unnest},
 * {@code lateral}, {@code on conflict}, {@code <=>}) that a builder would only obscure. jOOQ runs
 * them, binds every value and owns the transactions. Each public method is one transaction. {@link
 * Transactions} has the order in which all of them lock, and repeats one that the database ended.
 */
@NullMarked
package dev.nightjar.cachestore.postgres;

import org.jspecify.annotations.NullMarked;
