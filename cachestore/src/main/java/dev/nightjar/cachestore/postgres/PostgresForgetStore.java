package dev.nightjar.cachestore.postgres;

import static dev.nightjar.cachestore.postgres.Sql.fetch;

import dev.nightjar.cachestore.ForgetStore;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jooq.DSLContext;
import org.jooq.Record;

/** Forgets in all tables that hold a document's text, or what was made of it. */
final class PostgresForgetStore implements ForgetStore {

  /** Documents that are meant, of runs that are over (and posted, so that their costs stand). */
  private static final String MEANT =
      """
      select i.run_id, i.document_id, i.item_key, i.source_uri, i.source_position, r.posted_at is not null as is_over
      from runs r
      join namespaces n on n.namespace_id = r.namespace_id
      join items i on i.run_id = r.run_id
      where n.tenant = ?
        and r.state <> 'planning'
        and i.forgotten_at is null
        and i.document_id = coalesce(?::text, i.document_id)
        and coalesce(r.finished_at, r.started_at) < coalesce(?::timestamptz, 'infinity')
        and (?::text is null or r.task_name in (?, ? || ':audit', ? || ':audit-again', ? || '-try'))
      """;

  private final DSLContext context;
  private final Clock clock;

  PostgresForgetStore(DSLContext context, Clock clock) {
    this.context = context;
    this.clock = clock;
  }

  private static void choose(DSLContext tx, Selection selection) {
    String task = selection.task().orElse(null);
    tx.execute(
        "create temporary table chosen on commit drop as " + MEANT,
        selection.tenant(),
        selection.documentId().orElse(null),
        selection.endedBefore().map(Instant::toString).orElse(null),
        task,
        task,
        task,
        task,
        task);
    tx.execute("create unique index chosen_idx on chosen (run_id, document_id)");
    tx.execute("create index chosen_key_idx on chosen (item_key)");
    tx.execute("analyze chosen");
    // A plan's documents go without being forgotten: what waits for it is found again later.
    tx.execute(
        """
        update chosen c
        set is_over = false
        where c.is_over
          and exists (
              select
              from items i
              join runs r on r.run_id = i.run_id and r.state = 'planning'
              where i.item_key = c.item_key)
        """);
    if (selection.documentId().isPresent()) {
      // What was borrowed from it goes with it, but not before it is in the books.
      tx.execute(
          """
          update chosen c
          set is_over = false
          where c.item_key in (
              select c.item_key
              from chosen c
              join runs r on r.posted_at is null
              join items i on i.run_id = r.run_id and i.leader_key = c.item_key and i.item_key <> c.item_key)
          """);
    }
    // What was made of a text is of all documents that have it.
    tx.execute(
        """
        create temporary table gone on commit drop as
        select distinct c.item_key
        from chosen c
        where c.is_over
          and not exists (
              select
              from items i
              left join chosen d on d.run_id = i.run_id and d.document_id = i.document_id and d.is_over
              where i.item_key = c.item_key
                and i.forgotten_at is null
                and d.run_id is null)
        """);
    tx.execute("create unique index gone_idx on gone (item_key)");
    tx.execute("analyze gone");
  }

  @Override
  public Found find(Selection selection) {
    return context.transactionResult(
        configuration -> {
          DSLContext tx = configuration.dsl();
          choose(tx, selection);
          Record counts =
              fetch(
                      tx,
                      """
                      select
                          count(*) filter (where c.is_over) as documents,
                          count(s.run_id) filter (where c.is_over) as answers,
                          count(*) filter (where not c.is_over) as open
                      from chosen c
                      left join results s using (run_id, document_id)
                      """)
                  .get(0);
          List<Batch> batches =
              fetch(
                      tx,
                      """
                      select s.provider, s.provider_batch_id, s.input_file_id
                      from gone g
                      join attempts a on a.item_key = g.item_key
                      join submissions s on s.submission_id = a.submission_id
                      where s.state in ('collected', 'failed', 'expired', 'cancelled')
                        and s.mode = 'batch'
                        and s.provider_batch_id is not null
                      union
                      select s.provider, s.provider_batch_id, null
                      from gone g
                      join attempts a on a.item_key = g.item_key
                      join stray_charges s on s.custom_id = a.custom_id
                      order by provider, provider_batch_id
                      """)
                  .map(
                      row ->
                          new Batch(
                              row.get("provider", String.class),
                              row.get("provider_batch_id", String.class),
                              Optional.ofNullable(row.get("input_file_id", String.class))));
          return new Found(
              counts.get("documents", Long.class),
              counts.get("answers", Long.class),
              counts.get("open", Long.class),
              batches);
        });
  }

  @Override
  public long forget(Selection selection, String alias) {
    return Transactions.result(
        context,
        configuration -> {
          DSLContext tx = configuration.dsl();
          choose(tx, selection);
          fetch(
              tx,
              "select m.item_key from misses m join gone using (item_key) order by m.item_key for"
                  + " update of m");
          // A night may have begun to read one of the texts meanwhile: then it is its, too.
          tx.execute(
              """
              delete from gone g
              using items i
              where i.item_key = g.item_key
                and i.forgotten_at is null
                and not exists (
                    select
                    from chosen c
                    where c.run_id = i.run_id
                      and c.document_id = i.document_id
                      and c.is_over)
              """);
          forgetAnswers(tx, selection);
          forgetTexts(tx, selection);
          forgetInput(tx, selection);
          return rename(tx, selection, alias);
        });
  }

  /** What models and people said of the documents. */
  private static void forgetAnswers(DSLContext tx, Selection selection) {
    for (String table : List.of("raw_answers", "rejected_answers", "answer_quotes")) {
      tx.execute(
          "delete from "
              + table
              + " r using attempts a, gone g where a.item_key = g.item_key and r.custom_id ="
              + " a.custom_id");
    }
    tx.execute(
        """
        create temporary table unsaid on commit drop as
        select c.run_id, c.document_id
        from chosen c
        where c.is_over
        """);
    if (selection.documentId().isPresent()) {
      // What like texts have borrowed from it is made of its text, too. A kept answer of a text's
      // own has a former request, but leads itself.
      tx.execute(
          """
          insert into unsaid
          select i.run_id, i.document_id
          from items i
          join runs r on r.run_id = i.run_id and r.posted_at is not null
          where i.leader_key <> i.item_key
            and (i.leader_key in (select item_key from gone) or exists (
                select
                from results s
                join gone g on g.item_key = s.source_key
                where s.run_id = i.run_id
                  and s.document_id = i.document_id))
          except
          select *
          from unsaid
          """);
      tx.execute(
          """
          delete from cache_entries e
          using gone g
          where e.source_key <> e.item_key
            and e.item_key <> g.item_key
            and g.item_key in (e.source_key, e.origin_key)
          """);
    }
    // The books are worked out from it once more if a charge comes late.
    tx.execute(
        """
        update items i
        set answer_tokens = s.output_tokens
        from unsaid u
        join results s using (run_id, document_id)
        where i.run_id = u.run_id
          and i.document_id = u.document_id
        """);
    tx.execute(
        """
        delete from results s
        using unsaid u
        where s.run_id = u.run_id
          and s.document_id = u.document_id
        """);
    String documentId = selection.documentId().orElse(null);
    // A label is a document's in all nights of its task: it stays while one of them does.
    tx.execute(
        """
        with documents as (
            select
                i.document_id,
                regexp_replace(r.task_name, '(:audit|:audit-again|-try)$', '') as task,
                bool_and(i.forgotten_at is not null or coalesce(c.is_over, false)) as is_forgotten
            from namespaces n
            join runs r on r.namespace_id = n.namespace_id
            join items i on i.run_id = r.run_id
            left join chosen c on c.run_id = i.run_id and c.document_id = i.document_id
            where n.tenant = ?
              and i.document_id in (select o.document_id from gold_answers o where o.tenant = ?)
            group by 1, 2
        )
        delete from gold_answers g
        where g.tenant = ?
          and g.labelled_at < coalesce(?::timestamptz, 'infinity')
          and g.task = coalesce(?::text, g.task)
          and case
              when ?::text is null then exists (
                  select
                  from documents d
                  where d.document_id = g.document_id
                    and d.task = g.task
                    and d.is_forgotten)
              else g.document_id = ? and not exists (
                  select
                  from documents d
                  where d.document_id = g.document_id
                    and d.task = g.task
                    and not d.is_forgotten)
              end
        """,
        selection.tenant(),
        selection.tenant(),
        selection.tenant(),
        selection.endedBefore().map(Instant::toString).orElse(null),
        selection.task().orElse(null),
        documentId,
        documentId);
  }

  /** Prompts, vectors, marks and answers by which a text is found again. */
  private static void forgetTexts(DSLContext tx, Selection selection) {
    tx.execute(
        """
        delete from text_embeddings v
        using (
            select e.embedding
            from cache_entries e
            join gone using (item_key)
            where e.embedding is not null
            union
            select m.embedding
            from misses m
            join gone using (item_key)
            where m.embedding is not null
        ) g
        where v.embedding = g.embedding
          and v.tenant in (select tenant from namespaces)
        """);
    // Of a text that was no leader, or failed, or whose answer was evicted, nothing tells any more
    // which vector is its. It was wanted last in a night that is forgotten; with a day to spare,
    // by which that is noted late. What goes too much is made anew when it is wanted.
    tx.execute(
        """
        delete from text_embeddings v
        where v.tenant = ?
          and exists (select from gone)
          and (v.used_at < ?::timestamptz
              or (?::timestamptz is null
                  and v.used_at >= (
                      select min(r.started_at) - interval '1 day'
                      from chosen c
                      join runs r using (run_id)
                      where c.is_over)
                  and not exists (
                      select
                      from cache_entries e
                      join namespaces n using (namespace_id)
                      where n.tenant = v.tenant
                        and e.embedding = v.embedding)))
        """,
        selection.tenant(),
        selection.endedBefore().map(Instant::toString).orElse(null),
        selection.endedBefore().map(Instant::toString).orElse(null));
    tx.execute("delete from cache_entries e using gone g where e.item_key = g.item_key");
    tx.execute("delete from near_duplicate_bands b using gone g where b.item_key = g.item_key");
    tx.execute(
        """
        update misses m
        set prompt = null,
            document = null,
            embedding = null,
            shingles = null,
            guard_marks = null,
            lasting_failure_reason = case when lasting_failure_code is not null then 'forgotten' end
        from gone g
        where m.item_key = g.item_key
        """);
    tx.execute(
        """
        update attempts a
        set failure_reason = 'forgotten'
        from gone g
        where a.item_key = g.item_key
          and a.failure_reason is not null
        """);
  }

  /** What is known of the files that they were read from. */
  private static void forgetInput(DSLContext tx, Selection selection) {
    if (selection.documentId().isPresent()) {
      tx.execute(
          """
          delete from dead_letters d
          using runs r, namespaces n
          where r.run_id = d.run_id
            and n.namespace_id = r.namespace_id
            and n.tenant = ?
            and d.document_id = ?
          """,
          selection.tenant(),
          selection.documentId().get());
      // A file of its own: its name is the document's.
      tx.execute(
          """
          delete from run_files f
          using chosen c
          where c.is_over
            and c.source_position = 0
            and f.run_id = c.run_id
            and f.source_uri = c.source_uri
          """);
      return;
    }
    for (String table : List.of("dead_letters", "run_files")) {
      tx.execute(
          "delete from "
              + table
              + " d using (select distinct run_id from chosen where is_over) c where d.run_id ="
              + " c.run_id");
    }
  }

  private long rename(DSLContext tx, Selection selection, String alias) {
    if (selection.documentId().isEmpty()) {
      return tx.execute(
          """
          update items i
          set forgotten_at = ?,
              failure_reason = case when i.failure_reason is not null then 'forgotten' end
          from chosen c
          where c.is_over
            and i.run_id = c.run_id
            and i.document_id = c.document_id
          """,
          Sql.now(clock));
    }
    String documentId = selection.documentId().get();
    tx.execute(
        """
        update posted_item_costs p
        set document_id = ?
        from chosen c
        where c.is_over
          and p.run_id = c.run_id
          and p.document_id = c.document_id
        """,
        alias);
    // The text may be another document's, too, which then stands for it.
    tx.execute(
        """
        update misses m
        set document_id = coalesce((
            select i.document_id
            from items i
            where i.item_key = m.item_key
              and i.forgotten_at is null
              and i.document_id <> m.document_id
            order by (i.run_id = m.run_id) desc, i.is_representative desc, i.document_id
            limit 1), ?)
        where m.document_id = ?
          and m.item_key in (select c.item_key from chosen c where c.is_over)
        """,
        alias,
        documentId);
    return tx.execute(
        """
        update items i
        set document_id = ?,
            source_uri = case when i.source_position = 0 then 'forgotten' else i.source_uri end,
            forgotten_at = ?,
            failure_reason = case when i.failure_reason is not null then 'forgotten' end
        from chosen c
        where c.is_over
          and i.run_id = c.run_id
          and i.document_id = c.document_id
        """,
        alias,
        Sql.now(clock));
  }

  @Override
  public boolean isRead(String fileName) {
    return !fetch(
            context,
            "select 1 from runs where state <> 'finished' and position(? in corpus) > 0 limit 1",
            fileName)
        .isEmpty();
  }
}
