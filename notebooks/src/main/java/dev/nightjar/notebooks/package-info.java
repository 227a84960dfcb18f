/**
 * What the notebooks share: a Java kernel, the books, tables and figures.
 *
 * <p><b>Enters:</b> cells, and rows of the SQL views. <b>Leaves:</b> tables and PNG figures.
 * <b>Guaranteed:</b> nothing is written to the database and no text of a document is read: all is
 * asked as the role {@code nightjar_analyst}. Money stays {@code BigDecimal}; only pixels are
 * {@code double}.
 */
package dev.nightjar.notebooks;
