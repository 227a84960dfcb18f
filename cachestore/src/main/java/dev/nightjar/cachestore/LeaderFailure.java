package dev.nightjar.cachestore;

import java.io.Serializable;

/**
 * A leader that cannot be asked.
 *
 * @param itemKey the leader
 * @param code why
 * @param reason the same in words, one line without document text
 */
public record LeaderFailure(String itemKey, ErrorCode code, String reason)
    implements Serializable {}
