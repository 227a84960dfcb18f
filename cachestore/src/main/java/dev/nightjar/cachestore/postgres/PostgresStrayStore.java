package dev.nightjar.cachestore.postgres;

import static dev.nightjar.cachestore.postgres.Sql.array;
import static dev.nightjar.cachestore.postgres.Sql.fetch;
import static dev.nightjar.cachestore.postgres.Sql.longs;
import static dev.nightjar.cachestore.postgres.Sql.texts;

import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.Fingerprint;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.StrayStore;
import java.math.BigDecimal;
import java.time.Clock;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jooq.DSLContext;
import org.jooq.Field;

/** {@link StrayStore} in PostgreSQL. */
final class PostgresStrayStore implements StrayStore {
  private final DSLContext context;
  private final Clock clock;

  PostgresStrayStore(DSLContext context, Clock clock) {
    this.context = context;
    this.clock = clock;
  }

  /**
   * What a database must know after a backup was put in its place: every account may have batches
   * that it does not know, and what it had planned to send may have been sent.
   */
  @Override
  public void afterRestore() {
    Transactions.run(
        context,
        configuration -> {
          DSLContext tx = configuration.dsl();
          tx.execute(
              """
              insert into reconciliations (provider, account, restored_at, reconciled_at)
              select '', '', ?::timestamptz, ?::timestamptz
              union all
              select provider, account, ?::timestamptz, null::timestamptz
              from (
                  select provider, account
                  from submissions
                  where account is not null
                    and mode = 'batch'
                  union
                  select provider, account
                  from stray_batches
                  union
                  select provider, account
                  from reconciliations
                  where provider <> '') as known
              on conflict (provider, account) do update
              set restored_at = excluded.restored_at,
                  reconciled_at = excluded.reconciled_at
              """,
              Sql.now(clock),
              Sql.now(clock),
              Sql.now(clock));
          // What was planned and not surely sent may have been sent since. The rows stay: by them
          // their uploads are tidied.
          tx.execute(
              """
              update submissions
              set state = 'planned'
              where state = 'creating'
                and provider_renewed_at is null
              """);
          PostgresSubmissionStore.unpack(
              tx,
              array(
                  Sql.column(
                      fetch(
                          tx,
                          "select submission_id from submissions where state in ('planned', 'uploading')"),
                      "submission_id",
                      String.class)),
              "a backup was put back, in which it was not sent");
        });
  }

  @Override
  public List<Pending> pending() {
    return fetch(
            context,
            """
            select provider, account, restored_at
            from reconciliations
            where reconciled_at is null
            order by provider, account
            """)
        .map(
            row ->
                new Pending(
                    row.get("provider", String.class),
                    row.get("account", String.class),
                    row.get("restored_at", OffsetDateTime.class).toInstant()));
  }

  @Override
  public Set<String> held() {
    return Set.of(held(context));
  }

  static String[] held(DSLContext tx) {
    return array(
        Sql.column(
            fetch(
                tx,
                """
                select provider
                from reconciliations
                where reconciled_at is null
                union
                select provider
                from stray_batches
                where state = 'working'
                  and holds
                """),
            "provider",
            String.class));
  }

  @Override
  public boolean isToReconcile(String provider, String account) {
    return isToReconcile(context, provider, account);
  }

  static boolean isToReconcile(DSLContext tx, String provider, String account) {
    tx.execute(
        """
        insert into reconciliations (provider, account, restored_at)
        select ?, ?, restored_at
        from reconciliations
        where provider = ''
        on conflict do nothing
        """,
        provider,
        account);
    return !fetch(
            tx,
            """
            select
            from reconciliations
            where provider = ?
              and account = ?
              and reconciled_at is null
            """,
            provider,
            account)
        .isEmpty();
  }

  @Override
  public void found(String provider, String account, boolean holds, Collection<Found> batches) {
    context.execute(
        """
        insert into stray_batches (provider, account, provider_batch_id, holds, state, created_at, found_at)
        select ?, ?, b.id, ?, 'working', b.created_at, ?
        from unnest(?::text[], ?::timestamptz[]) as b (id, created_at)
        where not exists (
            select
            from submissions s
            where s.provider = ?
              and s.provider_batch_id = b.id)
        on conflict do nothing
        """,
        provider,
        account,
        holds,
        Sql.now(clock),
        texts(batches, Found::batchId),
        batches.stream()
            .map(batch -> batch.createdAt().atOffset(ZoneOffset.UTC))
            .toArray(OffsetDateTime[]::new),
        provider);
  }

  @Override
  public boolean giveUp(String provider, String account) {
    return Transactions.result(
        context,
        configuration -> {
          DSLContext tx = configuration.dsl();
          int accounts = reconciled(tx, provider, account);
          int batches =
              tx.execute(
                  """
                  update stray_batches
                  set state = 'read',
                      read_at = ?
                  where provider = ?
                    and account = ?
                    and state = 'working'
                  """,
                  Sql.now(clock),
                  provider,
                  account);
          return accounts + batches > 0;
        });
  }

  @Override
  public void reconciled(String provider, String account) {
    reconciled(context, provider, account);
  }

  private int reconciled(DSLContext tx, String provider, String account) {
    return tx.execute(
        """
        update reconciliations
        set reconciled_at = ?
        where provider = ?
          and account = ?
          and reconciled_at is null
        """,
        Sql.now(clock),
        provider,
        account);
  }

  @Override
  public List<Stray> working() {
    return fetch(
            context,
            """
            select provider, account, provider_batch_id, holds, created_at
            from stray_batches
            where state = 'working'
            order by provider, created_at, provider_batch_id
            """)
        .map(
            row ->
                new Stray(
                    row.get("provider", String.class),
                    row.get("account", String.class),
                    row.get("provider_batch_id", String.class),
                    row.get("holds", Boolean.class),
                    row.get("created_at", OffsetDateTime.class).toInstant()));
  }

  @Override
  public Instant endedSeen(String provider, String batchId) {
    return fetch(
            context,
            """
            update stray_batches
            set ended_seen_at = coalesce(ended_seen_at, ?)
            where provider = ?
              and provider_batch_id = ?
            returning ended_seen_at
            """,
            Sql.now(clock),
            provider,
            batchId)
        .get(0)
        .get("ended_seen_at", OffsetDateTime.class)
        .toInstant();
  }

  @Override
  public void read(String provider, String batchId, Collection<Charge> charges) {
    Transactions.run(
        context,
        configuration -> {
          DSLContext tx = configuration.dsl();
          int first =
              tx.execute(
                  """
                  update stray_batches
                  set state = 'read',
                      read_at = ?
                  where provider = ?
                    and provider_batch_id = ?
                    and state = 'working'
                  """,
                  Sql.now(clock),
                  provider,
                  batchId);
          if (first == 0 || charges.isEmpty()) {
            return;
          }
          int noted = note(tx, provider, batchId, charges);
          if (noted != charges.size()) {
            throw new NightjarException(
                ErrorCode.PRICE_MISSING,
                provider
                    + "/"
                    + charges.stream()
                        .map(Charge::model)
                        .distinct()
                        .sorted()
                        .collect(Collectors.joining(", ")),
                "the stray batch "
                    + batchId
                    + " was billed, and not each of them had a price in force",
                "add one with 'nightjar prices set' and run the same command again");
          }
        });
  }

  @Override
  public void resolve(String tenant, Collection<String> charges, BigDecimal usd) {
    context.execute("select add_month('ledger', ?)", Sql.now(clock));
    String[] ids = array(charges);
    String runId = PostgresRunStore.newId("stray", clock);
    long namespaceId =
        Transactions.result(
            context,
            configuration -> {
              DSLContext tx = configuration.dsl();
              int resolved =
                  tx.execute(
                      """
                      update stray_charges c
                      set resolved_at = ?
                      from unknown_spend u
                      where u.run_id is null
                        and u.custom_id = any (?::text[])
                        and u.provider = c.provider
                        and u.custom_id = c.provider_batch_id || '/' || c.custom_id
                      """,
                      Sql.now(clock),
                      ids);
              if (resolved != charges.size()) {
                throw new NightjarException(
                    ErrorCode.OPTION_INVALID,
                    String.join(", ", charges),
                    "not all of them are charges of stray batches, or somebody has resolved one of them",
                    "see 'nightjar spend unknown'");
              }
              return book(tx, tenant, ids, usd, runId);
            });
    new PostgresRunStore(context, clock).postFinished(namespaceId);
  }

  private long book(DSLContext tx, String tenant, String[] ids, BigDecimal usd, String runId) {
    Field<OffsetDateTime> now = Sql.now(clock); // one time: the ledger names an attempt by it, too
    long namespaceId =
        fetch(
                tx,
                """
                select register_namespace(?, ?, 'stray-batches', '{}', min(provider), min(unversioned_model(model)), 'none', ?) as id
                from stray_charges
                where provider_batch_id || '/' || custom_id = any (?::text[])
                """,
                tenant,
                Fingerprint.sha256("stray batches"),
                now,
                ids)
            .get(0)
            .get("id", Long.class);
    tx.execute(
        """
        insert into runs (
            run_id, namespace_id, task_name, corpus, state, charged_usd, started_at, deadline_at, prepared_at, finished_at)
        values (?, ?, 'stray-batches', '', 'finished', ?, ?, ?, ?, ?)
        """,
        runId,
        namespaceId,
        usd,
        now,
        now,
        now,
        now);
    tx.execute(
        """
        with parts as (
            select
                c.*,
                'stray_' || md5(c.provider || '/' || c.provider_batch_id || '/' || c.custom_id) as name,
                c.provider_batch_id || '/' || c.custom_id as document,
                -- A charge of nothing would have no share of what the invoice says.
                sum(c.usd + 1e-12) over () as all_usd,
                sum(c.usd + 1e-12) over (order by c.provider_batch_id, c.custom_id) as up_to_usd
            from stray_charges c
            where c.provider_batch_id || '/' || c.custom_id = any (?::text[])
        ),
        failed as (
            insert into misses (item_key, namespace_id, run_id, document_id, state, created_at)
            select name, ?, ?, document, 'failed', ?
            from parts
        ),
        documents as (
            insert into items (
                run_id, document_id, namespace_id, item_key, leader_key, source_uri, source_position, is_representative,
                whole_prompt_tokens, state, failure_code, failure_reason, settled_at)
            select
                ?, document, ?, name, name, provider, 0, true,
                0, 'failed', 'OUTCOME_UNKNOWN', 'a stray batch answered it, and no document asks for it', ?
            from parts
        ),
        asked as (
            insert into attempts (
                custom_id, item_key, attempt_number, namespace_id, run_id, tier, provider, model, mode, state,
                request_bytes, prompt_tokens, output_tokens_max, reserved_usd, planned_at, ended_at, billed_at,
                failure_code, failure_reason, spend_resolved_at)
            select
                name, name, 1, ?, ?, 'stray', provider, unversioned_model(model), 'batch', 'errored',
                0, 0, 0, usd, billed_at, ?, case when ? > 0 then ?::timestamptz end,
                'OUTCOME_UNKNOWN', 'a stray batch answered it, and no document asks for it', ?
            from parts
        )
        insert into ledger (
            custom_id, run_id, item_key, submission_id, provider, model, tier, price_id, billed_at,
            input_tokens, cached_input_tokens, cache_write_tokens, cache_write_long_tokens, output_tokens, reasoning_tokens,
            input_usd, cached_input_usd, cache_write_usd, output_usd, reasoning_usd)
        select
            p.name, ?, p.name, p.provider_batch_id, p.provider, unversioned_model(p.model), 'stray', p.price_id, ?,
            0, 0, 0, 0, 0, 0,
            -- Each the difference of two rounded sums: together they are the amount to the last digit.
            round(? * p.up_to_usd / p.all_usd, 12) - round(? * (p.up_to_usd - p.usd - 1e-12) / p.all_usd, 12), 0, 0, 0, 0
        from parts p
        where ? > 0
        """,
        ids,
        namespaceId,
        runId,
        now,
        runId,
        namespaceId,
        now,
        namespaceId,
        runId,
        now,
        usd,
        now,
        now,
        runId,
        now,
        usd,
        usd,
        usd);
    return namespaceId;
  }

  private static int note(
      DSLContext tx, String provider, String batchId, Collection<Charge> charges) {
    return tx.execute(
        """
        insert into stray_charges (provider, provider_batch_id, custom_id, model, billed_at, price_id, usd)
        select
            ?, ?, u.custom_id, u.model, u.billed_at, p.price_id,
            (u.input * p.batch_input_usd
                + u.cached * p.batch_cached_input_usd
                + u.write * p.batch_cache_write_usd
                + u.write_long * p.batch_cache_write_long_usd
                + u.output * p.batch_output_usd
                + u.reasoning * p.batch_reasoning_usd) * 0.000001
        from unnest(?::text[], ?::text[], ?::timestamptz[], ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[])
            as u (custom_id, model, billed_at, input, cached, write, write_long, output, reasoning)
        cross join lateral (
            -- Under the name with its version, else without, else under one by which its item was asked.
            select q.*
            from (
                select 1 as rank, u.model as name
                union all
                select 2, unversioned_model(u.model)
                union all
                select 3, a.model
                from attempts a
                where a.item_key >= item_of_custom_id(u.custom_id)
                  and a.item_key < item_of_custom_id(u.custom_id) || 'g'
                  and a.provider = ?) as n
            cross join lateral price_in_force(?, n.name, u.billed_at, u.input + u.cached + u.write + u.write_long) q
            order by n.rank
            limit 1) p
        """,
        provider,
        batchId,
        texts(charges, Charge::customId),
        texts(charges, Charge::model),
        charges.stream()
            .map(charge -> charge.billedAt().atOffset(ZoneOffset.UTC))
            .toArray(OffsetDateTime[]::new),
        longs(charges, charge -> charge.usage().inputTokens()),
        longs(charges, charge -> charge.usage().cachedInputTokens()),
        longs(charges, charge -> charge.usage().cacheWriteTokens()),
        longs(charges, charge -> charge.usage().cacheWriteLongTokens()),
        longs(charges, charge -> charge.usage().outputTokens()),
        longs(charges, charge -> charge.usage().reasoningTokens()),
        provider,
        provider);
  }
}
