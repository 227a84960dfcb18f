package dev.nightjar.cachestore;

import java.math.BigDecimal;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/** Versions of a task, and answers that outlive a change of it. Thread-safe. */
public interface VersionStore {

  /**
   * A former version of a task, of which a run has begun.
   *
   * @param namespaceId its namespace
   * @param fingerprint its task's fingerprint
   * @param embeddingModel by which it compares texts
   * @param definitionJson the task as it was
   * @param lastRunId its last run
   * @param isLast whether no run of the version that asks has begun since
   */
  record Former(
      long namespaceId,
      String fingerprint,
      String embeddingModel,
      String definitionJson,
      String lastRunId,
      boolean isLast) {}

  /**
   * The other versions of a task by its name, the one that was run last first. Trials and audits
   * have names of their own.
   */
  List<Former> formers(long namespaceId, String taskName, int formersMax);

  /**
   * Which answers a change touches, as far as the requests say that led to them.
   *
   * @param all all of them
   * @param cut those of which a request was cut
   * @param cutExceptAt but for what was cut at one of these tiers of the former version
   * @param rejected those of which a request was answered against the schema
   * @param refused those of which a model refused a request
   * @param atLengths those with a text of such a length, which a limit may have made so
   */
  record Touched(
      boolean all,
      boolean cut,
      List<String> cutExceptAt,
      boolean rejected,
      boolean refused,
      List<Integer> atLengths) {
    /** All answers. */
    public static final Touched ALL = new Touched(true, false, List.of(), false, false, List.of());

    public Touched {
      cutExceptAt = List.copyOf(cutExceptAt);
      atLengths = List.copyOf(atLengths);
    }
  }

  /**
   * An answer of a former version.
   *
   * @param answerJson the answer
   * @param isTouched whether the change touches it
   */
  record FormerAnswer(String answerJson, boolean isTouched) {}

  /**
   * Answers of a former version that may still be used, by their keys there.
   *
   * @param bounds those of the run that asks
   */
  Map<String, FormerAnswer> answers(
      long formerNamespaceId, Collection<String> formerKeys, Touched touched, ReuseBounds bounds);

  /** Why an answer is kept. */
  enum Kept {
    /** The change cannot have touched it. */
    UNAFFECTED,
    /** Somebody wanted it kept. */
    BY_REQUEST
  }

  /**
   * An answer to keep.
   *
   * @param itemKey the text's key now
   * @param formerKey its key in the former version
   * @param withVector whether texts compare as they did there, so that its vector holds
   */
  record Keeping(String itemKey, String formerKey, Kept kept, boolean withVector) {}

  /**
   * Copies answers into the cache of a run's version, without what was learnt of them, and answers
   * the run's documents by them, in one transaction. A plan's documents are answered and nothing is
   * copied. Repeatable.
   *
   * @return the keys that were answered; a former answer may have been forgotten meanwhile
   */
  Set<String> keep(String runId, List<Keeping> answers);

  /**
   * What a change makes void.
   *
   * @param answered documents with an answer in the former version's last run
   * @param touched those of them whose answer the change touches
   * @param askedUsd what these answers cost when they were asked
   */
  record MadeVoid(long answered, long touched, BigDecimal askedUsd) {}

  /**
   * Counts what a change makes void.
   *
   * @param wholePromptTokensOver also those whose whole prompt is longer; empty for none
   */
  MadeVoid countVoid(String formerRunId, Touched touched, OptionalInt wholePromptTokensOver);

  /**
   * How many documents of a run have an answer of a former version.
   *
   * @param unaffected because the change cannot have touched it
   * @param byRequest because somebody wanted it kept
   */
  record KeptCounts(long unaffected, long byRequest) {}

  KeptCounts kept(String runId);

  /**
   * What a plan asks again.
   *
   * @param documents that had an answer in the former version's last run
   * @param share of what the plan reserves for all that it asks
   */
  record Again(long documents, double share) {}

  Again askedAgain(String planRunId, String formerRunId);

  /**
   * What two runs made of a document.
   *
   * @param documentId the document
   * @param isText whether it stands for its text in the second run, of which there may be copies
   * @param isInFirst whether the first run read it
   * @param isInSecond whether the second did
   * @param first the first run's answer as JSON; empty if it has none
   * @param second the second run's
   */
  record Pair(
      String documentId,
      boolean isText,
      boolean isInFirst,
      boolean isInSecond,
      Optional<String> first,
      Optional<String> second) {}

  /**
   * The documents of two runs, by their ids.
   *
   * @param afterId only documents after this one, in their order
   */
  List<Pair> pairs(String firstRunId, String secondRunId, String afterId, int pairsMax);

  /**
   * An interval for a share.
   *
   * @param low its lower end
   * @param high its upper end
   */
  record Interval(double low, double high) {}

  /** Between which bounds a share lies, at 95 %, of which some of a number of draws were seen. */
  Interval interval(long seen, long drawn);
}
