package dev.nightjar.cachestore.postgres;

import static dev.nightjar.cachestore.postgres.Sql.fetch;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import de.siegmar.fastcsv.writer.CsvWriter;
import de.siegmar.fastcsv.writer.QuoteStrategies;
import dev.nightjar.cachestore.CacheCare;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.TaskVersion;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.io.Writer;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.StreamSupport;
import org.jooq.Cursor;
import org.jooq.DSLContext;
import org.jooq.Record;
import org.jooq.exception.DataAccessException;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** Works on {@code cache_entries} as a whole. */
final class PostgresCacheCare implements CacheCare {
  private static final int FETCH_ROWS = 1_000;

  /** Rows sent to the server at a time, some 10 MB. */
  private static final int COPY_ROWS = 2_000;

  /** What an entry is exported and imported with, besides its namespace. */
  private static final List<String> ENTRY_COLUMNS =
      List.of(
          "item_key",
          "source_key",
          "similarity",
          "measure",
          "policy",
          "score",
          "answer",
          "answer_class",
          "model",
          "output_tokens",
          "embedding",
          "guard_marks",
          "agreed",
          "contradicted",
          "created_at",
          "kept",
          "origin_key");

  /** How PostgreSQL names the row in which COPY failed. */
  private static final Pattern COPY_ROW = Pattern.compile("COPY imported, line (\\d+)");

  /** Of the graph that the vector index is while it is built: its vector, and 32 neighbours. */
  private static final long INDEX_ROW_BYTES = 2_500;

  private static final long INDEX_MEMORY_MB_MAX = 4_000;

  private static final ObjectMapper JSON = new ObjectMapper();

  /** Time enough to look at what was rejected. */
  private static final Duration REJECTED_KEPT = Duration.ofDays(30);

  /**
   * The namespaces of all versions of one's task: a changed prompt must not leave the old for ever.
   */
  private static final String VERSIONS =
      """
      select o.namespace_id
      from namespaces n
      join tasks t on t.tenant = n.tenant and t.task_fingerprint = n.task_fingerprint
      join tasks u on u.tenant = n.tenant and u.name = t.name
      join namespaces o on o.tenant = u.tenant and o.task_fingerprint = u.task_fingerprint
      where n.namespace_id = ?
      """;

  /**
   * What goes with the table chosen, joined to entries e: its keys, and what was borrowed from
   * them.
   */
  private static final String CHOSEN =
      """
      (
          select c.item_key from chosen c
          union
          select b.item_key
          from cache_entries b
          join chosen c on c.item_key = b.source_key
          where b.source_key <> b.item_key
      ) k on k.item_key = e.item_key
      """;

  private final DSLContext context;
  private final Clock clock;

  PostgresCacheCare(DSLContext context, Clock clock) {
    this.context = context;
    this.clock = clock;
  }

  @Override
  public long forget(Selection selection, boolean dryRun) {
    return context.transactionResult(
        configuration -> {
          DSLContext tx = configuration.dsl();
          choose(tx, selection);
          if (dryRun) {
            return fetch(tx, "select count(*) as gone from cache_entries e join " + CHOSEN)
                .get(0)
                .get("gone", Long.class);
          }
          forgetUnjudged(tx, selection);
          // A night that lends an answer holds it until its copy is there: copies that came while
          // the
          // first pass waited are seen by the second.
          long gone = delete(tx) + delete(tx);
          forgetQuotes(tx);
          return gone;
        });
  }

  /**
   * What a model said and will not do, or nobody could judge: no answer a path could hold for. And
   * where quotes stand, with the document's words.
   */
  private static void forgetUnjudged(DSLContext tx, Selection selection) {
    if (selection.answerPredicate().isPresent()) {
      return;
    }
    for (String table : List.of("raw_answers", "rejected_answers", "answer_quotes")) {
      tx.execute(
          "delete from "
              + table
              + " r using attempts a, namespaces n, tasks t"
              + " where a.custom_id = r.custom_id"
              + " and n.namespace_id = r.namespace_id"
              + " and t.tenant = n.tenant"
              + " and t.task_fingerprint = n.task_fingerprint"
              + " and n.tenant = ?"
              + " and t.name = coalesce(?, t.name)"
              + " and a.model = coalesce(?, a.model)"
              + " and a.ended_at < coalesce(?::timestamptz, 'infinity')",
          selection.tenant(),
          selection.task().orElse(null),
          selection.model().orElse(null),
          selection.writtenBefore().map(Instant::toString).orElse(null));
    }
  }

  /**
   * Deletes what is chosen and what was borrowed from it, in key order, as everybody takes them.
   */
  private static long delete(DSLContext tx) {
    return tx.execute(
        """
        with held as (
            select e.item_key
            from cache_entries e
            join CHOSEN
            -- As it is once it is held: a copy may have got an answer of its own meanwhile.
            where exists (select from chosen c where c.item_key in (e.item_key, e.source_key))
            order by e.item_key
            for update of e
        )
        delete from cache_entries e
        using held h
        where e.item_key = h.item_key
        """
            .replace("CHOSEN", CHOSEN));
  }

  /** What the answers that went quoted, unless a kept answer of another version still does. */
  private static void forgetQuotes(DSLContext tx) {
    tx.execute(
        """
        delete from answer_quotes q
        using attempts a, chosen c
        where a.custom_id = q.custom_id
          and a.item_key = c.item_key
          and a.state = 'succeeded'
          and not exists (select from cache_entries e where e.origin_key = c.item_key)
        """);
  }

  /** The keys of what is selected, in a table of their own until the commit. */
  private static void choose(DSLContext tx, Selection selection) {
    String predicate = selection.answerPredicate().orElse(null);
    String model = selection.model().orElse(null);
    tx.execute("create temporary table chosen (item_key text primary key) on commit drop");
    try {
      tx.execute(
          """
          insert into chosen
          select e.item_key
          from cache_entries e
          join namespaces n using (namespace_id)
          join tasks t using (tenant, task_fingerprint)
          where n.tenant = ?
            and t.name = coalesce(?, t.name)
            and (?::text is null or ? = coalesce(e.model, (
                select a.model
                from attempts a
                where a.item_key = coalesce(e.origin_key, e.source_key)
                  and a.state = 'succeeded'
                order by a.attempt_number desc
                limit 1)))
            and e.created_at < coalesce(?::timestamptz, 'infinity')
            and (?::text is null or e.answer @@ ?::jsonpath)
          """,
          selection.tenant(),
          selection.task().orElse(null),
          model,
          model,
          selection.writtenBefore().map(Instant::toString).orElse(null),
          predicate,
          predicate);
      tx.execute("analyze chosen");
    } catch (DataAccessException e) {
      if (predicate != null && "42601".equals(e.sqlState())) { // syntax_error, in the path
        throw new NightjarException(
            ErrorCode.OPTION_INVALID,
            "--answer",
            "'" + predicate + "' is no SQL/JSON path predicate",
            "give one such as '$.category == \"spam\"'");
      }
      throw e;
    }
  }

  @Override
  public long forgetVectors(String tenant) {
    return context.execute("delete from text_embeddings where tenant = ?", tenant);
  }

  @Override
  public long evict(long namespaceId, Instant writtenAfter, Optional<Long> bytesMax) {
    long expired =
        context.execute(
            "delete from cache_entries where namespace_id in ("
                + VERSIONS
                + ") and created_at <= ?",
            namespaceId,
            Sql.time(writtenAfter));
    for (String table : List.of("raw_answers", "answer_quotes")) {
      context.execute(
          "delete from "
              + table
              + " r using attempts a where r.namespace_id in ("
              + VERSIONS
              + ") and a.custom_id = r.custom_id and a.ended_at <= ?",
          namespaceId,
          Sql.time(writtenAfter));
    }
    context.execute(
        "delete from rejected_answers where namespace_id in ("
            + VERSIONS
            + ") and rejected_at <= greatest(?::timestamptz, ?::timestamptz)",
        namespaceId,
        Sql.time(writtenAfter),
        Sql.time(clock.instant().minus(REJECTED_KEPT)));
    context.execute(
        """
        delete from text_embeddings e
        using namespaces n
        where n.namespace_id = ?
          and e.tenant = n.tenant
          and e.model = n.embedding_model
          and e.used_at <= ?::timestamptz - interval '1 day' -- which it is noted late by, at most
        """,
        namespaceId,
        Sql.time(writtenAfter));
    // All of them, and their indexes, are more than one task's: that it could be too large is rare.
    if (bytesMax.isEmpty()
        || fetch(context, "select pg_total_relation_size('cache_entries') as bytes")
                .get(0)
                .get("bytes", Long.class)
            <= bytesMax.get()) {
      return expired;
    }
    return expired
        + fetch(
                context,
                """
                with used as (
                    -- An exact hit used the text's own entry, be its answer borrowed; a semantic one its source's.
                    select case i.answered_by when 'exact_hit' then i.item_key else i.leader_key end as item_key, count(*) as hits
                    from items i
                    where i.namespace_id in (VERSIONS)
                      and i.answered_by in ('exact_hit', 'semantic_hit')
                    group by 1
                ),
                paid as (
                    select l.item_key, sum(l.total_usd) as usd
                    from ledger l
                    where l.item_key in (select coalesce(e.origin_key, e.source_key) from cache_entries e join used using (item_key))
                    group by l.item_key
                ),
                valued as (
                    select
                        e.item_key,
                        sum(pg_column_size(e.*)) over (
                            order by
                                coalesce(u.hits * p.usd, 0) / greatest(1, extract(epoch from ?::timestamptz - e.created_at) / 3600) desc,
                                e.created_at desc,
                                e.item_key
                            rows unbounded preceding) as bytes_kept
                    from cache_entries e
                    left join used u on u.item_key = e.item_key
                    left join paid p on p.item_key = coalesce(e.origin_key, e.source_key)
                    where e.namespace_id in (VERSIONS)
                ),
                gone as (
                    delete from cache_entries e
                    using valued v
                    where v.item_key = e.item_key
                      and v.bytes_kept > ?
                    returning e.item_key
                ),
                unquoted as (
                    delete from answer_quotes q
                    using attempts a, gone g
                    where a.custom_id = q.custom_id
                      and a.item_key = g.item_key
                      and a.state = 'succeeded'
                      and not exists (
                        select
                        from cache_entries k
                        where k.origin_key = g.item_key
                          and k.item_key not in (select o.item_key from gone o))
                )
                select count(*) as gone from gone
                """
                    .replace("VERSIONS", VERSIONS),
                namespaceId,
                Sql.now(clock),
                namespaceId,
                bytesMax.get())
            .get(0)
            .get("gone", Long.class);
  }

  @Override
  public long export(String tenant, Writer out) throws IOException {
    long entries = 0;
    try (Cursor<Record> namespaces =
        context.fetchLazy(
            """
            select n.namespace_id, json_build_object(
                'tenant', n.tenant, 'task_fingerprint', t.task_fingerprint, 'name', t.name, 'definition', t.definition,
                'baseline_provider', t.baseline_provider, 'baseline_model', t.baseline_model,
                'embedding_model', n.embedding_model)::text as line
            from namespaces n
            join tasks t using (tenant, task_fingerprint)
            where n.tenant = ?
            order by n.namespace_id
            """,
            tenant)) {
      for (Record namespace : namespaces) {
        out.write(namespace.get("line", String.class));
        out.write('\n');
        entries += exportEntries(namespace.get("namespace_id", Long.class), out);
      }
    }
    return entries;
  }

  private long exportEntries(long namespaceId, Writer out) throws IOException {
    return context.transactionResult(
        configuration -> { // a cursor's rows come in portions only inside a transaction
          long entries = 0;
          try (Cursor<Record> rows =
              configuration
                  .dsl()
                  .resultQuery(
                      """
                      select (to_jsonb(e.*) - 'namespace_id')::text as line
                      from cache_entries e
                      where e.namespace_id = ?
                      order by (e.source_key <> e.item_key), e.item_key
                      """,
                      namespaceId)
                  .fetchSize(FETCH_ROWS)
                  .fetchLazy()) {
            for (Record row : rows) {
              out.write(row.get("line", String.class));
              out.write('\n');
              entries++;
            }
          }
          return entries;
        });
  }

  @Override
  public long importFrom(BufferedReader in) {
    return context.transactionResult(
        configuration -> {
          DSLContext tx = configuration.dsl();
          tx.execute(
              "create temporary table imported (like cache_entries including constraints) on commit"
                  + " drop");
          return tx.connectionResult(
              connection -> {
                copy(tx, connection, in);
                return takeIn(tx);
              });
        });
  }

  private void copy(DSLContext tx, Connection connection, BufferedReader in)
      throws SQLException, IOException {
    long namespaceId = 0;
    long number = 0;
    int entries = 0;
    StringWriter rows = new StringWriter();
    CsvWriter csv = CsvWriter.builder().quoteStrategy(QuoteStrategies.EMPTY).build(rows);
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      number++;
      JsonNode node = parse(line, number);
      if (node.has("task_fingerprint")) {
        send(connection, rows, number - entries);
        entries = 0;
        namespaceId = register(tx, node, number);
      } else if (namespaceId == 0 || !node.has("item_key") || !node.has("answer")) {
        throw invalid(number, "expected a namespace first, then entries with item_key and answer");
      } else {
        csv.writeRecord(row(connection, namespaceId, node));
        if (++entries == COPY_ROWS) {
          send(connection, rows, number + 1 - entries);
          entries = 0;
        }
      }
    }
    send(connection, rows, number + 1 - entries);
  }

  /** An entry's values, as COPY reads them. */
  private static @Nullable String[] row(Connection connection, long namespaceId, JsonNode entry)
      throws SQLException {
    @Nullable String[] row = new String[1 + ENTRY_COLUMNS.size()];
    row[0] = Long.toString(namespaceId);
    for (int i = 1; i < row.length; i++) {
      String column = ENTRY_COLUMNS.get(i - 1);
      JsonNode value = entry.path(column);
      if (column.equals("answer")) {
        row[i] = value.toString();
      } else if (column.equals("guard_marks") && value.isArray()) {
        row[i] = connection.createArrayOf("text", texts(value)).toString();
      } else if (!value.isMissingNode() && !value.isNull()) {
        row[i] = value.asText();
      }
    }
    return row;
  }

  private static String[] texts(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false)
        .map(JsonNode::asText)
        .toArray(String[]::new);
  }

  /**
   * Sends rows to the table they wait in.
   *
   * @param firstLine the input's line of the first of them, counted from 1
   */
  private static void send(Connection connection, StringWriter rows, long firstLine)
      throws SQLException, IOException {
    StringBuffer text = rows.getBuffer();
    if (text.isEmpty()) {
      return;
    }
    try {
      connection
          .unwrap(PGConnection.class)
          .getCopyAPI()
          .copyIn(
              "copy imported (namespace_id, "
                  + String.join(", ", ENTRY_COLUMNS)
                  + ") from stdin (format csv)",
              new StringReader(text.toString()));
    } catch (PSQLException e) {
      ServerErrorMessage refusal = e.getServerErrorMessage();
      Matcher row = COPY_ROW.matcher(refusal == null ? "" : String.valueOf(refusal.getWhere()));
      if (!row.find()) {
        throw e;
      }
      throw invalid(firstLine - 1 + Long.parseLong(row.group(1)), refusal.getMessage());
    }
    text.setLength(0);
  }

  /**
   * Through the vector index, or, if more comes in than there is, around it: 50,000 rows take 30 s
   * through the index, and 5 s to build it anew (ADR 8). Nights wait for the commit meanwhile.
   */
  private static long takeIn(DSLContext tx) {
    Record counts =
        fetch(
                tx,
                """
                select
                    (select count(*) from cache_entries) as there,
                    (select count(*) from imported) as staged
                """)
            .get(0);
    long rows = counts.get("there", Long.class) + counts.get("staged", Long.class);
    boolean bulk = rows > 2 * counts.get("there", Long.class);
    String index = "";
    if (bulk) {
      index =
          fetch(tx, "select pg_get_indexdef('cache_entries_embedding_hnsw'::regclass) as made")
              .get(0)
              .get("made", String.class);
      tx.execute("drop index cache_entries_embedding_hnsw");
    }
    String columns = "namespace_id, " + String.join(", ", ENTRY_COLUMNS);
    long entries =
        tx.execute(
            "insert into cache_entries ("
                + columns
                + ") select "
                + columns
                + " from imported on conflict (item_key) do nothing");
    if (bulk) {
      // An index that does not fit while it is built is built as slowly as row by row.
      long megabytes = Math.min(INDEX_MEMORY_MB_MAX, 64 + rows * INDEX_ROW_BYTES / 1_000_000);
      tx.execute("set local maintenance_work_mem = '" + megabytes + "MB'");
      tx.execute(index);
    }
    return entries;
  }

  private static JsonNode parse(String line, long number) {
    try {
      return JSON.readTree(line);
    } catch (JsonProcessingException e) {
      throw invalid(number, "expected JSON");
    }
  }

  private static NightjarException invalid(long line, String expected) {
    return new NightjarException(
        ErrorCode.INPUT_MALFORMED,
        "line " + line,
        expected,
        "give a file that 'nightjar cache export' wrote");
  }

  private long register(DSLContext tx, JsonNode namespace, long number) {
    for (String field :
        List.of(
            "tenant",
            "name",
            "definition",
            "baseline_provider",
            "baseline_model",
            "embedding_model")) {
      if (!namespace.hasNonNull(field)) {
        throw invalid(number, "expected the field " + field);
      }
    }
    return PostgresRunStore.register(
        tx,
        clock,
        namespace.get("tenant").asText(),
        new TaskVersion(
            namespace.get("task_fingerprint").asText(),
            namespace.get("name").asText(),
            namespace.get("definition").toString(),
            namespace.get("baseline_provider").asText(),
            namespace.get("baseline_model").asText()),
        namespace.get("embedding_model").asText());
  }

  @Override
  public List<Defect> defects(String tenant, int defectsMax) {
    return fetch(
            context,
            """
            select d.item_key, d.what
            from (
                select
                    e.item_key,
                    case
                        when jsonb_typeof(e.answer) <> 'object' or e.answer = '{}' then 'its answer is empty'
                        when e.embedding is not null and abs(vector_norm(e.embedding) - 1) > 0.001
                            then 'its vector is not of unit length'
                        when e.source_key <> e.item_key and s.answer is not null and s.answer <> e.answer
                            then 'its answer is not its source''s'
                        when e.source_key = e.item_key and e.similarity <> 1 then 'it is not like itself'
                    end as what
                from cache_entries e
                join namespaces n using (namespace_id)
                left join cache_entries s on s.item_key = e.source_key and s.created_at <= e.created_at
                where n.tenant = ?
            ) d
            where d.what is not null
            order by d.item_key
            limit ?
            """,
            tenant,
            defectsMax)
        .map(row -> new Defect(row.get("item_key", String.class), row.get("what", String.class)));
  }

  @Override
  public Optional<Double> recallAtOne(String tenant, int samplesMax) {
    return context.transactionResult(
        configuration -> {
          DSLContext tx = configuration.dsl();
          tx.execute(
              """
              create temporary table probes on commit drop as
              select e.item_key, e.namespace_id, e.embedding
              from cache_entries e
              join namespaces n using (namespace_id)
              where n.tenant = ?
                and e.embedding is not null
              order by e.item_key
              limit ?
              """,
              tenant,
              samplesMax);
          PostgresCacheStore.prepareSearch(tx);
          tx.execute(
              """
              create temporary table found (item_key text, exact boolean, distance real) on commit drop
              """);
          for (boolean exact : new boolean[] {false, true}) {
            tx.execute("set local enable_indexscan = " + (exact ? "off" : "on"));
            tx.execute(
                """
                insert into found
                select p.item_key, ?, near.distance
                from probes p
                cross join lateral (
                    select e.embedding <=> p.embedding as distance
                    from cache_entries e
                    where e.namespace_id = p.namespace_id
                      and e.embedding is not null
                      and e.item_key <> p.item_key
                    order by e.embedding <=> p.embedding
                    limit 1
                ) near
                """,
                exact);
          }
          return Optional.ofNullable(
              fetch(
                      tx,
                      """
                      select avg(coalesce((i.distance <= x.distance + 1e-6)::integer, 0))::double precision as recall
                      from found x
                      left join found i on i.item_key = x.item_key and not i.exact
                      where x.exact
                      """)
                  .get(0)
                  .get("recall", Double.class));
        });
  }
}
