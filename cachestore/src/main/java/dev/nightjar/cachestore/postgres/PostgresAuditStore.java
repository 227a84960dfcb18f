package dev.nightjar.cachestore.postgres;

import static dev.nightjar.cachestore.postgres.Sql.fetch;

import dev.nightjar.cachestore.AuditStore;
import java.math.BigDecimal;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import org.jooq.DSLContext;
import org.jooq.Record;
import org.jooq.Result;
import org.jspecify.annotations.Nullable;

/** Audits in the tables {@code audits} and {@code gold_answers}. */
final class PostgresAuditStore implements AuditStore {
  private final DSLContext context;
  private final Clock clock;

  PostgresAuditStore(DSLContext context, Clock clock) {
    this.context = context;
    this.clock = clock;
  }

  @Override
  public void audits(String runId, String auditedRunId, int pass) {
    context.execute(
        "update runs set audits_run_id = ?, audit_pass = ? where run_id = ? and audits_run_id is null",
        auditedRunId,
        pass,
        runId);
  }

  @Override
  public Optional<String> auditedBy(String runId) {
    return fetch(context, "select audits_run_id from runs where run_id = ?", runId).stream()
        .map(row -> row.get("audits_run_id", String.class))
        .filter(Objects::nonNull)
        .findFirst();
  }

  @Override
  public BigDecimal othersUsd(String runId, String auditedRunId) {
    return fetch(
            context,
            """
            select coalesce(sum(charged_usd + reserved_usd), 0) as usd
            from runs
            where audits_run_id = ?
              and run_id <> ?
            """,
            auditedRunId,
            runId)
        .get(0)
        .get("usd", BigDecimal.class);
  }

  @Override
  public List<Pair> referencePairs(
      String runId, String referenceRunId, Terms terms, String afterId, int pairsMax) {
    return pairs(
        fetch(
            context,
            """
            select d.document_id, d.answer::text as delivered, o.answer::text as other
            from results d
            join results o on o.run_id = ? and o.document_id = d.document_id
            where d.run_id = ?
              and d.document_id > ?
              and not exists (
                  select
                  from audits a
                  where a.run_id = d.run_id
                    and a.document_id = d.document_id
                    and a.compared_with = 'reference'
                    and a.reference_run_id = o.run_id
                    and a.equality = ?)
            order by d.document_id
            limit ?
            """,
            referenceRunId,
            runId,
            afterId,
            terms.equality(),
            pairsMax));
  }

  @Override
  public List<Pair> goldPairs(String runId, Terms terms, String afterId, int pairsMax) {
    return pairs(
        fetch(
            context,
            """
            select d.document_id, d.answer::text as delivered, (coalesce(o.answer, '{}') || g.answer)::text as other
            from runs r
            join namespaces n on n.namespace_id = r.namespace_id
            join gold_answers g on g.tenant = n.tenant and g.task = r.task_name
            join results d on d.run_id = r.run_id and d.document_id = g.document_id
            left join audits w
                on w.run_id = d.run_id
               and w.document_id = d.document_id
               and w.compared_with = 'reference'
            left join results o on o.run_id = w.reference_run_id and o.document_id = w.document_id
            left join audits a
                on a.run_id = d.run_id
               and a.document_id = d.document_id
               and a.compared_with = 'gold'
            where r.run_id = ?
              and g.document_id > ?
              and (a.compared_at is null or a.compared_at < g.labelled_at or a.compared_at < w.compared_at or a.equality <> ?)
              -- What a person picked says nothing of the others, unless the draw or a file had picked it before.
              and (g.is_in_file or w.run_id is not null)
            order by d.document_id
            limit ?
            """,
            runId,
            afterId,
            terms.equality(),
            pairsMax));
  }

  private static List<Pair> pairs(Result<Record> rows) {
    return rows.map(
        row ->
            new Pair(
                row.get("document_id", String.class),
                row.get("delivered", String.class),
                row.get("other", String.class)));
  }

  @Override
  public void recordReference(
      String runId, String referenceRunId, Terms terms, List<Verdict> verdicts) {
    record(runId, "reference", referenceRunId, terms, verdicts);
  }

  @Override
  public void recordGold(String runId, Terms terms, List<Verdict> verdicts) {
    record(runId, "gold", null, terms, verdicts);
  }

  private void record(
      String runId,
      String comparedWith,
      @Nullable String referenceRunId,
      Terms terms,
      List<Verdict> verdicts) {
    context.execute(
        """
        insert into audits (
            run_id, document_id, compared_with, namespace_id, item_key, reference_run_id, mechanisms, tier, equality,
            agrees, differing_fields, compared_at)
        select
            i.run_id,
            i.document_id,
            ?,
            i.namespace_id,
            i.item_key,
            ?,
            case when r.audits_run_id is not null then '{}' else array_remove(array[
                case
                    when i.answered_by = 'exact_hit' then 'exact cache hits'
                    when i.answered_by = 'semantic_hit' then 'semantic cache hits'
                    when i.answered_by = 'leader' and (not i.is_representative or i.item_key = i.leader_key)
                        then 'exact duplicates'
                    when i.answered_by = 'leader' then 'followers of a like text'
                end,
                case when ? and s.prompt_tokens < w.whole_prompt_tokens then 'retrieval and compression' end,
                case when s.tier <> ? then 'routing' end], null) end,
            s.tier,
            ?,
            cardinality(v.differing) = 0,
            v.differing,
            ?
        from (
            select document_id, array(select json_array_elements_text(fields::json)) as differing
            from unnest(?::text[], ?::text[]) as given (document_id, fields)
        ) v
        join items i on i.run_id = ? and i.document_id = v.document_id
        join runs r on r.run_id = i.run_id
        join results d on d.run_id = i.run_id and d.document_id = i.document_id
        -- Whose words they are: in this run or in an earlier one.
        left join lateral (
            select a.tier, a.prompt_tokens
            from attempts a
            where a.item_key = d.source_key
              and a.state = 'succeeded'
            order by a.attempt_number desc
            limit 1
        ) s on true
        left join lateral (
            select o.whole_prompt_tokens
            from items o
            where o.item_key = d.source_key
            limit 1
        ) w on true
        on conflict on constraint audits_pkey do update
        set reference_run_id = excluded.reference_run_id,
            equality = excluded.equality,
            agrees = excluded.agrees,
            differing_fields = excluded.differing_fields,
            compared_at = excluded.compared_at
        """,
        comparedWith,
        referenceRunId,
        terms.isCut(),
        terms.referenceTier(),
        terms.equality(),
        Sql.now(clock),
        Sql.texts(verdicts, Verdict::documentId),
        Sql.texts(verdicts, verdict -> Sql.json(verdict.differingFields())),
        runId);
  }

  @Override
  public long keepGold(
      String tenant, String taskName, Giver giver, String source, List<Gold> gold, Instant at) {
    return Transactions.result(
        context,
        configuration -> {
          DSLContext tx = configuration.dsl();
          String[] ids = Sql.texts(gold, Gold::documentId);
          if (giver == Giver.FILE) {
            tx.execute(
                """
                delete from gold_answers
                where tenant = ?
                  and task = ?
                  and given_by = 'file'
                  and document_id <> all (?)
                """,
                tenant,
                taskName,
                ids);
            tx.execute(
                """
                update gold_answers
                set is_in_file = document_id = any (?)
                where tenant = ?
                  and task = ?
                  and given_by = 'person'
                """,
                ids,
                tenant,
                taskName);
          }
          return (long)
              tx.execute(
                  """
                  insert into gold_answers (tenant, task, document_id, answer, given_by, is_in_file, source, labelled_at)
                  select ?, ?, v.document_id, v.answer::jsonb, ?, ?, ?, ?
                  from unnest(?::text[], ?::text[]) as v (document_id, answer)
                  on conflict on constraint gold_answers_pkey do update
                  set answer = excluded.answer,
                      given_by = excluded.given_by,
                      source = excluded.source,
                      labelled_at = excluded.labelled_at
                  where (gold_answers.answer, gold_answers.given_by) is distinct from (excluded.answer, excluded.given_by)
                    and (excluded.given_by = 'person' or gold_answers.given_by = 'file')
                  """,
                  tenant,
                  taskName,
                  giver.name().toLowerCase(Locale.ROOT),
                  giver == Giver.FILE,
                  source,
                  Sql.time(at),
                  ids,
                  Sql.texts(gold, Gold::answerJson));
        });
  }
}
