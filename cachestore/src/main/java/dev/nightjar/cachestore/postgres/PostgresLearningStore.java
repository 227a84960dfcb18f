package dev.nightjar.cachestore.postgres;

import static dev.nightjar.cachestore.postgres.Sql.fetch;
import static dev.nightjar.cachestore.postgres.Sql.texts;

import dev.nightjar.cachestore.ErrorBound;
import dev.nightjar.cachestore.Evidence;
import dev.nightjar.cachestore.LearningStore;
import dev.nightjar.cachestore.LearntThreshold;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jooq.Cursor;
import org.jooq.DSLContext;
import org.jooq.Record;
import org.jspecify.annotations.Nullable;

/** Evidence in {@code semantic_lookups}, thresholds in {@code semantic_thresholds}. */
final class PostgresLearningStore implements LearningStore {
  private static final int FETCH_ROWS = 5_000;

  private final DSLContext context;
  private final Clock clock;

  PostgresLearningStore(DSLContext context, Clock clock) {
    this.context = context;
    this.clock = clock;
  }

  @Override
  public void evidence(
      long namespaceId, String policy, ErrorBound bound, Consumer<Evidence> consumer) {
    context.transaction( // not repeated: the consumer has heard what it has heard
        configuration -> { // a cursor's rows come in portions only inside a transaction
          try (Cursor<Record> rows =
              configuration
                  .dsl()
                  .resultQuery(
                      """
                      with in_order as (
                          select
                              r.run_id,
                              r.started_at,
                              -- Of a run all or nothing, and nothing of one behind it: what is easy comes back
                              -- first, and would be all that is known for a while.
                              bool_and(r.state = 'finished' and not exists (
                                  select
                                  from semantic_lookups w
                                  where w.namespace_id = r.namespace_id
                                    and w.run_id = r.run_id
                                    and w.policy = ?
                                    and w.is_sampled
                                    and w.awaits_answer
                                    and exists ( -- else none will come, whoever did not say so
                                        select
                                        from items i
                                        where i.run_id = w.run_id
                                          and i.item_key = w.item_key
                                          and i.state = 'answered'))) over (order by r.started_at, r.run_id) as is_known
                          from runs r
                          where r.namespace_id = ?
                            and r.state in ('open', 'finished')
                      ),
                      outcomes as (
                          select
                              l.*,
                              o.started_at,
                              -- A text that was drawn and got no answer may have been a hard one: it counts against.
                              coalesce(l.is_right, false) as came_right
                          from semantic_lookups l
                          join in_order o on o.run_id = l.run_id and o.is_known
                          where l.namespace_id = ?
                            and l.policy = ?
                            and l.is_sampled
                            and (l.is_right is not null or exists (
                                select
                                from items i
                                where i.run_id = l.run_id
                                  and i.item_key = l.item_key
                                  -- Want of money, a changed task or input and a person's hand say nothing of it.
                                  and i.failure_code in (
                                      'ANSWER_INVALID', 'ANSWER_TRUNCATED', 'ANSWER_REFUSED', 'ANSWER_FILTERED',
                                      'ANSWER_CONTEXT_FULL', 'ANSWER_PAUSED', 'OUTCOME_UNKNOWN', 'REQUEST_ERRORED',
                                      'REQUEST_EXPIRED', 'REQUEST_LOST', 'DEADLINE_PASSED')))
                            -- Once: what fails for good is looked up, and fails, every night.
                            and (l.is_right is not null or not exists (
                                select
                                from semantic_lookups e
                                where e.namespace_id = l.namespace_id
                                  and e.item_key = l.item_key
                                  and e.policy = l.policy
                                  and e.is_sampled
                                  and e.is_right is null
                                  and e.lookup_id < l.lookup_id))
                      )
                      select
                          l.score,
                          l.score >= l.threshold
                              and coalesce(t.max_error = ?::real and t.is_per_request = ?, false) as is_hit,
                          coalesce(t.shadow_share, 1) as share,
                          case when l.score >= l.threshold then coalesce(t.shadow_share, 1) else 1 end as propensity,
                          l.came_right as is_right,
                          row_number() over one_by_one > 1 as is_copy,
                          not bool_and(l.came_right) over copies as is_disputed
                      from outcomes l
                      left join semantic_thresholds t using (namespace_id, run_id)
                      window
                          copies as (partition by coalesce(l.answer_key, l.item_key), coalesce(l.answered_at, l.verified_at)),
                          one_by_one as (copies order by l.lookup_id)
                      -- Keys are hashes: an order that nothing about a text decides.
                      order by l.started_at, l.run_id, l.item_key, l.lookup_id
                      """,
                      policy,
                      namespaceId,
                      namespaceId,
                      policy,
                      bound.maxError(),
                      bound.isPerRequest())
                  .fetchSize(FETCH_ROWS)
                  .fetchLazy()) {
            for (Record row : rows) {
              consumer.accept(
                  new Evidence(
                      row.get("score", Double.class),
                      row.get("is_hit", Boolean.class),
                      row.get("share", Double.class),
                      row.get("propensity", Double.class),
                      row.get("is_right", Boolean.class),
                      row.get("is_copy", Boolean.class),
                      row.get("is_disputed", Boolean.class)));
            }
          }
        });
  }

  @Override
  public Optional<LearntThreshold> threshold(long namespaceId, String runId) {
    return fetch(
            context,
            """
            select threshold, policy, max_error, is_per_request, confidence, error_bound, shadow_share, evidence, drift_found
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
                    row.get("policy", String.class),
                    new ErrorBound(
                        row.get("max_error", Double.class),
                        row.get("is_per_request", Boolean.class),
                        row.get("confidence", Double.class)),
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
            namespace_id, run_id, threshold, policy, max_error, is_per_request, confidence, error_bound, shadow_share,
            evidence, drift_found, learnt_at)
        values (?, ?, ?, ?, ?, ?, ?, ?::real, ?, ?, ?, ?)
        on conflict (namespace_id, run_id) do update
        set threshold = excluded.threshold,
            policy = excluded.policy,
            max_error = excluded.max_error,
            is_per_request = excluded.is_per_request,
            confidence = excluded.confidence,
            error_bound = excluded.error_bound,
            shadow_share = excluded.shadow_share,
            evidence = excluded.evidence,
            drift_found = excluded.drift_found,
            learnt_at = excluded.learnt_at
        where (semantic_thresholds.policy, semantic_thresholds.max_error, semantic_thresholds.is_per_request,
                semantic_thresholds.confidence)
            <> (excluded.policy, excluded.max_error, excluded.is_per_request, excluded.confidence)
        """,
        namespaceId,
        runId,
        threshold.threshold(),
        threshold.policy(),
        threshold.bound().maxError(),
        threshold.bound().isPerRequest(),
        threshold.bound().confidence(),
        threshold.errorBoundOrNull(),
        threshold.shadowShare(),
        threshold.evidence(),
        threshold.driftFound(),
        Sql.now(clock));
  }

  @Override
  public void declassify(long namespaceId, String classPrefix) {
    context.execute(
        """
        update cache_entries
        set answer_class = null,
            agreed = 0,
            contradicted = 0
        where namespace_id = ?
          and source_key = item_key
          -- Not "starts with", which no index answers: almost always there is none.
          and (answer_class collate "C" < ? or answer_class collate "C" >= ?)
        """,
        namespaceId,
        classPrefix,
        classPrefix.substring(0, classPrefix.length() - 1)
            + (char) (classPrefix.charAt(classPrefix.length() - 1) + 1));
  }

  @Override
  public Map<String, String> unclassified(long namespaceId, int entriesMax) {
    Map<String, String> answers = new HashMap<>();
    for (Record row :
        fetch(
            context,
            """
            select item_key, answer::text as answer
            from cache_entries
            where namespace_id = ?
              and source_key = item_key
              and answer_class is null
            limit ?
            """,
            namespaceId,
            entriesMax)) {
      answers.put(row.get("item_key", String.class), row.get("answer", String.class));
    }
    return answers;
  }

  @Override
  public void classify(Map<String, String> classes) {
    List<Map.Entry<String, String>> rows =
        classes.entrySet().stream().sorted(Map.Entry.comparingByKey()).toList();
    Transactions.run(
        context,
        configuration -> {
          DSLContext tx = configuration.dsl();
          hold(tx, texts(rows, Map.Entry::getKey));
          tx.execute(
              """
              update cache_entries e
              set answer_class = c.answer_class
              from unnest(?::text[], ?::text[]) as c (item_key, answer_class)
              where e.item_key = c.item_key
              """,
              texts(rows, Map.Entry::getKey),
              texts(rows, Map.Entry::getValue));
        });
  }

  /**
   * Locks entries in the order in which settling does, so that the two cannot wait for each other.
   * Who lends them meanwhile need not wait.
   */
  private static void hold(DSLContext tx, @Nullable String[] keys) {
    fetch(
        tx,
        "select item_key from cache_entries where item_key = any (?::text[]) order by item_key for no key update",
        (Object) keys);
  }

  @Override
  public List<Comparison> comparisons(long namespaceId, String policy, int comparisonsMax) {
    return fetch(
            context,
            """
            select l.run_id, l.item_key, own.answer::text as answer, near.answer::text as near_answer
            from semantic_lookups l
            -- An answer given since it was looked up, its own or its leader's: one that was borrowed from the
            -- cache, or one from before, says nothing of today.
            join cache_entries own on own.item_key = l.item_key and own.score is null and own.created_at >= l.looked_up_at
            -- As it was when it was found; its own follower would agree with it by construction.
            join cache_entries near
                on near.item_key = l.source_key and near.created_at <= l.looked_up_at and near.item_key <> own.source_key
            where l.namespace_id = ?
              and l.policy = ?
              and l.awaits_answer
              and not exists ( -- of one run, if several waited for it
                  select
                  from semantic_lookups later
                  where later.namespace_id = l.namespace_id
                    and later.item_key = l.item_key
                    and later.lookup_id > l.lookup_id
                    and later.policy = l.policy
                    and later.looked_up_at <= own.created_at
                    and later.awaits_answer)
            order by l.lookup_id
            limit ?
            """,
            namespaceId,
            policy,
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
    Transactions.run(
        context,
        configuration -> {
          DSLContext tx = configuration.dsl();
          String[] runs = texts(verdicts, Verdict::runId);
          String[] items = texts(verdicts, Verdict::itemKey);
          hold(
              tx,
              Sql.array(
                  Sql.column(
                      fetch(
                          tx,
                          """
                          select l.source_key
                          from unnest(?::text[], ?::text[]) as v (run_id, item_key)
                          join semantic_lookups l using (run_id, item_key)
                          """,
                          runs,
                          items),
                      "source_key",
                      String.class)));
          // Only a lookup that was not compared before counts for its neighbour: repeating adds
          // nothing.
          tx.execute(
              """
              with verified as (
                  update semantic_lookups l
                  set is_right = v.is_right,
                      answer_key = own.source_key,
                      answered_at = own.created_at,
                      verified_at = ?,
                      awaits_answer = false
                  from unnest(?::text[], ?::text[], ?::boolean[]) as v (run_id, item_key, is_right)
                  left join cache_entries own on own.item_key = v.item_key
                  where l.run_id = v.run_id
                    and l.item_key = v.item_key
                    and l.awaits_answer
                  returning l.lookup_id, l.namespace_id, l.item_key, l.run_id, l.decision, l.source_key, l.answer_key, l.is_right
              ),
              answered_by_the_same as (
                  update semantic_lookups earlier
                  set awaits_answer = false
                  from verified v
                  where earlier.namespace_id = v.namespace_id
                    and earlier.item_key = v.item_key
                    and earlier.lookup_id < v.lookup_id
                    and earlier.awaits_answer
              ),
              posted as (
                  update posted_lookup_sums p
                  set verified = p.verified + v.verified,
                      wrong = p.wrong + v.wrong
                  from (
                      select
                          run_id,
                          count(*) as verified,
                          count(*) filter (where not is_right) as wrong
                      from verified
                      where decision = 'shadow'
                        and answer_key = item_key
                      group by run_id
                  ) v
                  where p.run_id = v.run_id
              ),
              counts as (
                  select
                      source_key,
                      count(*) filter (where is_right) as agreed,
                      count(*) filter (where not is_right) as contradicted
                  from verified
                  where answer_key = item_key
                  group by source_key
              )
              update cache_entries e
              set agreed = e.agreed + c.agreed,
                  contradicted = e.contradicted + c.contradicted
              from counts c
              where e.item_key = c.source_key
              """,
              Sql.now(clock),
              runs,
              items,
              verdicts.stream().map(Verdict::isRight).toArray(Boolean[]::new));
        });
  }

  @Override
  public void close(String runId) {
    context.execute(
        "update semantic_lookups set awaits_answer = false where run_id = ? and awaits_answer",
        runId);
  }
}
