package dev.nightjar.cachestore;

import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Answers that may be used again. Thread-safe. Entries are written by {@link SettlementStore}. */
public interface CacheStore {

  /**
   * Looks keys up as they are. One statement.
   *
   * @return the hits by item key; a key without an entry is absent
   */
  Map<String, CacheHit> lookupExact(
      long namespaceId, Collection<String> itemKeys, ReuseBounds bounds);

  /**
   * Looks for the entries nearest to each embedding, in the same namespace. Namespace and age are
   * conditions inside the index scan, not a filter over its result, so a large neighbour namespace
   * cannot crowd a small one out. One statement for all embeddings.
   *
   * @param neighboursMax most neighbours of one embedding, from 1 to 40
   * @return neighbours by item key, nearest first; a key of an empty namespace is absent
   */
  Map<String, List<Neighbour>> nearest(
      long namespaceId, Map<String, Embedding> embeddings, int neighboursMax, Instant writtenAfter);

  /**
   * Records what was decided on texts looked up by likeness, and answers waiting documents of a run
   * from the entries that were hit, in one transaction. Repeatable: documents that are settled
   * already stay as they are, and the first decision on a text in a run stands.
   *
   * @return the keys that were answered, or had been; an entry that was forgotten since it was
   *     looked up answers nothing
   */
  Set<String> answerFromCache(String runId, List<CacheHit> hits, List<SemanticLookup> lookups);
}
