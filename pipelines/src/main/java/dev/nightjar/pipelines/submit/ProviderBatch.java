package dev.nightjar.pipelines.submit;

import java.time.Instant;

/**
 * A batch as its provider sees it.
 *
 * @param id the provider's name for it
 * @param inputFileId the uploaded file, empty if there is none
 * @param progress where it stands
 * @param requests how many requests it holds, 0 if the provider does not know yet
 * @param failure why it failed as a whole, empty if it did not
 * @param workedAt when its requests were executed, as far as the provider says: decides the price
 *     in force
 */
public record ProviderBatch(
    String id,
    String inputFileId,
    Progress progress,
    long requests,
    String failure,
    Instant workedAt) {

  /** Coarse progress. */
  public enum Progress {
    /** Not done. */
    WORKING,
    /** Done, with whatever results there are. */
    ENDED,
    /** Refused as a whole: nothing was executed, nothing is billed. */
    FAILED
  }
}
