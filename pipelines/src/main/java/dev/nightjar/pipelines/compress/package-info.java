/**
 * Stage 6: shorter prompts.
 *
 * <p><b>Enters:</b> leaders. <b>Leaves:</b> their prompts, with long documents cut to the chunks
 * that matter to the task. <b>Guaranteed:</b> chunks keep the order and the words of the document;
 * a document within the limit is sent whole.
 */
@NullMarked
package dev.nightjar.pipelines.compress;

import org.jspecify.annotations.NullMarked;
