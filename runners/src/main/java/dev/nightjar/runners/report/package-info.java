/**
 * One night as a page for people.
 *
 * <p><b>Enters:</b> a run's id; everything else comes from the SQL views. <b>Leaves:</b> one HTML
 * file that needs nothing else: no network, no script. <b>Guaranteed:</b> every figure is that of a
 * view; every chart stands beside the same figures in a table; document ids are escaped, and no
 * text or answer of a document is in it.
 */
@NullMarked
package dev.nightjar.runners.report;

import org.jspecify.annotations.NullMarked;
