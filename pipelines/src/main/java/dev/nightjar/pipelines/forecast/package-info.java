/**
 * Between stages 7 and 8: what the night will cost, before any of it is spent.
 *
 * <p><b>Enters:</b> what all stages before have decided, and what the same task's tiers did on
 * earlier nights. <b>Leaves:</b> one forecast a run, kept in the database and held against the
 * actual cost afterwards. <b>Guaranteed:</b> baseline less the expected savings is the expected
 * cost; the stated interval widens where little is known, and the same evidence gives the same
 * forecast.
 */
@NullMarked
package dev.nightjar.pipelines.forecast;

import org.jspecify.annotations.NullMarked;
