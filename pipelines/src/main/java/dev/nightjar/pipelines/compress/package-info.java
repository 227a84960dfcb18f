/**
 * Stage 6: shorter prompts.
 *
 * <p><b>Enters:</b> leaders. <b>Leaves:</b> their prompts, with long documents cut to the sentences
 * that matter to the task. <b>Guaranteed:</b> sentences keep the order and the words of the
 * document, gaps are marked, the limit of tokens is kept; a document within it is sent whole.
 */
@NullMarked
package dev.nightjar.pipelines.compress;

import org.jspecify.annotations.NullMarked;
