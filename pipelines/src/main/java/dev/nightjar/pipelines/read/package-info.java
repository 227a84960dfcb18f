/**
 * Stage 1: the corpus.
 *
 * <p><b>Enters:</b> file patterns. Each file is read by the {@link
 * dev.nightjar.pipelines.read.DocumentFormat} of its media type, compressed or not, in an archive
 * or not; what a file could bring to fall is read in a process of its own. <b>Leaves:</b>
 * documents, a dead letter for every line, record or file that is not one, and how each file was
 * read. <b>Guaranteed:</b> each file is read once, whatever names lead to it; what a file does not
 * say and was taken to be so is told; of two documents with the same id the first by file and
 * position stays.
 */
@NullMarked
package dev.nightjar.pipelines.read;

import org.jspecify.annotations.NullMarked;
