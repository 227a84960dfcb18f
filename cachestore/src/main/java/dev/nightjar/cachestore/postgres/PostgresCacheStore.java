package dev.nightjar.cachestore.postgres;

import static dev.nightjar.cachestore.postgres.Sql.array;
import static dev.nightjar.cachestore.postgres.Sql.fetch;
import static dev.nightjar.cachestore.postgres.Sql.floats;
import static dev.nightjar.cachestore.postgres.Sql.texts;

import dev.nightjar.cachestore.CacheHit;
import dev.nightjar.cachestore.CacheStore;
import dev.nightjar.cachestore.Embedding;
import dev.nightjar.cachestore.Neighbour;
import dev.nightjar.cachestore.ReuseBounds;
import dev.nightjar.cachestore.SemanticLookup;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jooq.Condition;
import org.jooq.DSLContext;
import org.jooq.Record;
import org.jooq.impl.DSL;

/** The cache in {@code cache_entries}. */
final class PostgresCacheStore implements CacheStore {
  private static final int NEIGHBOURS_MAX = 40;

  /**
   * With what the index is searched (pgvector 0.8). Strict iterative scans go on until enough
   * entries of the namespace are found; without them the index gives its nearest of all namespaces,
   * and the filter may drop them all. Recall of the nearest at ef_search 100: see ADR 8. A scan
   * ends after a million entries of others, some 220 MB; by default it ends, silently, where its
   * work_mem does: at 4 MB after 18,860. It is planned for the namespace at hand: a small one is
   * read by its own index, not through the neighbourhood of all others.
   */
  static final List<String> SEARCH_SETTINGS =
      List.of(
          "hnsw.iterative_scan = strict_order",
          "hnsw.ef_search = 100",
          "hnsw.max_scan_tuples = 1000000",
          "hnsw.scan_mem_multiplier = 1000",
          "plan_cache_mode = force_custom_plan");

  static final String NEAREST =
      """
      select q.item_key as query_key, n.item_key, n.similarity, n.answer_class, n.agreed, n.contradicted, n.guard_marks
      from (
          -- Read once: in place, each of its mentions below would parse the text again.
          select u.item_key, u.embedding::vector as embedding
          from unnest(?::text[], ?::text[]) as u (item_key, embedding)
          offset 0
      ) q
      cross join lateral (
          select
              e.item_key, 1 - (e.embedding <=> q.embedding) as similarity,
              coalesce(e.answer_class, e.item_key) as answer_class, e.agreed, e.contradicted, e.guard_marks
          from cache_entries e
          where e.namespace_id = ?
            and e.embedding is not null
            and e.created_at > ?
          order by e.embedding <=> q.embedding
          limit ?
      ) n
      order by q.item_key, n.similarity desc, n.item_key
      """;

  private final DSLContext context;
  private final Clock clock;

  PostgresCacheStore(DSLContext context, Clock clock) {
    this.context = context;
    this.clock = clock;
  }

  @Override
  public Map<String, CacheHit> lookupExact(
      long namespaceId, Collection<String> itemKeys, ReuseBounds bounds) {
    Map<String, CacheHit> hits = new HashMap<>();
    for (Record row :
        fetch(
            context,
            """
            select e.item_key, e.source_key, e.similarity
            from (select distinct u.item_key from unnest(?::text[]) as u (item_key)) k
            join cache_entries e using (item_key)
            where e.namespace_id = ?
              and ?
            """,
            array(itemKeys),
            namespaceId,
            usable(bounds))) {
      String key = row.get("item_key", String.class);
      hits.put(
          key,
          CacheHit.exact(
              key, row.get("source_key", String.class), row.get("similarity", Double.class)));
    }
    return hits;
  }

  /** Whether an entry, named e, may be used again. */
  static Condition usable(ReuseBounds bounds) {
    return DSL.condition(
        """
        e.created_at > ?
        and (e.source_key = e.item_key
            or (e.score is null and e.policy = ? and e.similarity >= case e.measure when 'jaccard' then ?::real else ?::real end)
            or (e.policy = ? and e.score >= ?::real))
        """,
        Sql.time(bounds.writtenAfter()),
        bounds.followerPolicy(),
        bounds.jaccardMin(),
        bounds.similarityMin(),
        bounds.semanticPolicy(),
        bounds.scoreMin());
  }

  @Override
  public Map<String, List<Neighbour>> nearest(
      long namespaceId,
      Map<String, Embedding> embeddings,
      int neighboursMax,
      Instant writtenAfter) {
    if (neighboursMax < 1 || neighboursMax > NEIGHBOURS_MAX) {
      throw new IllegalArgumentException(
          "neighboursMax must be in [1, " + NEIGHBOURS_MAX + "], but was " + neighboursMax);
    }
    if (embeddings.isEmpty()) {
      return Map.of();
    }
    List<Map.Entry<String, Embedding>> queries = List.copyOf(embeddings.entrySet());
    return context.transactionResult(
        configuration -> {
          DSLContext tx = configuration.dsl();
          prepareSearch(tx);
          Map<String, List<Neighbour>> neighbours = new HashMap<>();
          for (Record row :
              fetch(
                  tx,
                  NEAREST,
                  texts(queries, Map.Entry::getKey),
                  texts(queries, query -> Sql.vector(query.getValue())),
                  namespaceId,
                  Sql.time(writtenAfter),
                  neighboursMax)) {
            String[] marks = row.get("guard_marks", String[].class);
            neighbours
                .computeIfAbsent(row.get("query_key", String.class), key -> new ArrayList<>())
                .add(
                    new Neighbour(
                        row.get("item_key", String.class),
                        Math.min(1, row.get("similarity", Double.class)),
                        row.get("answer_class", String.class),
                        row.get("agreed", Integer.class),
                        row.get("contradicted", Integer.class),
                        marks == null ? List.of() : List.of(marks)));
          }
          return neighbours;
        });
  }

  /** Sets {@link #SEARCH_SETTINGS} to the end of the transaction. */
  static void prepareSearch(DSLContext tx) {
    SEARCH_SETTINGS.forEach(setting -> tx.execute("set local " + setting));
  }

  @Override
  public Set<String> answerFromCache(
      String runId, List<CacheHit> hits, List<SemanticLookup> lookups) {
    if (hits.isEmpty() && lookups.isEmpty()) {
      return Set.of();
    }
    return context.transactionResult(
        configuration -> {
          DSLContext tx = configuration.dsl();
          recordLookups(tx, runId, lookups);
          return answer(tx, clock, runId, hits);
        });
  }

  private void recordLookups(DSLContext tx, String runId, List<SemanticLookup> lookups) {
    if (lookups.isEmpty()) {
      return;
    }
    tx.execute(
        """
        insert into semantic_lookups (
            namespace_id, run_id, item_key, source_key, similarity, score, threshold, error_bound,
            decision, veto, is_sampled, policy, looked_up_at, awaits_answer)
        select
            r.namespace_id, r.run_id, l.item_key, l.source_key, l.similarity, l.score, l.threshold, l.error_bound,
            l.decision, l.veto, l.is_sampled, l.policy, ?,
            l.source_key is not null and l.decision <> 'hit' and r.state <> 'planning' -- which is no evidence
        from unnest(?::text[], ?::text[], ?::real[], ?::real[], ?::real[], ?::real[], ?::text[], ?::text[], ?::boolean[], ?::text[])
            as l (item_key, source_key, similarity, score, threshold, error_bound, decision, veto, is_sampled, policy)
        join runs r on r.run_id = ?
        order by l.item_key
        on conflict (run_id, item_key) do nothing
        """,
        Sql.now(clock),
        texts(lookups, SemanticLookup::itemKey),
        texts(lookups, l -> l.source().map(Neighbour::itemKey).orElse(null)),
        floats(lookups, l -> l.source().map(Neighbour::similarity).orElse(null)),
        floats(lookups, SemanticLookup::score),
        floats(lookups, SemanticLookup::threshold),
        floats(lookups, SemanticLookup::errorBoundOrNull),
        texts(lookups, l -> l.decision().name().toLowerCase(Locale.ROOT)),
        texts(lookups, SemanticLookup::vetoOrNull),
        lookups.stream().map(SemanticLookup::isSampled).toArray(Boolean[]::new),
        texts(lookups, SemanticLookup::policy),
        runId);
  }

  /**
   * Answers documents inside a transaction that is already open.
   *
   * @return the keys whose entry is there; one may have been forgotten since it was looked up
   */
  static Set<String> answer(DSLContext tx, Clock clock, String runId, List<CacheHit> hits) {
    // A likeness found once is kept as an entry of its own, without an embedding: the same text
    // hits
    // exactly the next night and is not embedded again. It is as old as what it was borrowed from.
    tx.execute(
        """
        with sources as (
            -- Who forgets a source waits until its copies are there to be forgotten, too.
            select e.*
            from cache_entries e
            where e.item_key = any (?::text[])
            order by e.item_key
            for key share
        )
        insert into cache_entries (item_key, namespace_id, source_key, similarity, score, policy, answer, model, output_tokens, created_at, kept, origin_key)
        select
            h.item_key, e.namespace_id, e.source_key, h.similarity, h.score, h.policy, e.answer, e.model, e.output_tokens, e.created_at,
            e.kept, e.origin_key
        from unnest(?::text[], ?::text[], ?::real[], ?::real[], ?::text[], ?::boolean[]) as h (item_key, source_key, similarity, score, policy, exact)
        join sources e on e.item_key = h.source_key
        where not h.exact
          and not exists (select from runs r where r.run_id = ? and r.state = 'planning')
        order by h.item_key
        on conflict (item_key) do update
        set source_key = excluded.source_key,
            similarity = excluded.similarity,
            measure = excluded.measure,
            score = excluded.score,
            policy = excluded.policy,
            answer = excluded.answer,
            model = excluded.model,
            output_tokens = excluded.output_tokens,
            created_at = excluded.created_at,
            kept = excluded.kept,
            origin_key = excluded.origin_key
        where cache_entries.source_key <> cache_entries.item_key
        """,
        texts(hits.stream().filter(hit -> !hit.exact()).toList(), CacheHit::sourceKey),
        texts(hits, CacheHit::itemKey),
        texts(hits, CacheHit::sourceKey),
        floats(hits, CacheHit::similarity),
        floats(hits, CacheHit::scoreOrNull),
        texts(hits, CacheHit::policyOrNull),
        hits.stream().map(CacheHit::exact).toArray(Boolean[]::new),
        runId);
    return new HashSet<>(
        Sql.column(
            fetch(
                tx,
                """
                with hits as (
                    select
                        h.item_key, h.exact, e.source_key, case when h.exact then e.similarity else h.similarity end as similarity,
                        e.answer, e.output_tokens, e.kept, coalesce(e.origin_key, e.source_key) as asked_key
                    from unnest(?::text[], ?::text[], ?::real[], ?::boolean[]) as h (item_key, source_key, similarity, exact)
                    -- What is borrowed is the neighbour's: the text may have an answer of its own that is too old.
                    join cache_entries e on e.item_key = case when h.exact then h.item_key else h.source_key end
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
                    returning i.run_id, i.document_id, i.item_key, h.asked_key, h.answer, h.output_tokens, i.settled_at, h.kept
                ),
                written as (
                    insert into results (run_id, document_id, item_key, source_key, answer, output_tokens, created_at, kept)
                    select * from answered
                    on conflict (run_id, document_id) do nothing
                )
                select item_key
                from hits
                """,
                texts(hits, CacheHit::itemKey),
                texts(hits, CacheHit::sourceKey),
                floats(hits, CacheHit::similarity),
                hits.stream().map(CacheHit::exact).toArray(Boolean[]::new),
                Sql.now(clock),
                runId),
            "item_key",
            String.class));
  }
}
