package dev.nightjar.pipelines.task;

import java.io.Serializable;
import java.util.List;

/**
 * How long documents are shortened.
 *
 * @param documentTokensMax documents up to this length are sent whole
 * @param chunkTokens aimed-at length of a chunk
 * @param queries what sentences are ranked by, each with an equal say; those of the task file, else
 *     {@link TaskQueries}; empty to cover the document
 */
public record RetrievalSpec(int documentTokensMax, int chunkTokens, List<String> queries)
    implements Serializable {}
