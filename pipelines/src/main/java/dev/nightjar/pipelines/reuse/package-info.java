/**
 * Which answers may be used again: the rules, free of Beam and of the database.
 *
 * <p><b>Enters:</b> a text's neighbours in the cache, and what became of earlier look-ups.
 * <b>Leaves:</b> a decision with its grounds. <b>Guaranteed:</b> without evidence nothing is
 * borrowed at a learnt threshold; with it, the share of wrong hits exceeds the task's {@code
 * max_error} with a probability of at most 1 − confidence, as long as texts keep coming from where
 * they came from; a guard's veto is never overruled.
 */
@NullMarked
package dev.nightjar.pipelines.reuse;

import org.jspecify.annotations.NullMarked;
