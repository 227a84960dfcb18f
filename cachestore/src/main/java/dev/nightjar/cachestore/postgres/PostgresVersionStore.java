package dev.nightjar.cachestore.postgres;

import static dev.nightjar.cachestore.postgres.Sql.array;
import static dev.nightjar.cachestore.postgres.Sql.fetch;
import static dev.nightjar.cachestore.postgres.Sql.texts;

import dev.nightjar.cachestore.ReuseBounds;
import dev.nightjar.cachestore.VersionStore;
import java.math.BigDecimal;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.jooq.DSLContext;
import org.jooq.Record;

/** Versions in {@code tasks} and {@code namespaces}, and their answers in {@code cache_entries}. */
final class PostgresVersionStore implements VersionStore {

  /**
   * Whether one of the requests that led to an answer went as the change is about, or the answer is
   * as long as a limit allowed; of the request's key, the former version's namespace and the
   * answer, with the parameters of {@link #touchedBy}. A copy's requests are an older version's,
   * whose tiers may have had other names: then each cut counts.
   */
  private static final String TOUCHED =
      """
      (? or exists (
          select
          from attempts a
          where a.item_key = %1$s
            and ((a.failure_code = 'ANSWER_TRUNCATED'
                    and ?
                    and (a.tier <> all (?::text[])
                        or (a.namespace_id <> %2$s
                            and (
                                select jsonb_path_query_array(t.definition, '$.tiers[*].name')
                                from namespaces n
                                join tasks t using (tenant, task_fingerprint)
                                where n.namespace_id = a.namespace_id
                            ) is distinct from (
                                select jsonb_path_query_array(t.definition, '$.tiers[*].name')
                                from namespaces n
                                join tasks t using (tenant, task_fingerprint)
                                where n.namespace_id = %2$s))))
                or (a.failure_code = 'ANSWER_INVALID' and ?)
                or (a.failure_code in ('ANSWER_REFUSED', 'ANSWER_FILTERED') and ?)))
          or exists (
              select
              from unnest(?::integer[]) as b (size)
              join lateral jsonb_path_query(%3$s, 'strict $.**') as v (value)
                  on jsonb_typeof(v.value) = 'string' and length(v.value #>> '{}') = b.size))
      """;

  private final DSLContext context;
  private final Clock clock;

  PostgresVersionStore(DSLContext context, Clock clock) {
    this.context = context;
    this.clock = clock;
  }

  @Override
  public List<Former> formers(long namespaceId, String taskName, int formersMax) {
    return fetch(
            context,
            """
            with versions as (
                select
                    m.namespace_id, m.task_fingerprint, m.embedding_model, u.definition::text as definition, l.run_id,
                    l.started_at, m.namespace_id = n.namespace_id as is_own
                from namespaces n
                join namespaces m on m.tenant = n.tenant
                join tasks u on u.tenant = m.tenant and u.task_fingerprint = m.task_fingerprint
                cross join lateral (
                    select r.run_id, r.started_at
                    from runs r
                    where r.namespace_id = m.namespace_id
                      and r.task_name = ? -- of one content two files are one version
                      and r.state <> 'planning'
                    order by r.started_at desc, r.run_id desc
                    limit 1
                ) l
                where n.namespace_id = ?
            )
            select
                v.*,
                not exists (select from versions o where o.is_own and o.started_at > v.started_at)
                    and not exists (select from versions o where not o.is_own and o.started_at > v.started_at) as is_last
            from versions v
            where not v.is_own
            order by v.started_at desc, v.namespace_id desc
            limit ?
            """,
            taskName,
            namespaceId,
            formersMax)
        .map(
            row ->
                new Former(
                    row.get("namespace_id", Long.class),
                    row.get("task_fingerprint", String.class),
                    row.get("embedding_model", String.class),
                    row.get("definition", String.class),
                    row.get("run_id", String.class),
                    row.get("is_last", Boolean.class)));
  }

  private static List<Object> touchedBy(Touched touched) {
    return List.of(
        touched.all(),
        touched.cut(),
        array(touched.cutExceptAt()),
        touched.rejected(),
        touched.refused(),
        touched.atLengths().toArray(new Integer[0]));
  }

  @Override
  public Map<String, FormerAnswer> answers(
      long formerNamespaceId, Collection<String> formerKeys, Touched touched, ReuseBounds bounds) {
    List<Object> values = new ArrayList<>(touchedBy(touched));
    values.add(array(formerKeys));
    values.add(formerNamespaceId);
    values.add(PostgresCacheStore.usable(bounds));
    Map<String, FormerAnswer> answers = new HashMap<>();
    for (Record row :
        fetch(
            context,
            "select k.item_key, e.answer::text as answer, "
                + TOUCHED.formatted(
                    "coalesce(e.origin_key, e.source_key)", "e.namespace_id", "e.answer")
                + """
                as is_touched
                from (select distinct u.item_key from unnest(?::text[]) as u (item_key)) k
                join cache_entries e using (item_key)
                where e.namespace_id = ?
                  and ?
                """,
            values.toArray())) {
      answers.put(
          row.get("item_key", String.class),
          new FormerAnswer(row.get("answer", String.class), row.get("is_touched", Boolean.class)));
    }
    return answers;
  }

  @Override
  public Set<String> keep(String runId, List<Keeping> answers) {
    if (answers.isEmpty()) {
      return Set.of();
    }
    List<Keeping> ordered =
        answers.stream().sorted(Comparator.comparing(Keeping::itemKey)).toList();
    return Transactions.result(
        context,
        configuration ->
            new HashSet<>(
                Sql.column(
                    fetch(
                        configuration.dsl(),
                        """
                        with given as (
                            select *
                            from unnest(?::text[], ?::text[], ?::text[], ?::boolean[])
                                as g (item_key, former_key, kept, with_vector)
                        ),
                        sources as (
                            -- Who forgets an answer waits until its copies are there to be forgotten, too.
                            select e.*
                            from cache_entries e
                            where e.item_key = any (?::text[])
                            order by e.item_key
                            for key share
                        ),
                        keeping as (
                            select
                                g.item_key,
                                g.with_vector,
                                e.source_key = e.item_key as is_own,
                                coalesce(e.origin_key, e.source_key) as origin_key,
                                -- What was kept by request once stays so, whatever touched it since.
                                case when e.kept = 'by_request' then e.kept else g.kept end as kept,
                                coalesce(e.model, (
                                    select a.model
                                    from attempts a
                                    where a.item_key = coalesce(e.origin_key, e.source_key)
                                      and a.state = 'succeeded'
                                    order by a.attempt_number desc
                                    limit 1)) as model,
                                e.similarity, e.measure, e.score, e.policy, e.answer, e.output_tokens, e.embedding,
                                e.guard_marks, e.created_at
                            from given g
                            join sources e on e.item_key = g.former_key
                        ),
                        copied as (
                            insert into cache_entries (
                                item_key, namespace_id, source_key, similarity, measure, score, policy, answer, model,
                                output_tokens, embedding, guard_marks, created_at, kept, origin_key)
                            select
                                k.item_key, r.namespace_id, case when k.is_own then k.item_key else k.origin_key end,
                                k.similarity, k.measure, k.score, k.policy, k.answer, k.model, k.output_tokens,
                                case when k.is_own and k.with_vector then k.embedding end,
                                case when k.is_own and k.with_vector then k.guard_marks end,
                                k.created_at, k.kept, k.origin_key
                            from keeping k
                            join runs r on r.run_id = ? and r.state <> 'planning'
                            order by k.item_key
                            on conflict (item_key) do nothing
                        ),
                        answered as (
                            update items i
                            set state = 'answered',
                                answered_by = 'exact_hit',
                                leader_key = case when k.is_own then k.item_key else k.origin_key end,
                                similarity = k.similarity,
                                settled_at = ?
                            from keeping k
                            where i.run_id = ?
                              and i.item_key = k.item_key
                              and i.state = 'new'
                            returning
                                i.run_id, i.document_id, i.item_key, k.origin_key, k.answer, k.output_tokens, i.settled_at,
                                k.kept
                        ),
                        written as (
                            insert into results (
                                run_id, document_id, item_key, source_key, answer, output_tokens, created_at, kept)
                            select * from answered
                            on conflict (run_id, document_id) do nothing
                        )
                        select item_key
                        from keeping
                        """,
                        texts(ordered, Keeping::itemKey),
                        texts(ordered, Keeping::formerKey),
                        texts(ordered, one -> one.kept().name().toLowerCase(Locale.ROOT)),
                        ordered.stream().map(Keeping::withVector).toArray(Boolean[]::new),
                        texts(ordered, Keeping::formerKey),
                        runId,
                        Sql.now(clock),
                        runId),
                    "item_key",
                    String.class)));
  }

  @Override
  public MadeVoid countVoid(
      String formerRunId, Touched touched, OptionalInt wholePromptTokensOver) {
    List<Object> values = new ArrayList<>(touchedBy(touched));
    values.add(
        wholePromptTokensOver.isPresent() ? wholePromptTokensOver.getAsInt() : Integer.MAX_VALUE);
    values.add(formerRunId);
    Record row =
        fetch(
                context,
                "with answers as (select s.source_key, "
                    + TOUCHED.formatted("s.source_key", "i.namespace_id", "s.answer")
                    + """
                    or i.whole_prompt_tokens > ? as is_touched
                    from items i
                    join results s using (run_id, document_id)
                    where i.run_id = ?
                    )
                    select
                        (select count(*) from answers) as answered,
                        (select count(*) from answers where is_touched) as touched,
                        coalesce((
                            select sum(l.total_usd)
                            from ledger l
                            where l.item_key in (select source_key from answers where is_touched)), 0) as usd
                    """,
                values.toArray())
            .get(0);
    return new MadeVoid(
        row.get("answered", Long.class),
        row.get("touched", Long.class),
        row.get("usd", BigDecimal.class));
  }

  @Override
  public KeptCounts kept(String runId) {
    Record row =
        fetch(
                context,
                """
                select
                    count(*) filter (where kept = 'unaffected') as unaffected,
                    count(*) filter (where kept = 'by_request') as by_request
                from results
                where run_id = ?
                  and kept is not null
                """,
                runId)
            .get(0);
    return new KeptCounts(row.get("unaffected", Long.class), row.get("by_request", Long.class));
  }

  @Override
  public Again askedAgain(String planRunId, String formerRunId) {
    Record row =
        fetch(
                context,
                """
                with planned as (
                    select
                        a.reserved_usd,
                        exists (
                            select
                            from items i
                            join results f on f.run_id = ? and f.document_id = i.document_id
                            where i.run_id = a.run_id
                              and i.item_key = a.item_key) as is_again
                    from attempts a
                    join misses m on m.item_key = a.item_key and m.attempts_first = a.attempt_number
                    where a.run_id = ?
                )
                select
                    count(*) filter (where is_again) as documents,
                    coalesce(sum(reserved_usd) filter (where is_again) / nullif(sum(reserved_usd), 0), 0)::float8 as share
                from planned
                """,
                formerRunId,
                planRunId)
            .get(0);
    return new Again(row.get("documents", Long.class), row.get("share", Double.class));
  }

  @Override
  public List<Pair> pairs(String firstRunId, String secondRunId, String afterId, int pairsMax) {
    return fetch(
            context,
            """
            select
                document_id,
                coalesce(b.is_representative, false) as is_text,
                a.run_id is not null as is_in_first,
                b.run_id is not null as is_in_second,
                (select r.answer::text from results r where r.run_id = ? and r.document_id = d.document_id) as first,
                (select r.answer::text from results r where r.run_id = ? and r.document_id = d.document_id) as second
            from (
                (
                    select document_id
                    from items
                    where run_id = ?
                      and document_id > ?
                    order by document_id
                    limit ?
                )
                union
                (
                    select document_id
                    from items
                    where run_id = ?
                      and document_id > ?
                    order by document_id
                    limit ?
                )
                order by document_id
                limit ?
            ) d
            left join (select * from items where run_id = ?) a using (document_id)
            left join (select * from items where run_id = ?) b using (document_id)
            order by document_id
            """,
            firstRunId,
            secondRunId,
            firstRunId,
            afterId,
            pairsMax,
            secondRunId,
            afterId,
            pairsMax,
            pairsMax,
            firstRunId,
            secondRunId)
        .map(
            row ->
                new Pair(
                    row.get("document_id", String.class),
                    row.get("is_text", Boolean.class),
                    row.get("is_in_first", Boolean.class),
                    row.get("is_in_second", Boolean.class),
                    Optional.ofNullable(row.get("first", String.class)),
                    Optional.ofNullable(row.get("second", String.class))));
  }

  @Override
  public Interval interval(long seen, long drawn) {
    Record row =
        fetch(context, "select low, high from share_interval(?, ?, 0.95)", seen, drawn).get(0);
    return new Interval(row.get("low", Double.class), row.get("high", Double.class));
  }
}
