package dev.nightjar.cachestore;

import java.util.Collection;
import java.util.List;
import java.util.Map;

/** Answers that may be used again. Thread-safe. Entries are written by {@link SettlementStore}. */
public interface CacheStore {

  /**
   * Looks keys up as they are. One statement.
   *
   * @param similarityMin an entry that borrowed another text's answer counts only if it was at
   *     least this similar; a task whose threshold was raised does not keep what the lower one let
   *     in
   * @return the hits by item key; a key without an entry is absent
   */
  Map<String, CacheHit> lookupExact(
      long namespaceId, Collection<String> itemKeys, double similarityMin);

  /**
   * Looks for the nearest entry of the same namespace to each embedding. The namespace is a
   * condition inside the index scan, not a filter over its result, so a large neighbour namespace
   * cannot crowd a small one out. One statement.
   *
   * @param similarityMin least cosine for a hit, in [-1, 1]
   * @return the hits by item key; a key whose nearest entry is less similar is absent
   */
  Map<String, CacheHit> lookupNearest(
      long namespaceId, Map<String, Embedding> embeddings, double similarityMin);

  /**
   * Answers waiting documents of a run from the entries that were hit. Repeatable: documents that
   * are settled already stay as they are.
   */
  void answerFromCache(String runId, List<CacheHit> hits);
}
