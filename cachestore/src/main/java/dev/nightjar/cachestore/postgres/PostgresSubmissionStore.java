package dev.nightjar.cachestore.postgres;

import static dev.nightjar.cachestore.postgres.Sql.array;
import static dev.nightjar.cachestore.postgres.Sql.fetch;

import dev.nightjar.cachestore.AttemptMode;
import dev.nightjar.cachestore.CacheMarking;
import dev.nightjar.cachestore.Ending;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.Lease;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.OnlineRequest;
import dev.nightjar.cachestore.PackingLimits;
import dev.nightjar.cachestore.QueueLimits;
import dev.nightjar.cachestore.StoredAttempt;
import dev.nightjar.cachestore.Submission;
import dev.nightjar.cachestore.SubmissionState;
import dev.nightjar.cachestore.SubmissionStore;
import java.time.Clock;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jooq.Cursor;
import org.jooq.DSLContext;
import org.jooq.Record;
import org.jooq.exception.IntegrityConstraintViolationException;
import org.jspecify.annotations.Nullable;

/** Submissions in {@code submissions}, their attempts in {@code attempts}. */
final class PostgresSubmissionStore implements SubmissionStore {
  private static final int ROWS_FETCH_MAX = 1_000;

  private static final String OPEN =
      "state in ('planned', 'uploading', 'creating', 'in_progress', 'ended')";

  /**
   * Whether a stray batch has answered what an attempt asks: of the same item, by the same model,
   * or by one whose name has no price of its own, as where a deployment or an alias was asked.
   * Under whatever number, for attempts that came before may have been made after the backup.
   */
  private static final String ANSWERED_BY_STRAY =
      """

              item_of_custom_id(c.custom_id) = item_of_custom_id(a.custom_id)
              and c.provider = a.provider
              and (
                  unversioned_model(c.model) = unversioned_model(a.model)
                  or not exists (
                      select
                      from prices q
                      where q.provider = c.provider
                        and q.model in (c.model, unversioned_model(c.model))))
              and c.submission_id is null
              and c.resolved_at is null
              and not exists (
                  select
                  from attempts other
                  where other.custom_id = c.custom_id
                    and other.custom_id <> a.custom_id)
      """;

  private static final String ATTEMPT_COLUMNS =
      """
      select
          a.custom_id,
          a.item_key,
          a.attempt_number,
          a.tier,
          (
              select count(*)
              from attempts b
              where b.item_key = a.item_key
                and b.tier = a.tier
                and b.attempt_number between m.attempts_first and a.attempt_number
                and b.failure_code is distinct from 'QUEUE_FULL'
                and b.failure_code is distinct from 'DEADLINE_NEAR'
                and b.failure_code is distinct from 'PROVIDER_ACCOUNT_STOPPED'
                -- Answered: one that quotes what is not there is asked again with more of its document.
                and b.failure_code is distinct from 'ANSWER_INVALID'
          ) as attempts_at_tier,
          coalesce(m.prompt, '') as prompt,
          a.prompt_tokens,
          a.priority
      from attempts a
      join misses m on m.item_key = a.item_key
      """;

  private final DSLContext context;
  private final Clock clock;

  PostgresSubmissionStore(DSLContext context, Clock clock) {
    this.context = context;
    this.clock = clock;
  }

  // ---- packing ----

  @Override
  public List<String> pack(
      long namespaceId,
      Unpacked what,
      PackingLimits limits,
      CacheMarking marking,
      Supplier<String> submissionIds) {
    return Transactions.result(
        context,
        configuration -> {
          DSLContext tx = configuration.dsl();
          // Two packers of one namespace would each fill half a submission.
          fetch(
              tx, "select pg_advisory_xact_lock(hashtext('nightjar pack'), ?)", (int) namespaceId);
          // Looked at once: a provider that is let go between the two would be sent what its strays
          // have answered.
          String[] held = PostgresStrayStore.held(tx);
          adopt(tx, namespaceId, what, held, submissionIds);
          if (!marking.equals(CacheMarking.NONE) && isHolding(tx, namespaceId, what)) {
            return List.of(); // another packer has sent ahead what this one wanted to
          }
          List<String> packed = new ArrayList<>();
          Pack pack = new Pack();
          try (Cursor<Record> attempts =
              tx.resultQuery(
                      """
                      select
                          a.custom_id,
                          a.run_id,
                          a.request_bytes,
                          a.prompt_tokens,
                          coalesce((
                              -- By which account it will go is not known yet: the least that was learnt.
                              select min(q.enqueued_tokens_max)
                              from provider_quotas q
                              where q.provider = a.provider
                                and q.model = a.model
                                and q.learnt_at > ?::timestamptz - interval '1 day'), ?) as quota
                      from attempts a
                      where a.namespace_id = ?
                        and a.tier = ?
                        and a.mode = ?
                        and a.state = 'planned'
                        and a.provider <> all (?::text[])
                      order by a.run_id, a.item_key, a.attempt_number
                      limit ?
                      for update of a
                      """,
                      Sql.now(clock),
                      limits.promptTokensMax(),
                      namespaceId,
                      what.tier(),
                      what.mode().label(),
                      held,
                      marking.requestsMax())
                  .fetchSize(ROWS_FETCH_MAX)
                  .fetchLazy()) {
            for (Record attempt : attempts) {
              long lineBytes =
                  attempt.get("request_bytes", Long.class)
                      + marking.markBytes()
                      + 1; // its line end
              long tokens = attempt.get("prompt_tokens", Long.class);
              PackingLimits within =
                  limits.withPromptTokensAtMost(attempt.get("quota", Long.class));
              String runId = attempt.get("run_id", String.class);
              boolean sameRun = pack.customIds.isEmpty() || runId.equals(pack.runId);
              if (!sameRun
                  || !within.admits(
                      pack.customIds.size(), pack.bytes, pack.tokens, lineBytes, tokens)) {
                packed.add(insert(tx, submissionIds.get(), pack, marking));
                pack = new Pack();
              }
              pack.runId = runId;
              pack.customIds.add(attempt.get("custom_id", String.class));
              pack.bytes += lineBytes;
              pack.tokens += tokens;
            }
          }
          if (!pack.customIds.isEmpty()) {
            packed.add(insert(tx, submissionIds.get(), pack, marking));
          }
          return packed;
        });
  }

  /** Takes over what stray batches have answered: a submission for each of them and run. */
  private void adopt(
      DSLContext tx,
      long namespaceId,
      Unpacked what,
      String[] held,
      Supplier<String> submissionIds) {
    Map<List<String>, Pack> packs = new LinkedHashMap<>();
    Set<String> items = new HashSet<>(); // strays may have answered several attempts at one
    List<String> planned = new ArrayList<>();
    List<String> taken = new ArrayList<>();
    for (Record row :
        fetch(
            tx,
            """
            select a.custom_id as planned_id, a.item_key, a.run_id, a.request_bytes, a.prompt_tokens, c.custom_id, c.provider_batch_id
            from attempts a
            join stray_charges c on\
            """
                + ANSWERED_BY_STRAY
                + """
                where a.namespace_id = ?
                  and a.tier = ?
                  and a.mode = ?
                  and a.state = 'planned'
                  and a.provider <> all (?::text[])
                -- Its own number first: another is of an attempt that the backup does not know.
                order by a.item_key, c.custom_id <> a.custom_id, length(c.custom_id), c.custom_id, c.provider_batch_id
                for update of a, c
                """,
            namespaceId,
            what.tier(),
            what.mode().label(),
            held)) {
      if (!items.add(row.get("item_key", String.class))) {
        continue;
      }
      planned.add(row.get("planned_id", String.class));
      taken.add(row.get("custom_id", String.class));
      String runId = row.get("run_id", String.class);
      Pack pack =
          packs.computeIfAbsent(
              List.of(row.get("provider_batch_id", String.class), runId), key -> new Pack());
      pack.runId = runId;
      pack.customIds.add(row.get("custom_id", String.class));
      pack.bytes += row.get("request_bytes", Long.class) + 1;
      pack.tokens += row.get("prompt_tokens", Long.class);
    }
    if (taken.isEmpty()) {
      return;
    }
    renumber(tx, array(planned), array(taken));
    // Paid for as part of a batch, whatever way it was to be asked now.
    tx.execute(
        "update attempts set mode = 'batch' where mode <> 'batch' and custom_id = any (?::text[])",
        (Object) array(taken));
    packs.forEach(
        (batchAndRun, pack) ->
            adopt(
                tx, batchAndRun.get(0), insert(tx, submissionIds.get(), pack, CacheMarking.NONE)));
  }

  /** Attempts that nobody was asked for yet take the names under which strays answered them. */
  private static void renumber(DSLContext tx, String[] planned, String[] taken) {
    tx.execute(
        """
        with renamed as (
            update attempts a
            set custom_id = u.taken_id,
                attempt_number = split_part(u.taken_id, '_', 3)::smallint
            from unnest(?::text[], ?::text[]) as u (planned_id, taken_id)
            where a.custom_id = u.planned_id
              and u.planned_id <> u.taken_id
            returning a.item_key, a.attempt_number, split_part(u.planned_id, '_', 3)::smallint as planned_number
        )
        update misses m
        set attempts_used = greatest(m.attempts_used, r.attempt_number),
            attempts_first = case when m.attempts_first = r.planned_number then r.attempt_number else m.attempts_first end
        from renamed r
        where m.item_key = r.item_key
        """,
        planned,
        taken);
  }

  private void adopt(DSLContext tx, String batchId, String submissionId) {
    tx.execute(
        """
        update submissions s
        set state = 'in_progress',
            adopted = true,
            provider_batch_id = b.provider_batch_id,
            account = b.account,
            creating_at = b.created_at,
            provider_creating_at = b.created_at,
            provider_renewed_at = b.created_at,
            in_progress_at = b.created_at
        from stray_batches b
        where s.submission_id = ?
          and b.provider = s.provider
          and b.provider_batch_id = ?
        """,
        submissionId,
        batchId);
    tx.execute(
        """
        update stray_charges c
        set submission_id = s.submission_id
        from submissions s
        join attempts a using (submission_id)
        where s.submission_id = ?
          and c.provider = s.provider
          and c.provider_batch_id = s.provider_batch_id
          and c.custom_id = a.custom_id
        """,
        submissionId);
  }

  /** A submission that is being filled. */
  private static final class Pack {
    final List<String> customIds = new ArrayList<>();
    String runId = "";
    long bytes;
    long tokens;
  }

  private String insert(DSLContext tx, String submissionId, Pack pack, CacheMarking marking) {
    tx.execute(
        """
        insert into submissions (
            submission_id, namespace_id, run_id, provider, model, tier, mode, state,
            requests, request_bytes, prompt_tokens, planned_at, cache_mark, cache_wave, cache_holds)
        select
            ?, a.namespace_id, a.run_id, a.provider, a.model, a.tier, a.mode, 'planned',
            ?, ?, ?, ?, ?, nullif(?, 0), ?
        from attempts a
        where a.custom_id = ?
        """,
        submissionId,
        pack.customIds.size(),
        pack.bytes,
        pack.tokens,
        Sql.now(clock),
        marking.mark().orElse(null),
        marking.wave(),
        marking.holds(),
        pack.customIds.get(0));
    tx.execute(
        """
        update attempts a
        set state = 'submitted',
            submission_id = ?
        from unnest(?::text[]) as k (custom_id)
        where a.custom_id = k.custom_id
        """,
        submissionId,
        array(pack.customIds));
    return submissionId;
  }

  private static boolean isHolding(DSLContext tx, long namespaceId, Unpacked what) {
    return !fetch(
            tx,
            """
            select
            from submissions
            where namespace_id = ?
              and tier = ?
              and mode = ?
              and cache_holds
              and
            """
                + OPEN
                + " limit 1",
            namespaceId,
            what.tier(),
            what.mode().label())
        .isEmpty();
  }

  @Override
  public List<Unpacked> unpacked(long namespaceId, boolean attended) {
    return fetch(
            context,
            """
            with waiting as (
                select distinct tier, mode, run_id
                from attempts
                where namespace_id = ?
                  and state = 'planned'
                  and provider <> all (?::text[])
            ),
            holding as (
                select tier, mode
                from submissions
                where namespace_id = ?
                  and cache_holds
                  and
            """
                + OPEN
                + """
                )
                select distinct w.tier, w.mode
                from waiting w
                join runs r on r.run_id = w.run_id
                where not (?
                    and (w.tier, w.mode) in (select tier, mode from holding)
                    and ?::timestamptz < r.started_at + (r.deadline_at - r.started_at) / 4)
                order by w.tier, w.mode
                """,
            namespaceId,
            PostgresStrayStore.held(context),
            namespaceId,
            attended,
            Sql.now(clock))
        .map(
            row ->
                new Unpacked(
                    row.get("tier", String.class),
                    AttemptMode.ofLabel(row.get("mode", String.class))));
  }

  // ---- reading ----

  @Override
  public List<Submission> open(long namespaceId) {
    return fetch(
            context,
            "select * from submissions where namespace_id = ? and "
                + OPEN
                + " order by planned_at, submission_id",
            namespaceId)
        .map(PostgresSubmissionStore::submission);
  }

  @Override
  public List<Submission> list(Optional<String> runId, boolean openOnly, int submissionsMax) {
    return fetch(
            context,
            "select * from submissions where (?::text is null or run_id = ?) and (not ? or "
                + OPEN
                + ") order by planned_at desc, submission_id limit ?",
            runId.orElse(null),
            runId.orElse(null),
            openOnly,
            submissionsMax)
        .map(PostgresSubmissionStore::submission);
  }

  @Override
  public Optional<Submission> find(String submissionId) {
    return find(context, submissionId);
  }

  private static Optional<Submission> find(DSLContext context, String submissionId) {
    return fetch(context, "select * from submissions where submission_id = ?", submissionId)
        .stream()
        .findFirst()
        .map(PostgresSubmissionStore::submission);
  }

  private static Submission submission(Record row) {
    return new Submission(
        row.get("submission_id", String.class),
        row.get("run_id", String.class),
        row.get("provider", String.class),
        row.get("model", String.class),
        row.get("tier", String.class),
        AttemptMode.ofLabel(row.get("mode", String.class)),
        SubmissionState.ofLabel(row.get("state", String.class)),
        row.get("requests", Integer.class),
        row.get("request_bytes", Long.class),
        row.get("prompt_tokens", Long.class),
        Optional.ofNullable(row.get("input_file_id", String.class)),
        Optional.ofNullable(row.get("provider_batch_id", String.class)),
        Optional.ofNullable(row.get("ending", String.class)).map(Ending::ofLabel),
        row.get("tries", Integer.class),
        instant(row, "not_before"),
        instant(row, "planned_at").orElseThrow(),
        instant(row, "creating_at"),
        Optional.ofNullable(row.get("account", String.class)),
        instant(row, "provider_creating_at"),
        instant(row, "provider_renewed_at"),
        instant(row, "in_progress_at"),
        instant(row, "ended_at"),
        instant(row, "cancel_requested_at"),
        Optional.ofNullable(row.get("cancel_reason", String.class)).map(ErrorCode::valueOf),
        Optional.ofNullable(row.get("cache_mark", String.class)),
        Optional.ofNullable(row.get("lease_owner", String.class))
            .map(owner -> new Lease(owner, instant(row, "lease_until").orElseThrow())),
        Optional.ofNullable(row.get("failure_code", String.class))
            .map(code -> code + ": " + row.get("failure_reason", String.class))
            .orElse(""));
  }

  private static Optional<Instant> instant(Record row, String column) {
    return Optional.ofNullable(row.get(column, OffsetDateTime.class))
        .map(OffsetDateTime::toInstant);
  }

  @Override
  public List<String> knownBatchIds(String provider, Collection<String> batchIds) {
    return Sql.column(
        fetch(
            context,
            """
            select provider_batch_id
            from submissions
            where provider = ?
              and provider_batch_id = any (?::text[])
            union
            -- What was created without a lease is cancelled, and no submission's.
            select provider_batch_id
            from stray_batches
            where provider = ?
              and provider_batch_id = any (?::text[])
              and not holds
            """,
            provider,
            array(batchIds),
            provider,
            array(batchIds)),
        "provider_batch_id",
        String.class);
  }

  @Override
  public List<String> orphans(Map<String, String> uploads, Instant now) {
    List<Map.Entry<String, String>> entries = List.copyOf(uploads.entrySet());
    return Sql.column(
        fetch(
            context,
            """
            select u.upload_id
            from unnest(?::text[], ?::text[]) as u (upload_id, submission_id)
            join submissions s on s.submission_id = u.submission_id
            where s.state in ('collected', 'failed', 'expired', 'cancelled')
               or (s.input_file_id is distinct from u.upload_id
                   and not (s.state = 'uploading' and s.lease_until > ?))
            order by u.upload_id
            """,
            Sql.texts(entries, Map.Entry::getKey),
            Sql.texts(entries, Map.Entry::getValue),
            Sql.time(now)),
        "upload_id",
        String.class);
  }

  @Override
  public boolean knows(String provider) {
    return !fetch(
            context, "select from submissions where provider = ? and not adopted limit 1", provider)
        .isEmpty();
  }

  @Override
  public void forEachAttempt(String submissionId, Consumer<StoredAttempt> consumer) {
    context.transaction( // a cursor streams only inside a transaction
        configuration -> {
          try (Cursor<Record> rows =
              configuration
                  .dsl()
                  .resultQuery(
                      ATTEMPT_COLUMNS + "where a.submission_id = ? order by a.custom_id",
                      submissionId)
                  .fetchSize(ROWS_FETCH_MAX)
                  .fetchLazy()) {
            for (Record row : rows) {
              consumer.accept(attempt(row));
            }
          }
        });
  }

  @Override
  public Optional<String> stopped(Collection<String> submissionIds) {
    return fetch(
            context,
            """
            select submission_id
            from attempts
            where submission_id = any (?::text[])
              and failure_code = ?
            limit 1
            """,
            array(submissionIds),
            ErrorCode.PROVIDER_ACCOUNT_STOPPED.name())
        .stream()
        .findFirst()
        .map(row -> row.get("submission_id", String.class));
  }

  @Override
  public Map<String, StoredAttempt> openAttempts(
      String submissionId, Collection<String> customIds) {
    Map<String, StoredAttempt> attempts = new HashMap<>();
    for (Record row :
        fetch(
            context,
            ATTEMPT_COLUMNS
                + """
                where a.submission_id = ?
                  and a.custom_id = any (?::text[])
                  and a.state = 'submitted'
                """,
            submissionId,
            array(customIds))) {
      StoredAttempt attempt = attempt(row);
      attempts.put(attempt.customId(), attempt);
    }
    return attempts;
  }

  private static StoredAttempt attempt(Record row) {
    return new StoredAttempt(
        row.get("custom_id", String.class),
        row.get("item_key", String.class),
        row.get("attempt_number", Integer.class),
        row.get("tier", String.class),
        row.get("attempts_at_tier", Integer.class),
        row.get("prompt", String.class),
        row.get("prompt_tokens", Integer.class),
        row.get("priority", Double.class));
  }

  @Override
  public List<String> unsettled(String submissionId) {
    return Sql.column(
        fetch(
            context,
            """
            select custom_id
            from attempts
            where submission_id = ?
              and state = 'submitted'
            order by custom_id
            """,
            submissionId),
        "custom_id",
        String.class);
  }

  // ---- leases ----

  @Override
  public Optional<Submission> claim(String submissionId, Lease lease, Instant now) {
    return fetch(
            context,
            "update submissions set lease_owner = ?, lease_until = ? where submission_id = ? and "
                + OPEN
                + " and (lease_owner is null or lease_owner = ? or lease_until <= ?) returning *",
            lease.owner(),
            Sql.time(lease.until()),
            submissionId,
            lease.owner(),
            Sql.time(now))
        .stream()
        .findFirst()
        .map(PostgresSubmissionStore::submission);
  }

  @Override
  public boolean renew(String submissionId, Lease lease) {
    return context.execute(
            """
            update submissions
            set lease_until = ?
            where submission_id = ?
              and lease_owner = ?
            """,
            Sql.time(lease.until()),
            submissionId,
            lease.owner())
        == 1;
  }

  @Override
  public void release(String submissionId, String owner) {
    context.execute(
        """
        update submissions
        set lease_owner = null,
            lease_until = null
        where submission_id = ?
          and lease_owner = ?
        """,
        submissionId,
        owner);
  }

  // ---- transitions ----

  @Override
  public Admission begin(
      String submissionId,
      String owner,
      boolean uploads,
      QueueLimits limits,
      String account,
      Instant at) {
    return Transactions.result(
        context,
        configuration -> {
          DSLContext tx = configuration.dsl();
          Submission submission = find(tx, submissionId).orElseThrow();
          // One admission at a time for a provider: two would each see room for themselves.
          fetch(
              tx,
              "select pg_advisory_xact_lock(hashtext('nightjar admit'), hashtext(?))",
              submission.provider());
          if (PostgresStrayStore.isToReconcile(tx, submission.provider(), account)
              || List.of(PostgresStrayStore.held(tx)).contains(submission.provider())) {
            return Admission.HELD;
          }
          if (isAnsweredByStray(tx, submissionId)) {
            unpack(
                tx, new String[] {submissionId}, "stray batches have answered what it was to ask");
            return Admission.UNWANTED;
          }
          if (!isWanted(tx, submissionId)) {
            withdraw(
                tx, submissionId, ErrorCode.DEADLINE_PASSED, "no document waits for it any more");
            return Admission.UNWANTED;
          }
          if (submission.cacheMark().isPresent() && isCold(tx, submissionId, at)) {
            unpack(
                tx, new String[] {submissionId}, "what it was to find in the prompt cache is cold");
            return Admission.UNWANTED;
          }
          if (submission.mode() == AttemptMode.BATCH
              && !hasRoom(tx, submission, limits, account, at)) {
            return Admission.NO_ROOM;
          }
          // An upload that another key made is not to be seen with this one.
          boolean toUpload =
              uploads
                  && (submission.inputFileId().isEmpty()
                      || !submission.account().equals(Optional.of(account)));
          return tx.execute(
                      """
                      update submissions
                      set state = case when ? then 'uploading' else 'creating' end,
                          account = ?,
                          input_file_id = case when ? then null else input_file_id end,
                          uploading_at = case when ? then ? else uploading_at end,
                          creating_at = case when ? then null else ?::timestamptz end,
                          provider_renewed_at = null
                      where submission_id = ?
                        and state = 'planned'
                        and lease_owner = ?
                      """,
                      toUpload,
                      account,
                      toUpload,
                      toUpload,
                      Sql.time(at),
                      toUpload,
                      Sql.time(at),
                      submissionId,
                      owner)
                  == 1
              ? Admission.ADMITTED
              : Admission.LOST;
        });
  }

  /**
   * Whether the requests of a submission would write what they were to read: it waited for room, or
   * for its provider, for longer than the marks of its tier live. They are named as intervals are.
   */
  private static boolean isCold(DSLContext tx, String submissionId, Instant at) {
    return !fetch(
            tx,
            """
            select
            from submissions s
            where s.submission_id = ?
              and s.cache_wave > 1
              and not exists (
                  select
                  from submissions e
                  where e.namespace_id = s.namespace_id
                    and e.tier = s.tier
                    and e.cache_mark = s.cache_mark
                    and (e.state = 'in_progress' or e.ended_at > ?::timestamptz - s.cache_mark::interval))
            """,
            submissionId,
            Sql.time(at))
        .isEmpty();
  }

  /** Whether strays that were read after it was packed hold answers for it. */
  private static boolean isAnsweredByStray(DSLContext tx, String submissionId) {
    return !fetch(
            tx,
            """
            select 1
            from attempts a
            join stray_charges c on\
            """
                + ANSWERED_BY_STRAY
                + """
                where a.submission_id = ?
                  and a.state = 'submitted'
                limit 1
                """,
            submissionId)
        .isEmpty();
  }

  /** Of submissions of which nothing was sent: their attempts are packed anew. */
  static void unpack(DSLContext tx, String[] submissionIds, String reason) {
    tx.execute(
        """
        update attempts
        set state = 'planned',
            submission_id = null
        where submission_id = any (?::text[])
          and state = 'submitted'
        """,
        (Object) submissionIds);
    tx.execute(
        """
        update submissions
        set state = 'cancelled',
            failure_code = ?,
            failure_reason = ?,
            lease_owner = null,
            lease_until = null
        where submission_id = any (?::text[])
        """,
        ErrorCode.SUBMISSION_CANCELLED.name(),
        reason,
        submissionIds);
  }

  private static boolean isWanted(DSLContext tx, String submissionId) {
    return !fetch(
            tx,
            """
            select 1
            from attempts a
            where a.submission_id = ?
              and a.state = 'submitted'
              and exists (
                  select
                  from items i
                  where i.leader_key = a.item_key
                    and i.state = 'waiting')
            limit 1
            """,
            submissionId)
        .isEmpty();
  }

  /** A batch that no provider ended within 48 hours is not in its queue any more. */
  private static boolean hasRoom(
      DSLContext tx, Submission submission, QueueLimits limits, String account, Instant at) {
    Record queue =
        fetch(
                tx,
                """
                select
                    count(*) filter (where s.state in ('uploading', 'creating', 'in_progress')) as batches,
                    count(*) filter (where s.creating_at > ?::timestamptz - interval '1 hour') as creations,
                    coalesce(sum(s.prompt_tokens) filter (
                        where s.model = ? and s.state in ('uploading', 'creating', 'in_progress')), 0) as tokens,
                    max(q.enqueued_tokens_max) as quota,
                    coalesce(max(q.hold_until) > ?, false) as on_hold
                from (values (1)) as one (row)
                -- What was learnt, or guessed, wears off: the account may have been given more.
                left join provider_quotas q on q.provider = ? and q.model = ? and q.account = ? and q.learnt_at > ?::timestamptz - interval '1 day'
                left join submissions s
                    on s.provider = ?
                    and s.account = ?
                    and s.mode = 'batch'
                    and s.submission_id <> ?
                    and (s.state in ('uploading', 'creating', 'in_progress') or s.creating_at > ?::timestamptz - interval '1 hour')
                    and coalesce(s.in_progress_at, s.creating_at, s.uploading_at) > ?::timestamptz - interval '48 hours'
                """,
                Sql.time(at),
                submission.model(),
                Sql.time(at),
                submission.provider(),
                submission.model(),
                account,
                Sql.time(at),
                submission.provider(),
                account,
                submission.submissionId(),
                Sql.time(at),
                Sql.time(at))
            .get(0);
    long tokens = queue.get("tokens", Long.class);
    Long quota = queue.get("quota", Long.class);
    long tokensMax = Math.min(limits.enqueuedTokensMax(), quota == null ? Long.MAX_VALUE : quota);
    return !queue.get("on_hold", Boolean.class)
        && queue.get("batches", Integer.class) < limits.batchesMax()
        && queue.get("creations", Integer.class) < limits.creationsPerHourMax()
        // Alone it may go even if it is too large: only the provider can tell, and will.
        && (tokens == 0 || tokens + submission.promptTokens() <= tokensMax);
  }

  @Override
  public boolean beginCreating(
      String submissionId, String owner, String inputFileId, Instant at, Instant providerAt) {
    return held(
        "state = 'creating', input_file_id = ?, creating_at = ?, provider_creating_at ="
            + " coalesce(provider_creating_at, ?), provider_renewed_at = ?",
        submissionId,
        owner,
        "state = 'uploading'",
        inputFileId,
        Sql.time(at),
        Sql.time(providerAt),
        Sql.time(providerAt));
  }

  @Override
  public boolean renewCreating(String submissionId, String owner, Instant at, Instant providerAt) {
    return held(
        "creating_at = ?, provider_creating_at = coalesce(provider_creating_at, ?),"
            + " provider_renewed_at = ?",
        submissionId,
        owner,
        "state = 'creating'",
        Sql.time(at),
        Sql.time(providerAt),
        Sql.time(providerAt));
  }

  @Override
  public boolean giveBack(
      String submissionId, String owner, Instant notBefore, boolean keepUpload) {
    return held(
        "state = 'planned', creating_at = null, provider_renewed_at = null, not_before = ?, tries ="
            + " least(tries + 1, 1000), input_file_id = case when ? then input_file_id end,"
            + " lease_owner = null, lease_until = null",
        submissionId,
        owner,
        "state in ('uploading', 'creating')",
        Sql.time(notBefore),
        keepUpload);
  }

  @Override
  public boolean refuse(String submissionId, String owner, ErrorCode code, String reason) {
    return Transactions.result(
        context,
        configuration -> {
          DSLContext tx = configuration.dsl();
          lockRunOf(tx, submissionId);
          int refused =
              tx.execute(
                  """
                  update submissions
                  set state = 'failed',
                      failure_code = ?,
                      failure_reason = ?,
                      cache_mark_refused = cache_mark is not null,
                      lease_owner = null,
                      lease_until = null
                  where submission_id = ?
                    and state in ('uploading', 'creating')
                    and lease_owner = ?
                  """,
                  code.name(),
                  reason,
                  submissionId,
                  owner);
          // With marks it may have been refused for them: packed anew its requests have none.
          if (refused == 1 && !unpackMarked(tx, submissionId)) {
            Budget.fail(tx, clock, endAttempts(tx, clock, submissionId, code, reason), code);
          }
          return refused == 1;
        });
  }

  private static boolean unpackMarked(DSLContext tx, String submissionId) {
    return tx.execute(
            """
            update attempts a
            set state = 'planned',
                submission_id = null
            from submissions s
            where s.submission_id = ?
              and s.cache_mark_refused
              and a.submission_id = s.submission_id
              and a.state = 'submitted'
            """,
            submissionId)
        > 0;
  }

  @Override
  public boolean markInProgress(String submissionId, String owner, String batchId, Instant at) {
    try {
      return held(
          "state = 'in_progress', provider_batch_id = ?, in_progress_at = ?, not_before = null,"
              + " tries = 0",
          submissionId,
          owner,
          "state = 'creating'",
          batchId,
          Sql.time(at));
    } catch (IntegrityConstraintViolationException e) {
      throw new NightjarException(
          ErrorCode.PROVIDER_MISMATCH,
          submissionId,
          "another submission has the batch " + batchId + " already",
          "check that the provider's address and key are those that this database was used with",
          e);
    }
  }

  @Override
  public boolean markEnded(
      String submissionId, String owner, Ending ending, String failure, Instant at) {
    return held(
        "state = 'ended', ended_at = ?, ending = ?, failure_code = ?, failure_reason = ?",
        submissionId,
        owner,
        "state = 'in_progress'",
        Sql.time(at),
        ending.label(),
        ending == Ending.FAILED ? ErrorCode.BATCH_FAILED.name() : null,
        ending == Ending.FAILED ? failure : null);
  }

  @Override
  public boolean close(String submissionId, String owner, Instant at) {
    return Transactions.result(
        context,
        configuration -> {
          DSLContext tx = configuration.dsl();
          int closed =
              tx.execute(
                  """
                  update submissions
                  set state = case ending
                          when 'failed' then 'failed'
                          when 'expired' then 'expired'
                          when 'cancelled' then 'cancelled'
                          else 'collected'
                      end,
                      collected_at = ?,
                      lease_owner = null,
                      lease_until = null
                  where submission_id = ?
                    and state = 'ended'
                    and lease_owner = ?
                    and not exists (
                        select
                        from attempts a
                        where a.submission_id = submissions.submission_id
                          and a.state = 'submitted')
                  """,
                  Sql.time(at),
                  submissionId,
                  owner);
          if (closed == 1) {
            // Settled now. What may have been billed unseen stays: unknown_spend shows it.
            tx.execute(
                """
                update online_requests
                set response_body = ''
                where submission_id = ?
                  and response_body is not null
                """,
                submissionId);
          }
          return closed == 1;
        });
  }

  /** A change by the holder of the lease. The clauses are literals of this class, never input. */
  private boolean held(
      String set, String submissionId, String owner, String from, @Nullable Object... values) {
    Object[] all = Arrays.copyOf(values, values.length + 2);
    all[values.length] = submissionId;
    all[values.length + 1] = owner;
    return context.execute(
            "update submissions set "
                + set
                + " where submission_id = ? and lease_owner = ? and "
                + from,
            all)
        == 1;
  }

  @Override
  public boolean withdraw(String submissionId, ErrorCode code, String reason) {
    return Transactions.result(
        context, configuration -> withdraw(configuration.dsl(), submissionId, code, reason));
  }

  private boolean withdraw(DSLContext tx, String submissionId, ErrorCode code, String reason) {
    lockRunOf(tx, submissionId);
    return withdraw(tx, clock, submissionId, code, reason);
  }

  /** The caller holds the row of the run that pays. */
  static boolean withdraw(
      DSLContext tx, Clock clock, String submissionId, ErrorCode code, String reason) {
    Optional<String> runId = markWithdrawn(tx, submissionId, code, reason);
    // Documents of other runs may wait for the same keys: those runs ask them again.
    runId.ifPresent(
        id -> failOwn(tx, clock, id, endAttempts(tx, clock, submissionId, code, reason), code));
    return runId.isPresent();
  }

  /**
   * planned or uploading to cancelled; what becomes of the attempts is the caller's.
   *
   * @return the run that pays; empty if the submission was not there to withdraw
   */
  static Optional<String> markWithdrawn(
      DSLContext tx, String submissionId, ErrorCode code, String reason) {
    return fetch(
            tx,
            """
            update submissions
            set state = 'cancelled',
                failure_code = ?,
                failure_reason = ?,
                lease_owner = null,
                lease_until = null
            where submission_id = ?
              and state in ('planned', 'uploading')
            returning run_id
            """,
            code.name(),
            reason,
            submissionId)
        .stream()
        .findFirst()
        .map(row -> row.get("run_id", String.class));
  }

  private static void lockRunOf(DSLContext tx, String submissionId) {
    fetch(
        tx,
        """
        select 1
        from runs
        where run_id = (select run_id from submissions where submission_id = ?)
        for update
        """,
        submissionId);
  }

  /**
   * Ends every open attempt of a submission as errored and unbilled, and gives back what was
   * reserved.
   *
   * @return the reason by item key
   */
  private static Map<String, String> endAttempts(
      DSLContext tx, Clock clock, String submissionId, ErrorCode code, String reason) {
    Map<String, String> reasons = new HashMap<>();
    for (Record row :
        fetch(
            tx,
            """
            with ended as (
                update attempts
                set state = 'errored',
                    failure_code = ?,
                    failure_reason = ?,
                    ended_at = ?
                where submission_id = ?
                  and state = 'submitted'
                returning item_key, run_id, reserved_usd
            ),
            released as (
                update runs r
                set reserved_usd = r.reserved_usd - e.usd
                from (select run_id, sum(reserved_usd) as usd from ended group by run_id) e
                where r.run_id = e.run_id
            )
            select item_key
            from ended
            """,
            code.name(),
            reason,
            Sql.now(clock),
            submissionId)) {
      reasons.put(row.get("item_key", String.class), reason);
    }
    return reasons;
  }

  /** Fails leaders, and the documents of one run that wait for them. */
  static void failOwn(
      DSLContext tx, Clock clock, String runId, Map<String, String> reasons, ErrorCode code) {
    if (reasons.isEmpty()) {
      return;
    }
    String[] keys = array(reasons.keySet());
    Budget.failMisses(tx, keys);
    tx.execute(
        """
        update items
        set state = 'failed',
            failure_code = ?,
            failure_reason = ?,
            settled_at = ?
        where run_id = ?
          and leader_key = any (?::text[])
          and state = 'waiting'
        """,
        code.name(),
        reasons.values().iterator().next(),
        Sql.now(clock),
        runId,
        keys);
  }

  @Override
  public boolean postpone(String submissionId, String owner, Instant notBefore) {
    return held(
        "not_before = ?, tries = least(tries + 1, 1000)",
        submissionId,
        owner,
        "state = 'in_progress' and mode = 'online'",
        Sql.time(notBefore));
  }

  @Override
  public boolean requestCancel(String submissionId, ErrorCode reason, Instant at) {
    return context.execute(
            """
            update submissions
            set cancel_requested_at = coalesce(cancel_requested_at, ?),
                -- Who withdraws for good overrules who only wanted it online.
                cancel_reason = case when cancel_reason = 'SUBMISSION_CANCELLED' then cancel_reason else ? end
            where submission_id = ?
              and state in ('creating', 'in_progress')
            """,
            Sql.time(at),
            reason.name(),
            submissionId)
        == 1;
  }

  @Override
  public boolean hurry(String submissionId) {
    return context.execute(
            """
            update submissions
            set not_before = null
            where submission_id = ?
              and state = 'planned'
            """,
            submissionId)
        == 1;
  }

  @Override
  public long reopen(String submissionId) {
    return Transactions.result(
        context,
        configuration -> {
          DSLContext tx = configuration.dsl();
          lockRunOf(tx, submissionId);
          long reopened =
              tx.execute(
                  """
                  update items i
                  set state = 'new',
                      leader_key = null,
                      similarity = null,
                      failure_code = null,
                      failure_reason = null,
                      settled_at = null
                  from attempts a
                  join submissions s on s.submission_id = a.submission_id
                  where s.submission_id = ?
                    and s.state in ('collected', 'failed', 'cancelled', 'expired')
                    and i.run_id = a.run_id
                    and i.leader_key = a.item_key
                    and i.state = 'failed'
                  """,
                  submissionId);
          if (reopened > 0) {
            tx.execute(
                "select unpost_run(run_id) from submissions where submission_id = ?", submissionId);
            try {
              tx.execute(
                  """
                  update runs
                  set state = 'open',
                      prepared_at = null,
                      finished_at = null
                  where run_id = (select run_id from submissions where submission_id = ?)
                  """,
                  submissionId);
            } catch (IntegrityConstraintViolationException e) {
              throw new NightjarException(
                  ErrorCode.RUN_MISMATCH,
                  submissionId,
                  "another run of the same task and corpus is open",
                  "finish that one first; it asks these documents too",
                  e);
            }
          }
          return reopened;
        });
  }

  // ---- quotas ----

  @Override
  public void learnQuota(
      String provider,
      String model,
      String account,
      Optional<Long> enqueuedTokensMax,
      Instant holdUntil,
      Instant at) {
    context.execute(
        """
        insert into provider_quotas (provider, model, account, enqueued_tokens_max, hold_until, learnt_at)
        values (?, ?, ?, ?, ?, ?)
        on conflict (provider, model, account) do update
        set enqueued_tokens_max = coalesce(excluded.enqueued_tokens_max, provider_quotas.enqueued_tokens_max),
            hold_until = greatest(excluded.hold_until, provider_quotas.hold_until),
            learnt_at = excluded.learnt_at
        """,
        provider,
        model,
        account,
        enqueuedTokensMax.orElse(null),
        Sql.time(holdUntil),
        Sql.time(at));
  }

  // ---- online submissions ----

  @Override
  public List<StoredAttempt> unasked(String submissionId, int attemptsMax) {
    return fetch(
            context,
            ATTEMPT_COLUMNS
                + """
                where a.submission_id = ?
                  and a.state = 'submitted'
                  and not exists (
                      select
                      from online_requests q
                      where q.custom_id = a.custom_id)
                order by a.custom_id
                limit ?
                """,
            submissionId,
            attemptsMax)
        .map(PostgresSubmissionStore::attempt);
  }

  @Override
  public int unaskedOnline(String submissionId, int max) {
    return fetch(
            context,
            """
            select count(*) as requests
            from (
                select
                from submissions mine
                join submissions s on s.run_id = mine.run_id
                join attempts a on a.submission_id = s.submission_id
                where mine.submission_id = ?
                  and s.mode = 'online'
                  and a.state in ('planned', 'submitted')
                  and not exists (
                      select
                      from online_requests q
                      where q.custom_id = a.custom_id)
                limit ?
            ) t
            """,
            submissionId,
            max)
        .get(0)
        .get("requests", Integer.class);
  }

  @Override
  public Set<String> beginAsking(
      String submissionId, String owner, Collection<String> customIds, Instant at) {
    return new HashSet<>(
        Sql.column(
            fetch(
                context,
                """
                insert into online_requests (custom_id, submission_id, asked_at)
                select a.custom_id, s.submission_id, ?
                from submissions s
                join attempts a on a.submission_id = s.submission_id
                where s.submission_id = ?
                  and s.state = 'in_progress'
                  and s.lease_owner = ?
                  and s.cancel_requested_at is null
                  and a.custom_id = any (?::text[])
                  and a.state = 'submitted'
                -- Who takes it over, cancels or ends it waits for this commit, or is seen here.
                for share of s
                on conflict (custom_id) do nothing
                returning custom_id
                """,
                Sql.time(at),
                submissionId,
                owner,
                array(customIds)),
            "custom_id",
            String.class));
  }

  @Override
  public void accepted(String customId, String responseId) {
    context.execute(
        "update online_requests set response_id = ? where custom_id = ?", responseId, customId);
  }

  @Override
  public void answered(String customId, int status, String body, Instant at) {
    context.execute(
        """
        update online_requests
        set response_status = ?,
            response_body = ?,
            answered_at = ?
        where custom_id = ?
        """,
        status,
        body,
        Sql.time(at),
        customId);
  }

  @Override
  public void notAsked(String customId) {
    context.execute(
        "delete from online_requests where custom_id = ? and answered_at is null", customId);
  }

  @Override
  public void forEachOnlineRequest(String submissionId, Consumer<OnlineRequest> consumer) {
    context.transaction(
        configuration -> {
          try (Cursor<Record> rows =
              configuration
                  .dsl()
                  .resultQuery(
                      "select * from online_requests where submission_id = ? order by custom_id",
                      submissionId)
                  .fetchSize(ROWS_FETCH_MAX)
                  .fetchLazy()) {
            for (Record row : rows) {
              consumer.accept(
                  new OnlineRequest(
                      row.get("custom_id", String.class),
                      instant(row, "asked_at").orElseThrow(),
                      Optional.ofNullable(row.get("response_id", String.class)),
                      Optional.ofNullable(row.get("response_status", Integer.class)),
                      Optional.ofNullable(row.get("response_body", String.class)),
                      instant(row, "answered_at")));
            }
          }
        });
  }
}
