/**
 * Stage 9: packing.
 *
 * <p><b>Enters:</b> planned attempts. <b>Leaves:</b> submissions within the provider's limits.
 * <b>Guaranteed:</b> each attempt is in exactly one submission, and what is in a submission depends
 * on the attempts alone, not on parallelism.
 */
@NullMarked
package dev.nightjar.pipelines.batch;

import org.jspecify.annotations.NullMarked;
