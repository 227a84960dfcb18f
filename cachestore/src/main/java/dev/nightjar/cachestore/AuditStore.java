package dev.nightjar.cachestore;

import java.time.Instant;
import java.util.List;

/**
 * What delivered answers are compared with, and what came of it. Thread-safe; every method may be
 * repeated.
 */
public interface AuditStore {

  /**
   * Says that a run asks documents of another at the task's reference; of one that an earlier night
   * left open it stays that night's.
   *
   * @param pass 1, or 2 for the reference asked once more
   */
  void audits(String runId, String auditedRunId, int pass);

  /**
   * Two answers that nobody has compared yet.
   *
   * @param documentId the document that both are of
   * @param deliveredJson what the run delivered
   * @param otherJson what it should have been; of a person, perhaps some fields only
   */
  record Pair(String documentId, String deliveredJson, String otherJson) {}

  /**
   * How a comparison ended.
   *
   * @param documentId the document
   * @param differingFields in which fields the answers are not the same; empty if they agree
   */
  record Verdict(String documentId, List<String> differingFields) {
    public Verdict {
      differingFields = List.copyOf(differingFields);
    }
  }

  /** Answers of a run of which the reference run has one, too; in order of document. */
  List<Pair> referencePairs(String runId, String referenceRunId, int pairsMax);

  /**
   * Answers of a run that people have spoken of since they were compared last: in a file, or of a
   * document that was drawn; in order of document.
   */
  List<Pair> goldPairs(String runId, int pairsMax);

  /**
   * Records comparisons with the reference.
   *
   * @param referenceTier the tier that the reference run asks
   * @param isCut whether the task shortens documents
   */
  void recordReference(
      String runId,
      String referenceRunId,
      String referenceTier,
      boolean isCut,
      List<Verdict> verdicts);

  /** Records comparisons with what people say; see {@link #recordReference}. */
  void recordGold(String runId, String referenceTier, boolean isCut, List<Verdict> verdicts);

  /** Who gave an answer. */
  enum Giver {
    /** A file, of a share of the documents that speaks for all of them. */
    FILE,
    /** A person, of a document that was looked at. */
    PERSON
  }

  /**
   * An answer that people have given.
   *
   * @param documentId whose
   * @param answerJson an object with some or all properties of an answer
   */
  record Gold(String documentId, String answerJson) {}

  /**
   * Keeps what people say of documents of a task. What was said before is replaced, but for a
   * person's word, which no file replaces.
   *
   * @param source which file, or who
   * @return how many are new or say something else
   */
  long keepGold(
      String tenant, String taskName, Giver giver, String source, List<Gold> gold, Instant at);
}
