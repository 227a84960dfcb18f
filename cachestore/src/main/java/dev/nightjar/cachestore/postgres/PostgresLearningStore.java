package dev.nightjar.cachestore.postgres;

import static dev.nightjar.cachestore.postgres.Sql.fetch;
import static dev.nightjar.cachestore.postgres.Sql.texts;

import dev.nightjar.cachestore.Evidence;
import dev.nightjar.cachestore.LearningStore;
import dev.nightjar.cachestore.LearntThreshold;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jooq.DSLContext;
import org.jooq.Record;

/** Evidence in {@code semantic_lookups}, thresholds in {@code semantic_thresholds}. */
final class PostgresLearningStore implements LearningStore {
  private final DSLContext context;
  private final Clock clock;

  PostgresLearningStore(DSLContext context, Clock clock) {
    this.context = context;
    this.clock = clock;
  }

  @Override
  public List<Evidence> evidence(long namespaceId, String policy, int evidenceMax) {
    return fetch(
            context,
            """
            select score, threshold, is_right
            from (
                select lookup_id, score, threshold, is_right
                from semantic_lookups
                where namespace_id = ?
                  and policy = ?
                  and is_sampled
                  and is_right is not null
                order by lookup_id desc
                limit ?
            ) newest
            order by lookup_id
            """,
            namespaceId,
            policy,
            evidenceMax)
        .map(
            row ->
                new Evidence(
                    row.get("score", Double.class),
                    row.get("threshold", Double.class),
                    row.get("is_right", Boolean.class)));
  }

  @Override
  public Optional<LearntThreshold> threshold(long namespaceId, String runId) {
    return fetch(
            context,
            """
            select threshold, max_error, confidence, error_bound, shadow_share, evidence, drift_found
            from semantic_thresholds
            where namespace_id = ?
              and run_id = ?
            """,
            namespaceId,
            runId)
        .stream()
        .findFirst()
        .map(
            row ->
                new LearntThreshold(
                    row.get("threshold", Double.class),
                    row.get("max_error", Double.class),
                    row.get("confidence", Double.class),
                    row.get("error_bound", Double.class),
                    row.get("shadow_share", Double.class),
                    row.get("evidence", Integer.class),
                    row.get("drift_found", Boolean.class)));
  }

  @Override
  public void recordThreshold(long namespaceId, String runId, LearntThreshold threshold) {
    context.execute(
        """
        insert into semantic_thresholds (
            namespace_id, run_id, threshold, max_error, confidence, error_bound, shadow_share, evidence, drift_found, learnt_at)
        values (?, ?, ?, ?, ?, ?::real, ?, ?, ?, ?)
        on conflict (namespace_id, run_id) do nothing
        """,
        namespaceId,
        runId,
        threshold.threshold(),
        threshold.maxError(),
        threshold.confidence(),
        threshold.errorBoundOrNull(),
        threshold.shadowShare(),
        threshold.evidence(),
        threshold.driftFound(),
        Sql.now(clock));
  }

  @Override
  public Map<String, String> unclassified(long namespaceId, String classPrefix, int entriesMax) {
    Map<String, String> answers = new HashMap<>();
    for (Record row :
        fetch(
            context,
            """
            select item_key, answer::text as answer
            from cache_entries
            where namespace_id = ?
              and source_key = item_key
              and (answer_class is null or not starts_with(answer_class, ?))
            limit ?
            """,
            namespaceId,
            classPrefix,
            entriesMax)) {
      answers.put(row.get("item_key", String.class), row.get("answer", String.class));
    }
    return answers;
  }

  @Override
  public void classify(Map<String, String> classes) {
    List<Map.Entry<String, String>> rows =
        classes.entrySet().stream().sorted(Map.Entry.comparingByKey()).toList();
    context.execute(
        """
        update cache_entries e
        set answer_class = c.answer_class
        from unnest(?::text[], ?::text[]) as c (item_key, answer_class)
        where e.item_key = c.item_key
        """,
        texts(rows, Map.Entry::getKey),
        texts(rows, Map.Entry::getValue));
  }

  @Override
  public List<Comparison> comparisons(long namespaceId, int comparisonsMax) {
    return fetch(
            context,
            """
            select l.run_id, l.item_key, own.answer::text as answer, near.answer::text as near_answer
            from semantic_lookups l
            join cache_entries own on own.item_key = l.item_key and own.source_key = own.item_key
            join cache_entries near on near.item_key = l.source_key
            where l.namespace_id = ?
              and l.is_right is null
              and l.decision <> 'hit'
            order by l.lookup_id
            limit ?
            """,
            namespaceId,
            comparisonsMax)
        .map(
            row ->
                new Comparison(
                    row.get("run_id", String.class),
                    row.get("item_key", String.class),
                    row.get("answer", String.class),
                    row.get("near_answer", String.class)));
  }

  @Override
  public void record(List<Verdict> verdicts) {
    // Only a lookup that was not compared before counts for its neighbour: repeating adds nothing.
    context.execute(
        """
        with verified as (
            update semantic_lookups l
            set is_right = v.is_right,
                verified_at = ?
            from unnest(?::text[], ?::text[], ?::boolean[]) as v (run_id, item_key, is_right)
            where l.run_id = v.run_id
              and l.item_key = v.item_key
              and l.is_right is null
            returning l.source_key, l.is_right
        ),
        counts as (
            select
                source_key,
                count(*) filter (where is_right) as agreed,
                count(*) filter (where not is_right) as contradicted
            from verified
            group by source_key
            order by source_key
        )
        update cache_entries e
        set agreed = e.agreed + c.agreed,
            contradicted = e.contradicted + c.contradicted
        from counts c
        where e.item_key = c.source_key
        """,
        Sql.now(clock),
        texts(verdicts, Verdict::runId),
        texts(verdicts, Verdict::itemKey),
        verdicts.stream().map(Verdict::isRight).toArray(Boolean[]::new));
  }
}
