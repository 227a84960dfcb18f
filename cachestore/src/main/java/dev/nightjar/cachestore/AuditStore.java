package dev.nightjar.cachestore;

import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

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

  /** The run whose documents a run asks at the reference. */
  Optional<String> auditedBy(String runId);

  /** What the other runs that ask documents of a run at a reference have spent, or may yet. */
  BigDecimal othersUsd(String runId, String auditedRunId);

  /**
   * How answers are compared.
   *
   * @param equality names the rules: what was compared by others is compared again
   * @param referenceTier the tier that the reference asks
   * @param isCut whether the task shortens documents
   */
  record Terms(String equality, String referenceTier, boolean isCut) {}

  /**
   * Answers of a run of which the reference run has one, too, that were not compared so yet.
   *
   * @param afterId only documents after this one, in their order
   */
  List<Pair> referencePairs(
      String runId, String referenceRunId, Terms terms, String afterId, int pairsMax);

  /**
   * Answers of a run that people have spoken of since they were compared so last: in a file, or of
   * a document that was drawn. What they do not speak of is what the reference says, if it was
   * asked.
   *
   * @param afterId only documents after this one, in their order
   */
  List<Pair> goldPairs(String runId, Terms terms, String afterId, int pairsMax);

  /** Records comparisons with the reference. */
  void recordReference(String runId, String referenceRunId, Terms terms, List<Verdict> verdicts);

  /** Records comparisons with what people say. */
  void recordGold(String runId, Terms terms, List<Verdict> verdicts);

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
   * person's word, which no file replaces; what a file said and says no more is forgotten.
   *
   * @param source which file, or who
   * @return how many are new or say something else
   */
  long keepGold(
      String tenant, String taskName, Giver giver, String source, List<Gold> gold, Instant at);
}
