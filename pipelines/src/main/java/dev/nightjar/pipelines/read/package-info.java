/**
 * Stage 1: the corpus.
 *
 * <p><b>Enters:</b> file patterns: JSON lines, CSV, plain text, each also as {@code .gz}.
 * <b>Leaves:</b> documents, and a dead letter for every line, record or file that is not one.
 * <b>Guaranteed:</b> each document appears once; of two with the same id the first by file and
 * position stays.
 */
@NullMarked
package dev.nightjar.pipelines.read;

import org.jspecify.annotations.NullMarked;
