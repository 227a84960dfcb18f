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
      join tasks t on t.tenant = n.tenant and t.task_fingerprint = n.task_fingerprint
      join items i on i.run_id = r.run_id
      where n.tenant = ?
        and r.state <> 'planning'
        and i.forgotten_at is null
        and i.document_id = coalesce(?::text, i.document_id)
        and coalesce(r.finished_at, r.started_at) < coalesce(?::timestamptz, 'infinity')
        and (?::text is null or t.name in (?, ? || ':audit', ? || ':audit-again', ? || '-try'))
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
                      select distinct s.provider, s.provider_batch_id, s.input_file_id
                      from gone g
                      join attempts a on a.item_key = g.item_key
                      join submissions s on s.submission_id = a.submission_id
                      where s.state in ('collected', 'failed')
                        and s.mode = 'batch'
                        and s.provider_batch_id is not null
                      order by s.provider, s.provider_batch_id
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
          forgetAnswers(tx, selection);
          forgetTexts(tx);
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
        "delete from results s using chosen c where c.is_over and s.run_id = c.run_id and"
            + " s.document_id = c.document_id");
    tx.execute(
        """
        delete from gold_answers g
        where g.tenant = ?
          and g.document_id = coalesce(?::text, g.document_id)
          and g.labelled_at < coalesce(?::timestamptz, 'infinity')
          and g.task = coalesce(?::text, g.task)
        """,
        selection.tenant(),
        selection.documentId().orElse(null),
        selection.endedBefore().map(Instant::toString).orElse(null),
        selection.task().orElse(null));
    if (selection.documentId().isPresent()) {
      // What like texts have borrowed from it is made of its text, too.
      tx.execute(
          """
          delete from results s
          using gone g, runs r
          where s.source_key = g.item_key
            and s.item_key <> g.item_key
            and s.kept is null
            and r.run_id = s.run_id
            and r.state = 'finished'
          """);
      tx.execute(
          "delete from cache_entries e using gone g where e.source_key = g.item_key and e.item_key"
              + " <> g.item_key");
    }
  }

  /** Prompts, vectors, marks and answers by which a text is found again. */
  private static void forgetTexts(DSLContext tx) {
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
    tx.execute(
        """
        update misses m
        set document_id = ?
        from gone g
        where m.item_key = g.item_key
          and m.document_id = ?
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
            "select 1 from runs where state = 'open' and position(? in corpus) > 0 limit 1",
            fileName)
        .isEmpty();
  }
}
