package dev.nightjar.cachestore;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * What the semantic cache has learnt of its own errors. Thread-safe; every method may be repeated.
 */
public interface LearningStore {

  /** Two answers to compare: a text's own, and the one it would have borrowed. */
  record Comparison(String runId, String itemKey, String answerJson, String neighbourAnswerJson) {}

  /** How a comparison ended. */
  record Verdict(String runId, String itemKey, boolean isRight) {}

  /**
   * Hands over the outcomes of the lookups that are evidence, in order of runs and, inside one, of
   * item keys, whatever order they came in: of a run all, once all of it is known, and of none
   * before its predecessors. A text that got no answer counts as one that would have been wrong.
   * Streamed.
   *
   * @param policy only lookups decided and compared in this way count
   * @param bound under another bound on errors the outcome counts, but not as a hit
   */
  void evidence(long namespaceId, String policy, ErrorBound bound, Consumer<Evidence> consumer);

  /**
   * The threshold that a run began with, if it has begun.
   *
   * <p>A run that is continued goes on with what it began with, so that a document's fate does not
   * depend on when the run was interrupted.
   */
  Optional<LearntThreshold> threshold(long namespaceId, String runId);

  /**
   * Records the threshold that a run begins with. A second call changes it only if policy, error or
   * confidence are others: somebody changed the task between two commands.
   */
  void recordThreshold(long namespaceId, String runId, LearntThreshold threshold);

  /** Takes back classes of another way of comparing, and what was counted by it. */
  void declassify(long namespaceId, String classPrefix);

  /**
   * Entries whose answers have no class yet.
   *
   * @return answers by item key, at most {@code entriesMax}
   */
  Map<String, String> unclassified(long namespaceId, int entriesMax);

  /** Records the classes of entries. */
  void classify(Map<String, String> classes);

  /**
   * Lookups whose text was answered since, by its own answer or its leader's, and that were not
   * compared yet; of several runs that looked a text up, the latest.
   *
   * @param policy only lookups decided in this way
   * @return at most {@code comparisonsMax}
   */
  List<Comparison> comparisons(long namespaceId, String policy, int comparisonsMax);

  /**
   * Records how comparisons ended: with the lookup, and, where the text itself was asked, with the
   * neighbour. Earlier lookups of the same text are not compared any more.
   */
  void record(List<Verdict> verdicts);

  /** Says that a run is over: what it looked up and nobody has answered will not be compared. */
  void close(String runId);
}
