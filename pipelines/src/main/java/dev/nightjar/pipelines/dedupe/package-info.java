/**
 * Stages 2 to 5: what need not be asked.
 *
 * <p><b>Enters:</b> documents. <b>Leaves:</b> the leaders, one for each group of texts that may
 * share an answer; everything else is answered or waits for its leader in the database.
 * <b>Guaranteed:</b> an embedding is computed only for what no hash has settled; which texts lead
 * depends on the corpus alone.
 */
@NullMarked
package dev.nightjar.pipelines.dedupe;

import org.jspecify.annotations.NullMarked;
