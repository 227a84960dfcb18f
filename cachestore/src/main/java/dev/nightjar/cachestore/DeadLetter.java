package dev.nightjar.cachestore;

import java.io.Serializable;

/**
 * Input that could not become an item.
 *
 * @param sourceUri file
 * @param position line or record, from 1; 0 for the whole file
 * @param documentId the id if one was read, else the empty string
 * @param code why
 * @param reason what was found and what was expected, one line, without document text
 */
public record DeadLetter(
    String sourceUri, long position, String documentId, ErrorCode code, String reason)
    implements Serializable {
  public DeadLetter {
    reason = Secrets.redact(reason);
  }
}
