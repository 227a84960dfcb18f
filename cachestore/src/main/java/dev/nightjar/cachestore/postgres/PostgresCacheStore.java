package dev.nightjar.cachestore.postgres;

import static dev.nightjar.cachestore.postgres.Sql.array;
import static dev.nightjar.cachestore.postgres.Sql.fetch;
import static dev.nightjar.cachestore.postgres.Sql.texts;

import dev.nightjar.cachestore.CacheHit;
import dev.nightjar.cachestore.CacheStore;
import dev.nightjar.cachestore.Embedding;
import java.time.Clock;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jooq.DSLContext;
import org.jooq.Record;

/** The cache in {@code cache_entries}. */
final class PostgresCacheStore implements CacheStore {
  private final DSLContext context;
  private final Clock clock;

  PostgresCacheStore(DSLContext context, Clock clock) {
    this.context = context;
    this.clock = clock;
  }

  @Override
  public Map<String, CacheHit> lookupExact(
      long namespaceId, Collection<String> itemKeys, double similarityMin) {
    Map<String, CacheHit> hits = new HashMap<>();
    for (Record row :
        fetch(
            context,
            """
            select e.item_key, e.source_key, e.similarity
            from cache_entries e
            where e.namespace_id = ?
              and e.item_key = any (?::text[])
              and (e.source_key = e.item_key or e.similarity >= ?)
            """,
            namespaceId,
            array(itemKeys),
            similarityMin)) {
      String key = row.get("item_key", String.class);
      hits.put(
          key,
          new CacheHit(
              key, row.get("source_key", String.class), row.get("similarity", Double.class), true));
    }
    return hits;
  }

  @Override
  public Map<String, CacheHit> lookupNearest(
      long namespaceId, Map<String, Embedding> embeddings, double similarityMin) {
    List<Map.Entry<String, Embedding>> queries = List.copyOf(embeddings.entrySet());
    return context.transactionResult(
        configuration -> {
          DSLContext tx = configuration.dsl();
          // Keeps scanning the index until an entry of this namespace is found (pgvector 0.8):
          // without
          // it the index returns its ef_search nearest of all namespaces and the filter may drop
          // all.
          tx.execute("set local hnsw.iterative_scan = strict_order");
          Map<String, CacheHit> hits = new HashMap<>();
          for (Record row :
              fetch(
                  tx,
                  """
                  select q.item_key, n.source_key, n.similarity
                  from unnest(?::text[], ?::text[]) as q (item_key, embedding)
                  cross join lateral (
                      select e.item_key as source_key, 1 - (e.embedding <=> q.embedding::vector) as similarity
                      from cache_entries e
                      where e.namespace_id = ?
                        and e.embedding is not null
                      order by e.embedding <=> q.embedding::vector
                      limit 1
                  ) n
                  where n.similarity >= ?
                  """,
                  texts(queries, Map.Entry::getKey),
                  texts(queries, query -> Sql.vector(query.getValue())),
                  namespaceId,
                  similarityMin)) {
            String key = row.get("item_key", String.class);
            hits.put(
                key,
                new CacheHit(
                    key,
                    row.get("source_key", String.class),
                    Math.min(1, row.get("similarity", Double.class)),
                    false));
          }
          return hits;
        });
  }

  @Override
  public void answerFromCache(String runId, List<CacheHit> hits) {
    if (hits.isEmpty()) {
      return;
    }
    context.transaction(
        configuration -> {
          DSLContext tx = configuration.dsl();
          answer(tx, clock, runId, hits);
        });
  }

  /** Answers documents inside a transaction that is already open. */
  static void answer(DSLContext tx, Clock clock, String runId, List<CacheHit> hits) {
    // A likeness found once is kept as an entry of its own, without an embedding: the same text
    // hits
    // exactly the next night and is not embedded again.
    tx.execute(
        """
        insert into cache_entries (item_key, namespace_id, source_key, similarity, answer, output_tokens, created_at)
        select h.item_key, e.namespace_id, e.source_key, h.similarity, e.answer, e.output_tokens, ?
        from unnest(?::text[], ?::text[], ?::real[], ?::boolean[]) as h (item_key, source_key, similarity, exact)
        join cache_entries e on e.item_key = h.source_key
        where not h.exact
        on conflict (item_key) do update
        set source_key = excluded.source_key,
            similarity = excluded.similarity,
            answer = excluded.answer,
            output_tokens = excluded.output_tokens,
            created_at = excluded.created_at
        where cache_entries.source_key <> cache_entries.item_key
        """,
        Sql.now(clock),
        texts(hits, CacheHit::itemKey),
        texts(hits, CacheHit::sourceKey),
        hits.stream().map(hit -> (float) hit.similarity()).toArray(Float[]::new),
        hits.stream().map(CacheHit::exact).toArray(Boolean[]::new));
    tx.execute(
        """
        with hits as (
            select h.item_key, h.exact, e.source_key, e.similarity, e.answer, e.output_tokens
            from unnest(?::text[], ?::boolean[]) as h (item_key, exact)
            join cache_entries e using (item_key)
        ),
        answered as (
            update items i
            set state = 'answered',
                answered_by = case when h.exact then 'exact_hit' else 'semantic_hit' end,
                leader_key = h.source_key,
                similarity = h.similarity,
                settled_at = ?
            from hits h
            where i.run_id = ?
              and i.item_key = h.item_key
              and i.state = 'new'
            returning i.run_id, i.document_id, i.item_key, h.source_key, h.answer, h.output_tokens, i.settled_at
        )
        insert into results (run_id, document_id, item_key, source_key, answer, output_tokens, created_at)
        select * from answered
        on conflict (run_id, document_id) do nothing
        """,
        texts(hits, CacheHit::itemKey),
        hits.stream().map(CacheHit::exact).toArray(Boolean[]::new),
        Sql.now(clock),
        runId);
  }
}
