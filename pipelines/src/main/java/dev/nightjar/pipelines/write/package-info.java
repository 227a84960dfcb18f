/**
 * Stage 14: results, charges, cache entries, and the answers of followers.
 *
 * <p><b>Enters:</b> outcomes. <b>Leaves:</b> rows. <b>Guaranteed:</b> safe to repeat; an attempt is
 * charged once, however often its result is collected.
 */
@NullMarked
package dev.nightjar.pipelines.write;

import org.jspecify.annotations.NullMarked;
