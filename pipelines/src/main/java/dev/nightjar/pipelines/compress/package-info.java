/**
 * Stage 6: shorter prompts.
 *
 * <p><b>Enters:</b> leaders. <b>Leaves:</b> their prompts, with documents compressed as the task
 * says and long ones cut to the sentences that matter to it. <b>Guaranteed:</b> sentences keep the
 * order and the words of the document, gaps of retrieval are marked, the limit of tokens is kept; a
 * document within it is not cut.
 */
@NullMarked
package dev.nightjar.pipelines.compress;

import org.jspecify.annotations.NullMarked;
