package dev.nightjar.cachestore;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the semantic cache has learnt of its own errors. Thread-safe; every method may be repeated.
 */
public interface LearningStore {

  /** Two answers to compare: a text's own, and the one it would have borrowed. */
  record Comparison(String runId, String itemKey, String answerJson, String neighbourAnswerJson) {}

  /** How a comparison ended. */
  record Verdict(String runId, String itemKey, boolean isRight) {}

  /**
   * The verified lookups of a sample that is unbiased, oldest first.
   *
   * @param policy only lookups decided and compared in this way count
   * @param evidenceMax at most the newest so many
   */
  List<Evidence> evidence(long namespaceId, String policy, int evidenceMax);

  /**
   * The threshold that a run began with, if it has begun.
   *
   * <p>A run that is continued goes on with what it began with, so that a document's fate does not
   * depend on when the run was interrupted.
   */
  Optional<LearntThreshold> threshold(long namespaceId, String runId);

  /** Records the threshold that a run begins with; a second call changes nothing. */
  void recordThreshold(long namespaceId, String runId, LearntThreshold threshold);

  /**
   * Entries whose answers have no class under a policy yet.
   *
   * @return answers by item key, at most {@code entriesMax}
   */
  Map<String, String> unclassified(long namespaceId, String classPrefix, int entriesMax);

  /** Records the classes of entries. */
  void classify(Map<String, String> classes);

  /**
   * Lookups that were asked and answered, and not compared yet.
   *
   * @return at most {@code comparisonsMax}
   */
  List<Comparison> comparisons(long namespaceId, int comparisonsMax);

  /** Records how comparisons ended, with the lookup and with the neighbour. */
  void record(List<Verdict> verdicts);
}
