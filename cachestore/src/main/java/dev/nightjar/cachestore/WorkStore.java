package dev.nightjar.cachestore;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Items and misses on their way to an attempt. Thread-safe; every method may be repeated. */
public interface WorkStore {

  /** Records documents as items. */
  void recordItems(String runId, List<NewItem> items);

  /**
   * Of the given item keys, those with a document in this run that nothing has decided yet. A run
   * that is continued gets back only what its predecessor left undone.
   */
  Set<String> undecided(String runId, Collection<String> itemKeys);

  /** Records how files were read; a file that is read again replaces what was recorded of it. */
  void recordFiles(String runId, List<FileReading> files);

  /** Records refused input. */
  void recordDeadLetters(String runId, List<DeadLetter> deadLetters);

  /**
   * Records keys that no cache answered. A key that another run has in flight, or will ask while a
   * process drives it, is not asked again: the documents wait for that answer. A key answered
   * between look-up and this call is answered from the cache now. A key that failed for good fails
   * as it did.
   *
   * @param bounds as in {@link CacheStore#lookupExact}
   */
  void recordMisses(String runId, List<Miss> misses, ReuseBounds bounds);

  /**
   * Has texts asked again that failed for good, by the next run that reads them.
   *
   * @param runId only those of this run's documents
   * @param code only those that failed so
   * @param documentIds only these documents'; empty for all
   * @return how many texts
   */
  long retryLasting(
      String tenant,
      Optional<String> runId,
      Optional<ErrorCode> code,
      Collection<String> documentIds);

  /**
   * Decides which candidates of a run are asked and which wait for one like them, by {@link
   * LeaderElection}. The outcome depends on the set of candidates alone, not on their order, on
   * parallelism or on restarts.
   *
   * @param similarityMin least cosine between a follower and its leader; 2 for no followers
   * @param jaccardMin the same for long texts, which are compared by their shingles
   * @param guards positions, from 1, of the guard marks in which the two must not differ
   */
  void electLeaders(String runId, double similarityMin, double jaccardMin, List<Integer> guards);

  /** Of the given keys, those elected as leaders of this run that have no attempt yet. */
  Map<String, Leader> leadersToPlan(String runId, Collection<String> itemKeys);

  /**
   * Plans attempts and works out their worst case, without money: see {@link FundingStore}. An
   * attempt that a run planned which is gone passes to this one.
   *
   * @throws NightjarException PRICE_MISSING if a model has no price in force
   */
  void planAttempts(String runId, List<AttemptPlan> plans);

  /**
   * Keeps whole documents whose answers have to quote them, until their leaders are settled.
   *
   * @param documents by item key
   */
  void keepDocuments(Map<String, String> documents);

  /** The documents that are kept of these keys. */
  Map<String, String> documents(Collection<String> itemKeys);

  /** Keeps where quotes stand; those that are kept already of an attempt are replaced. */
  void keepQuotes(List<LocatedQuote> quotes);

  /**
   * Ends leaders of a run that have no attempt and will have none, and the documents that wait for
   * them. The leaders' failure is lasting: the next run does not try again.
   */
  void failLeaders(String runId, List<LeaderFailure> failures);

  /**
   * Makes documents of a run unread again that wait for a leader which nobody will ask: its run is
   * gone, or it was settled without them.
   *
   * @return how many documents of the run are unread now
   */
  long reclaim(String runId);
}
