package dev.nightjar.cachestore.postgres;

import static dev.nightjar.cachestore.postgres.Sql.fetch;

import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.Lease;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.Run;
import dev.nightjar.cachestore.RunProgress;
import dev.nightjar.cachestore.RunStore;
import dev.nightjar.cachestore.TaskVersion;
import java.math.BigDecimal;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.jooq.DSLContext;
import org.jooq.Record;
import org.jooq.Result;

/** Runs in {@code runs}. */
final class PostgresRunStore implements RunStore {
  /** As long as any night waits between two tries, if it does not ask for more. */
  private static final Duration WAIT_MIN = Duration.ofMinutes(10);

  private static final DateTimeFormatter RUN_ID =
      DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss.SSS'Z'").withZone(ZoneOffset.UTC);

  private final DSLContext context;
  private final Clock clock;

  PostgresRunStore(DSLContext context, Clock clock) {
    this.context = context;
    this.clock = clock;
  }

  @Override
  public long namespace(String tenant, TaskVersion task, String embeddingModel) {
    return register(context, clock, tenant, task, embeddingModel);
  }

  @Override
  public String answersView(String tenant, String taskName, String columnsJson) {
    return fetch(
            context,
            "select make_answers_view(?, ?, ?::jsonb, ?) as view_name",
            tenant,
            taskName,
            columnsJson,
            Sql.now(clock))
        .get(0)
        .get("view_name", String.class);
  }

  /** Registers inside a transaction that may be open already. */
  static long register(
      DSLContext context, Clock clock, String tenant, TaskVersion task, String embeddingModel) {
    return fetch(
            context,
            "select register_namespace(?, ?, ?, ?::jsonb, ?, ?, ?, ?) as namespace_id",
            tenant,
            task.fingerprint(),
            task.name(),
            task.definitionJson(),
            task.baselineProvider(),
            task.baselineModel(),
            embeddingModel,
            Sql.now(clock))
        .get(0)
        .get("namespace_id", Long.class);
  }

  static String newId(String kind, Clock clock) {
    return kind + "-" + RUN_ID.format(clock.instant());
  }

  @Override
  public Run open(
      Optional<String> runId,
      long namespaceId,
      String taskName,
      String corpus,
      Optional<BigDecimal> budgetUsd,
      Instant deadlineAt) {
    String wanted = runId.orElseGet(() -> newId("run", clock));
    return Transactions.result(
        context,
        configuration -> {
          DSLContext tx = configuration.dsl();
          Optional<Run> existing = runId.flatMap(id -> find(tx, id));
          if (existing.isPresent()) {
            Run run = existing.get();
            if (run.namespaceId() != namespaceId
                || !run.corpus().equals(corpus)
                || isPlan(tx, wanted)) {
              throw new NightjarException(
                  ErrorCode.RUN_MISMATCH,
                  wanted,
                  "this run id was used for another task version, tenant or corpus, or for a plan",
                  "choose another --run-id");
            }
            if (!run.finished()) {
              update(tx, run.runId(), taskName, budgetUsd, deadlineAt);
            }
            return find(tx, wanted).orElseThrow();
          }
          // 'do nothing' also when the open run of this corpus is there: it is continued.
          tx.execute(
              """
              insert into runs (run_id, namespace_id, task_name, corpus, state, budget_usd, started_at, deadline_at)
              values (?, ?, ?, ?, 'open', ?, ?, ?)
              on conflict do nothing
              """,
              wanted,
              namespaceId,
              taskName,
              corpus,
              budgetUsd.orElse(null),
              Sql.now(clock),
              Sql.time(deadlineAt));
          String open =
              fetch(
                      tx,
                      """
                      select run_id
                      from runs
                      where namespace_id = ?
                        and corpus = ?
                        and state = 'open'
                      """,
                      namespaceId,
                      corpus)
                  .stream()
                  .findFirst()
                  .map(row -> row.get("run_id", String.class))
                  .orElseThrow(
                      () ->
                          new NightjarException(
                              ErrorCode.RUN_MISMATCH,
                              wanted,
                              "this run id is taken",
                              "choose another --run-id"));
          if (runId.isPresent() && !open.equals(wanted)) {
            throw new NightjarException(
                ErrorCode.RUN_MISMATCH,
                wanted,
                "the run " + open + " of this task and corpus is still open",
                "finish it with --run-id " + open + ", or leave --run-id out to continue it");
          }
          update(tx, open, taskName, budgetUsd, deadlineAt);
          return find(tx, open).orElseThrow();
        });
  }

  @Override
  public List<Elsewhere> elsewhere(long namespaceId, boolean alsoHere) {
    return fetch(
            context,
            """
            select o.namespace_id, u.name, u.definition::text as definition, u.name = t.name and o.created_at < n.created_at as superseded
            from namespaces n
            join tasks t using (tenant, task_fingerprint)
            join namespaces o on o.tenant = n.tenant and (? or o.namespace_id <> n.namespace_id)
            join tasks u on u.tenant = o.tenant and u.task_fingerprint = o.task_fingerprint
            where n.namespace_id = ?
              and exists (
                  select
                  from submissions s
                  where s.namespace_id = o.namespace_id
                    and s.state in ('planned', 'uploading', 'creating', 'in_progress', 'ended'))
              and not exists (
                  select
                  from runs r
                  where r.namespace_id = o.namespace_id
                    and r.state = 'open'
                    and r.alive_until > ?)
            order by o.namespace_id
            """,
            alsoHere,
            namespaceId,
            Sql.now(clock))
        .map(
            row ->
                new Elsewhere(
                    row.get("namespace_id", Long.class),
                    row.get("name", String.class),
                    row.get("definition", String.class),
                    row.get("superseded", Boolean.class)));
  }

  @Override
  public List<Undriven> undriven(long namespaceId, String exceptRunId) {
    return fetch(
            context,
            """
            select o.*, m.created_at < n.created_at and u.name = t.name as superseded
            from namespaces n
            join tasks t on t.tenant = n.tenant and t.task_fingerprint = n.task_fingerprint
            join namespaces m on m.tenant = n.tenant
            join tasks u on u.tenant = m.tenant and u.task_fingerprint = m.task_fingerprint
            join runs o on o.namespace_id = m.namespace_id and o.run_id <> ?
            where n.namespace_id = ?
              and o.state = 'open'
              and (o.alive_until is null or o.alive_until <= ?)
            order by o.started_at, o.run_id
            """,
            exceptRunId,
            namespaceId,
            Sql.now(clock))
        .map(row -> new Undriven(run(row), row.get("superseded", Boolean.class)));
  }

  @Override
  public boolean endUndriven(String runId, ErrorCode code, String reason) {
    return Transactions.result(
        context,
        configuration -> {
          DSLContext tx = configuration.dsl();
          Record run = Budget.lockRun(tx, runId);
          OffsetDateTime alive = run.get("alive_until", OffsetDateTime.class);
          Instant now = clock.instant();
          boolean over = !run.get("deadline_at", OffsetDateTime.class).toInstant().isAfter(now);
          if (!run.get("state", String.class).equals("open")
              || (alive != null && alive.toInstant().isAfter(now))
              || !fetch(
                      tx,
                      """
                      select 1
                      from submissions
                      where run_id = ?
                        and state in ('uploading', 'creating', 'in_progress', 'ended')
                      limit 1
                      """,
                      runId)
                  .isEmpty()) {
            return false;
          }
          if (over) {
            failOpenItems(tx, runId, code, reason);
          }
          return tx.execute(
                  """
                  update runs
                  set state = 'finished',
                      prepared_at = coalesce(prepared_at, ?),
                      finished_at = ?
                  where run_id = ?
                    and not exists (
                        select
                        from items
                        where items.run_id = runs.run_id
                          and items.state in ('new', 'waiting'))
                  """,
                  Sql.now(clock),
                  Sql.now(clock),
                  runId)
              == 1;
        });
  }

  @Override
  public Optional<Run> latest(long namespaceId, String corpus) {
    return fetch(
            context,
            """
            select *
            from runs
            where namespace_id = ?
              and corpus = ?
              and state in ('open', 'finished')
            order by state = 'open' desc, started_at desc, run_id
            limit 1
            """,
            namespaceId,
            corpus)
        .stream()
        .findFirst()
        .map(PostgresRunStore::run);
  }

  @Override
  public String listing(String runId) {
    return fetch(
            context,
            "select coalesce(corpus_listing, '') as listing from runs where run_id = ?",
            runId)
        .get(0)
        .get("listing", String.class);
  }

  @Override
  public void keepListing(String runId, String listing) {
    context.execute("update runs set corpus_listing = ? where run_id = ?", listing, runId);
  }

  @Override
  public long stopBuying(String runId, ErrorCode code, String reason) {
    return Transactions.result(
        context,
        configuration -> {
          DSLContext tx = configuration.dsl();
          OffsetDateTime alive = Budget.lockRun(tx, runId).get("alive_until", OffsetDateTime.class);
          if (alive != null && alive.toInstant().isAfter(clock.instant())) {
            return 0L;
          }
          withdrawUnsent(tx, runId, code, reason);
          return (long)
              tx.execute(
                  """
                  update items i
                  set state = 'failed',
                      failure_code = ?,
                      failure_reason = ?,
                      settled_at = ?
                  where i.run_id = ?
                    and (i.state = 'new'
                        or (i.state = 'waiting' and not exists (
                            select
                            from attempts a
                            where a.item_key = i.leader_key
                              and a.state in ('unfunded', 'planned', 'submitted'))))
                  """,
                  code.name(),
                  reason,
                  Sql.now(clock),
                  runId);
        });
  }

  private static boolean isPlan(DSLContext tx, String runId) {
    return !fetch(tx, "select from runs where run_id = ? and state = 'planning'", runId).isEmpty();
  }

  private static void update(
      DSLContext tx,
      String runId,
      String taskName,
      Optional<BigDecimal> budgetUsd,
      Instant deadlineAt) {
    tx.execute(
        """
        update runs
        set task_name = ?,
            budget_usd = coalesce(?::numeric, budget_usd),
            deadline_at = ?
        where run_id = ?
        """,
        taskName,
        budgetUsd.orElse(null),
        Sql.time(deadlineAt),
        runId);
  }

  @Override
  public void assume(
      String runId, OptionalInt uncappedOutputTokens, Optional<BigDecimal> machineUsdPerHour) {
    context.execute(
        """
        update runs
        set uncapped_output_tokens = ?::integer,
            machine_usd_per_hour = coalesce(?::numeric, machine_usd_per_hour)
        where run_id = ?
          and state <> 'finished'
        """,
        uncappedOutputTokens.isPresent() ? uncappedOutputTokens.getAsInt() : null,
        machineUsdPerHour.orElse(null),
        runId);
  }

  @Override
  public void addEmbeddingTime(String runId, long texts, Duration time) {
    context.execute(
        """
        insert into machine_time (run_id, purpose, texts, seconds, usd_per_hour)
        select r.run_id, 'embedding', ?, ?, r.machine_usd_per_hour
        from runs r
        where r.run_id = ?
        on conflict (run_id, purpose) do update
        set texts = machine_time.texts + excluded.texts,
            seconds = machine_time.seconds + excluded.seconds,
            usd_per_hour = excluded.usd_per_hour
        """,
        texts,
        BigDecimal.valueOf(Math.max(0, time.toMillis()), 3), // a clock may be set back
        runId);
  }

  @Override
  public void postFinished(long namespaceId) {
    for (String runId :
        Sql.column(
            fetch(
                context,
                """
                select run_id
                from runs
                where namespace_id = ?
                  and state = 'finished'
                  and posted_at is null
                order by started_at, run_id
                """,
                namespaceId),
            "run_id",
            String.class)) {
      // By itself: making a partition locks all of the books.
      context.execute(
          "select add_month('posted_item_costs', started_at) from runs where run_id = ?", runId);
      context.execute("select post_run(?, ?)", runId, Sql.now(clock));
    }
  }

  @Override
  public Optional<Run> find(String runId) {
    return find(context, runId);
  }

  private static Optional<Run> find(DSLContext context, String runId) {
    return fetch(context, "select * from runs where run_id = ?", runId).stream()
        .findFirst()
        .map(PostgresRunStore::run);
  }

  private static Run run(Record row) {
    return new Run(
        row.get("run_id", String.class),
        row.get("namespace_id", Long.class),
        row.get("corpus", String.class),
        row.get("state", String.class).equals("finished"),
        row.get("prepared_at") != null,
        Optional.ofNullable(row.get("budget_usd", BigDecimal.class)),
        row.get("deadline_at", OffsetDateTime.class).toInstant());
  }

  @Override
  public RunProgress progress(String runId) {
    Result<Record> rows = fetch(context, "select * from run_progress where run_id = ?", runId);
    if (rows.isEmpty()) {
      return new RunProgress(0, 0, 0, 0, 0, 0, 0, 0);
    }
    Record row = rows.get(0);
    return new RunProgress(
        row.get("items", Long.class),
        row.get("settled", Long.class),
        row.get("failed", Long.class),
        row.get("open", Long.class),
        row.get("attempts", Long.class),
        row.get("attempts_ended", Long.class),
        row.get("submissions_open", Long.class),
        row.get("dead_letters", Long.class));
  }

  @Override
  public Optional<CorpusChanges> corpusChanges(String runId) {
    return fetch(
            context,
            """
            select
                former_run_id,
                count(*) filter (where change = 'new') as added,
                count(*) filter (where change = 'changed') as changed,
                count(*) filter (where change = 'renamed') as renamed,
                count(*) filter (where change = 'gone') as gone
            from corpus_changes
            where run_id = ?
            group by former_run_id
            """,
            runId)
        .stream()
        .findFirst()
        .map(
            row ->
                new CorpusChanges(
                    row.get("former_run_id", String.class),
                    row.get("added", Long.class),
                    row.get("changed", Long.class),
                    row.get("renamed", Long.class),
                    row.get("gone", Long.class)));
  }

  @Override
  public List<InputNotes> inputNotes(String runId, int filesMax) {
    return fetch(
            context,
            "select source_uri, notes from input_notes where run_id = ? order by source_uri limit"
                + " ?",
            runId,
            filesMax)
        .map(
            row ->
                new InputNotes(
                    row.get("source_uri", String.class),
                    List.of(row.get("notes", String[].class))));
  }

  @Override
  public boolean hasItems(String runId) {
    // Ordered, for the key's index: of a large part of a table one row is looked for from its
    // start.
    return !fetch(context, "select from items where run_id = ? order by document_id limit 1", runId)
        .isEmpty();
  }

  @Override
  public boolean hasOpenItems(String runId) {
    return !fetch(
            context,
            "select from items where run_id = ? and state in ('new', 'waiting') limit 1",
            runId)
        .isEmpty();
  }

  @Override
  public void markPrepared(String runId) {
    Transactions.run(
        context,
        configuration -> {
          DSLContext tx = configuration.dsl();
          tx.execute(
              """
              with stranded as (
                  update misses
                  set state = 'failed',
                      prompt = null,
                      document = null
                  where run_id = ?
                    and state in ('candidate', 'leader')
                    -- One that waits for money was read and planned.
                    and not exists (
                        select
                        from attempts a
                        where a.item_key = misses.item_key
                          and a.state = 'unfunded')
                  returning item_key
              ),
              their_followers as (
                  update misses
                  set state = 'failed'
                  where state = 'follower'
                    and leader_key in (select item_key from stranded)
              )
              update items
              set state = 'failed',
                  failure_code = ?,
                  failure_reason = 'the document changed or vanished while the run was interrupted; the next run asks it',
                  settled_at = ?
              -- Documents of other runs that waited are asked by their own.
              where run_id = ?
                and (state = 'new' or (state = 'waiting' and leader_key in (select item_key from stranded)))
              """,
              runId,
              ErrorCode.INPUT_CHANGED.name(),
              Sql.now(clock),
              runId);
          tx.execute(
              "update runs set prepared_at = coalesce(prepared_at, ?) where run_id = ?",
              Sql.now(clock),
              runId);
        });
  }

  @Override
  public long failOpenItems(String runId, ErrorCode code, String reason) {
    return Transactions.result(
        context,
        configuration -> {
          DSLContext tx = configuration.dsl();
          Budget.lockRun(tx, runId);
          return failOpenItems(tx, runId, code, reason);
        });
  }

  /** The caller holds the run's row. */
  private long failOpenItems(DSLContext tx, String runId, ErrorCode code, String reason) {
    long failed =
        tx.execute(
            """
            update items
            set state = 'failed',
                failure_code = ?,
                failure_reason = ?,
                settled_at = ?
            where run_id = ?
              and state in ('new', 'waiting')
            """,
            code.name(),
            reason,
            Sql.now(clock),
            runId);
    withdrawUnsent(tx, runId, code, reason);
    return failed;
  }

  /** The caller holds the run's row. */
  private void withdrawUnsent(DSLContext tx, String runId, ErrorCode code, String reason) {
    // A submission in 'creating' may exist at the provider already: that one is settled by
    // asking.
    for (String submissionId :
        Sql.column(
            fetch(
                tx,
                """
                select submission_id
                from submissions
                where run_id = ?
                  and state in ('planned', 'uploading')
                order by submission_id
                """,
                runId),
            "submission_id",
            String.class)) {
      PostgresSubmissionStore.withdraw(tx, clock, submissionId, code, reason);
    }
    tx.execute(
        """
        with unfunded as (
            delete from attempts
            where run_id = ?
              and state = 'unfunded'
            returning item_key
        ),
        ended as (
            update attempts a
            set state = 'errored',
                failure_code = ?,
                failure_reason = ?,
                ended_at = ?
            where a.run_id = ?
              and a.state = 'planned'
            returning a.item_key, a.reserved_usd
        ),
        unasked as (
            update misses
            set state = 'failed',
                prompt = null,
                document = null
            where item_key in (select item_key from ended union all select item_key from unfunded)
        )
        update runs
        set reserved_usd = reserved_usd - coalesce((select sum(reserved_usd) from ended), 0)
        where run_id = ?
        """,
        runId,
        code.name(),
        reason,
        Sql.now(clock),
        runId,
        runId);
  }

  @Override
  public void finish(String runId) {
    // Its id only: whoever may connect may listen, whichever tenant's it is.
    int finished =
        fetch(
                context,
                """
                with finished as (
                    update runs
                    set state = 'finished',
                        finished_at = ?
                    where run_id = ?
                      and state = 'open'
                      and prepared_at is not null
                      and not exists (
                          select
                          from items
                          where items.run_id = runs.run_id
                            and items.state in ('new', 'waiting'))
                    returning run_id
                )
                select run_id, pg_notify('nightjar_run_finished', run_id)::text as told
                from finished
                """,
                Sql.now(clock),
                runId)
            .size();
    if (finished == 0 && find(runId).map(run -> !run.finished()).orElse(true)) {
      throw new NightjarException(
          ErrorCode.INTERNAL,
          runId,
          "the run still has open items, or input that was not read",
          "run the same command again");
    }
  }

  @Override
  public void tidy(String runId) {
    // A night is one bulk load. Until the server has looked at it, its reports are planned as if
    // the tables were empty: minutes instead of a second for 50,000 items.
    context.execute("select refresh_statistics()");
    Transactions.run(
        context,
        configuration -> {
          DSLContext tx = configuration.dsl();
          tx.execute(
              """
              delete from near_duplicate_bands b
              using misses m
              where m.item_key = b.item_key
                and m.run_id = ?
                and m.state in ('follower', 'answered', 'failed')
              """,
              runId);
          tx.execute(
              """
              update misses
              set prompt = null,
                  document = null,
                  embedding = null,
                  shingles = null
              where run_id = ?
                and state in ('answered', 'failed')
                and (prompt is not null or embedding is not null or shingles is not null)
              """,
              runId);
        });
  }

  @Override
  public void keepAlive(String runId, Instant until) {
    context.execute(
        """
        update runs
        set alive_until = greatest(alive_until, ?)
        where run_id = ?
        """,
        Sql.time(until),
        runId);
  }

  @Override
  public void endTimesAhead(Duration waitMax) {
    Instant now = clock.instant();
    // Other machines' clocks may be ahead by half a lease; other nights may wait for longer.
    Instant leasesEnd = now.plus(Lease.MAX.multipliedBy(2));
    Instant waitsEnd = now.plus(waitMax.compareTo(WAIT_MIN) > 0 ? waitMax : WAIT_MIN);
    Transactions.run(
        context,
        configuration -> {
          DSLContext tx = configuration.dsl();
          tx.execute(
              """
              update runs
              set alive_until = ?
              where state = 'open'
                and alive_until > ?
              """,
              Sql.time(now),
              Sql.time(leasesEnd));
          tx.execute(
              """
              update submissions
              set lease_owner = null,
                  lease_until = null
              where lease_until > ?
              """,
              Sql.time(leasesEnd));
          tx.execute(
              """
              update submissions
              set not_before = null
              where not_before > ?
              """,
              Sql.time(waitsEnd));
          tx.execute(
              """
              update provider_quotas
              set hold_until = ?
              where hold_until > ?
              """,
              Sql.time(now),
              Sql.time(waitsEnd));
        });
  }

  @Override
  public Duration clockAhead() {
    Instant before = clock.instant();
    Instant there =
        fetch(context, "select clock_timestamp() as now")
            .get(0)
            .get("now", OffsetDateTime.class)
            .toInstant();
    Instant after = clock.instant();
    return Duration.between(there, before.plus(Duration.between(before, after).dividedBy(2)));
  }
}
