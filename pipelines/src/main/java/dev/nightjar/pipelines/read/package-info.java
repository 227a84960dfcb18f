/**
 * Stage 1: the corpus.
 *
 * <p><b>Enters:</b> file patterns: JSON, CSV, plain text, in UTF-8, UTF-16, UTF-32 or windows-1252,
 * each also as {@code .gz}, {@code .bz2}, {@code .zst} or {@code .deflate}. <b>Leaves:</b>
 * documents, a dead letter for every line, record or file that is not one, and how each file was
 * read. <b>Guaranteed:</b> each file is read once, whatever names lead to it; what a file does not
 * say and was taken to be so is told; of two documents with the same id the first by file and
 * position stays.
 */
@NullMarked
package dev.nightjar.pipelines.read;

import org.jspecify.annotations.NullMarked;
