package dev.nightjar.cachestore;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Forgets documents: their answers, what models said of them, their vectors and all that was made
 * of their text, in every table. What they cost stays, with the numbers and names of the requests,
 * so that a text that is asked again is another request and none is billed twice. Thread-safe.
 */
public interface ForgetStore {

  /**
   * Which documents are meant: those that all given conditions hold for, in runs that are over.
   *
   * @param tenant whose
   * @param documentId the document of this id, in every run
   * @param endedBefore documents of runs that ended earlier
   * @param task documents of this task, its audits and its trials
   */
  record Selection(
      String tenant,
      Optional<String> documentId,
      Optional<Instant> endedBefore,
      Optional<String> task) {}

  /**
   * A batch that a provider may still have, with requests and answers of ours.
   *
   * @param provider the provider
   * @param batchId its name there
   * @param inputFileId the file of its requests; empty if there was none
   */
  record Batch(String provider, String batchId, Optional<String> inputFileId) {}

  /**
   * What is meant.
   *
   * @param documents how many times a run has read one of them
   * @param answers how many answers they have
   * @param open how many of them stay for now: in runs that are not over, with a text that a plan
   *     has at work, or named by their id with an answer that such a run has borrowed
   * @param batches that had requests of them, and that nobody waits for
   */
  record Found(long documents, long answers, long open, List<Batch> batches) {
    public Found {
      batches = List.copyOf(batches);
    }
  }

  /** Looks for what a selection means, and changes nothing. */
  Found find(Selection selection);

  /**
   * Forgets it, in one transaction. A text that a document has that stays, stays too.
   *
   * @param alias what a document is called from then on that was named by its id
   * @return how many times a run had read one of them
   */
  long forget(Selection selection, String alias);

  /** Whether a run or a plan, of any tenant that this connection sees, may still read a file. */
  boolean isRead(String fileName);
}
