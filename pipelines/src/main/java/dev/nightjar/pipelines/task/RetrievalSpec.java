package dev.nightjar.pipelines.task;

import java.io.Serializable;

/**
 * How long documents are shortened.
 *
 * @param documentTokensMax documents up to this length are sent whole
 * @param chunkTokens aimed-at length of a chunk
 * @param query what the chunks are ranked by
 */
public record RetrievalSpec(int documentTokensMax, int chunkTokens, String query)
    implements Serializable {}
