package dev.nightjar.runners.export;

import com.fasterxml.jackson.annotation.JsonRawValue;
import com.jerolba.carpet.annotation.ParquetJson;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * One document's answer, or why it has none. The columns of {@code items} and {@code results}.
 *
 * @param runId the night
 * @param documentId as the corpus has it
 * @param sourceUri the file it was read from
 * @param itemKey its key
 * @param state answered or failed; new or waiting while the night is not over
 * @param answeredBy model, exact_hit, semantic_hit or leader
 * @param similarity to the text whose answer it got; 1 for its own
 * @param answer JSON
 * @param failureCode why it has none
 * @param failureReason in words
 * @param settledAt when that was decided
 */
public record ResultRow(
    String runId,
    String documentId,
    String sourceUri,
    String itemKey,
    String state,
    @Nullable String answeredBy,
    @Nullable Double similarity,
    @JsonRawValue @ParquetJson @Nullable String answer,
    @Nullable String failureCode,
    @Nullable String failureReason,
    @Nullable Instant settledAt) {}
