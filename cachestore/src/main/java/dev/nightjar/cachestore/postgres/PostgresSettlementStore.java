package dev.nightjar.cachestore.postgres;

import static dev.nightjar.cachestore.postgres.Sql.fetch;
import static dev.nightjar.cachestore.postgres.Sql.longs;
import static dev.nightjar.cachestore.postgres.Sql.texts;

import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.LeaderFailure;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.Outcome;
import dev.nightjar.cachestore.SettlementStore;
import java.math.BigDecimal;
import java.time.Clock;
import java.time.OffsetDateTime;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jooq.DSLContext;
import org.jooq.Record;

/**
 * Settles attempts: see the port. One transaction over attempts, ledger, runs, misses, items,
 * results.
 */
final class PostgresSettlementStore implements SettlementStore {
  private final DSLContext context;
  private final Clock clock;
  private final Budget budget;
  private final Set<YearMonth> monthsThere = ConcurrentHashMap.newKeySet();

  PostgresSettlementStore(DSLContext context, Clock clock, Budget budget) {
    this.context = context;
    this.clock = clock;
    this.budget = budget;
  }

  @Override
  public int settle(String runId, List<Outcome> outcomes) {
    addMonths(outcomes);
    return Transactions.result(
        context,
        configuration -> {
          DSLContext tx = configuration.dsl();
          Budget.lockRun(tx, runId);
          return settle(tx, runId, outcomes);
        });
  }

  @Override
  public int settleWithdrawn(
      String runId, String submissionId, ErrorCode code, String reason, List<Outcome> outcomes) {
    addMonths(outcomes);
    return Transactions.result(
        context,
        configuration -> {
          DSLContext tx = configuration.dsl();
          Budget.lockRun(tx, runId);
          boolean withdrawn =
              PostgresSubmissionStore.markWithdrawn(tx, submissionId, code, reason)
                  .filter(runId::equals)
                  .isPresent();
          return withdrawn ? settle(tx, runId, outcomes) : 0;
        });
  }

  /**
   * Before the transaction: making a partition locks the whole ledger, which others in the middle
   * of a settlement hold too.
   */
  private void addMonths(List<Outcome> outcomes) {
    outcomes.stream()
        .filter(outcome -> outcome.usage().isBilled())
        .map(outcome -> YearMonth.from(outcome.billedAt().atOffset(ZoneOffset.UTC)))
        .distinct()
        .filter(month -> !monthsThere.contains(month))
        .forEach(
            month -> {
              context.execute(
                  "select add_month('ledger', ?)",
                  Sql.time(month.atDay(1).atStartOfDay(ZoneOffset.UTC).toInstant()));
              monthsThere.add(month);
            });
  }

  private int settle(DSLContext tx, String runId, List<Outcome> outcomes) {
    Map<String, String> itemKeys = endAttempts(tx, runId, outcomes);
    List<Outcome> settled =
        outcomes.stream()
            .filter(outcome -> itemKeys.containsKey(outcome.customId()))
            .sorted(Comparator.comparing(Outcome::customId))
            .toList();
    if (!itemKeys.isEmpty()
        && fetch(tx, "select from runs where run_id = ? and posted_at is not null", runId)
            .isNotEmpty()) {
      tx.execute("select unpost_run(?)", runId); // late: the books are posted anew
    }
    Budget.holdMisses(tx, Sql.array(itemKeys.values()));
    charge(tx, runId, settled);
    keepSaid(tx, settled);
    answer(
        tx,
        settled.stream()
            .filter(o -> o.kind() == Outcome.Kind.SUCCEEDED)
            .map(
                o ->
                    new Answer(
                        Objects.requireNonNull(itemKeys.get(o.customId())),
                        o.customId(),
                        o.answerJson().orElseThrow(),
                        o.usage().outputTokens() + o.usage().reasoningTokens()))
            .toList());
    List<Outcome> unanswered =
        settled.stream().filter(o -> o.kind() != Outcome.Kind.SUCCEEDED).toList();
    // After a deadline nobody waits any more, and another attempt would be money for nothing.
    Set<String> wanted = waitedFor(tx, unanswered, itemKeys);
    budget.plan(
        tx,
        runId,
        unanswered.stream()
            .flatMap(outcome -> outcome.next().stream())
            .filter(next -> wanted.contains(next.itemKey()))
            .toList());
    fail(
        tx,
        unanswered.stream()
            .filter(o -> o.next().isEmpty() || !wanted.contains(o.next().get().itemKey()))
            .toList(),
        itemKeys);
    return settled.size();
  }

  private static Set<String> waitedFor(
      DSLContext tx, List<Outcome> outcomes, Map<String, String> itemKeys) {
    return new HashSet<>(
        Sql.column(
            fetch(
                tx,
                """
                select distinct leader_key
                from items
                where leader_key = any (?::text[])
                  and state = 'waiting'
                """,
                (Object) texts(outcomes, outcome -> itemKeys.get(outcome.customId()))),
            "leader_key",
            String.class));
  }

  @Override
  public List<UnknownSpend> unknownSpend() {
    return fetch(context, "select * from unknown_spend order by asked_at, custom_id")
        .map(
            row ->
                new UnknownSpend(
                    row.get("custom_id", String.class),
                    Optional.ofNullable(row.get("run_id", String.class)),
                    row.get("provider", String.class),
                    row.get("model", String.class),
                    row.get("asked_at", OffsetDateTime.class).toInstant(),
                    row.get("worst_case_usd", BigDecimal.class)));
  }

  @Override
  public void resolve(Collection<String> customIds, BigDecimal usd) {
    context.execute("select add_month('ledger', ?)", Sql.now(clock));
    Transactions.run(
        context,
        configuration -> {
          DSLContext tx = configuration.dsl();
          String[] ids = Sql.array(customIds);
          fetch(
              tx,
              """
              select 1
              from runs
              where run_id in (select run_id from attempts where custom_id = any (?::text[]))
              order by run_id
              for update
              """,
              (Object) ids);
          int resolved =
              tx.execute(
                  """
                  update attempts
                  set spend_resolved_at = ?,
                      billed_at = case when ? then ?::timestamptz else billed_at end
                  where custom_id in (select u.custom_id from unknown_spend u where u.custom_id = any (?::text[]))
                    and spend_resolved_at is null
                  """,
                  Sql.now(clock),
                  usd.signum() > 0,
                  Sql.now(clock),
                  ids);
          if (resolved != customIds.size()) {
            throw new NightjarException(
                ErrorCode.OPTION_INVALID,
                String.join(", ", customIds),
                "not all of them are unknown spend, or somebody has resolved one of them",
                "see 'nightjar spend unknown'");
          }
          tx.execute(
              """
              with parts as (
                  select
                      a.*,
                      sum(a.reserved_usd) over () as all_usd,
                      sum(a.reserved_usd) over (order by a.custom_id) as up_to_usd
                  from attempts a
                  where a.custom_id = any (?::text[])
              ),
              shares as (
                  -- Each the difference of two rounded sums: together they are the amount to the last digit.
                  select
                      p.*,
                      round(? * p.up_to_usd / p.all_usd, 12) - round(? * (p.up_to_usd - p.reserved_usd) / p.all_usd, 12) as usd
                  from parts p
              ),
              charges as (
                  insert into ledger (
                      custom_id, run_id, item_key, submission_id, provider, model, tier, price_id, billed_at,
                      input_tokens, cached_input_tokens, cache_write_tokens, cache_write_long_tokens, output_tokens, reasoning_tokens,
                      input_usd, cached_input_usd, cache_write_usd, output_usd, reasoning_usd)
                  select
                      s.custom_id, s.run_id, s.item_key, s.submission_id, s.provider, s.model, s.tier, p.price_id, s.billed_at,
                      0, 0, 0, 0, 0, 0,
                      s.usd, 0, 0, 0, 0
                  from shares s
                  cross join lateral price_in_force(s.provider, s.model, s.billed_at, 1) p
                  where ? > 0
              )
              update runs r
              set unknown_usd = r.unknown_usd - c.held_usd,
                  charged_usd = r.charged_usd + c.usd
              from (select run_id, sum(reserved_usd) as held_usd, sum(usd) as usd from shares group by run_id) c
              where r.run_id = c.run_id
              """,
              ids,
              usd,
              usd,
              usd);
          tx.execute(
              """
              select unpost_run(r.run_id)
              from runs r
              where r.posted_at is not null
                and r.run_id in (select run_id from attempts where custom_id = any (?::text[]))
              """,
              (Object) ids);
        });
  }

  /** The compare-and-set that makes a second settlement of the same attempt do nothing. */
  private Map<String, String> endAttempts(DSLContext tx, String runId, List<Outcome> outcomes) {
    Map<String, String> itemKeys = new HashMap<>();
    for (Record row :
        fetch(
            tx,
            """
            with ended as (
                update attempts a
                set state = o.state,
                    failure_code = o.code,
                    failure_reason = o.reason,
                    ended_at = ?,
                    billed_at = o.billed_at,
                    usage_unknown = o.usage_unknown,
                    served_model = case
                        -- At Azure a deployment is asked, and its model answers.
                        when a.provider <> 'azure' and unversioned_model(o.served) <> unversioned_model(a.model) then o.served
                    end,
                    service_tier = case when o.service <> all (array['', 'batch', 'default', 'on_demand', 'standard']) then o.service end
                from unnest(?::text[], ?::text[], ?::text[], ?::text[], ?::timestamptz[], ?::boolean[], ?::text[], ?::text[])
                    as o (custom_id, state, code, reason, billed_at, usage_unknown, served, service)
                where a.custom_id = o.custom_id
                  and a.run_id = ?
                  and a.state = 'submitted'
                returning a.custom_id, a.item_key, a.reserved_usd, a.failure_code, a.usage_unknown
            ),
            released as (
                update runs
                set reserved_usd = reserved_usd - coalesce((select sum(reserved_usd) from ended), 0),
                    unknown_usd = unknown_usd + coalesce((
                        select sum(reserved_usd)
                        from ended
                        where failure_code = 'OUTCOME_UNKNOWN'
                           or usage_unknown), 0)
                where run_id = ?
            )
            select custom_id, item_key
            from ended
            """,
            Sql.now(clock),
            texts(outcomes, Outcome::customId),
            texts(outcomes, outcome -> outcome.kind().name().toLowerCase(Locale.ROOT)),
            texts(outcomes, outcome -> outcome.code().map(Enum::name).orElse(null)),
            texts(outcomes, outcome -> outcome.code().isPresent() ? outcome.reason() : null),
            outcomes.stream()
                .map(
                    outcome ->
                        outcome.usage().isBilled()
                            ? outcome.billedAt().atOffset(ZoneOffset.UTC)
                            : null)
                .toArray(OffsetDateTime[]::new),
            outcomes.stream().map(Outcome::usageUnknown).toArray(Boolean[]::new),
            texts(
                outcomes,
                outcome -> outcome.served().model().isEmpty() ? null : outcome.served().model()),
            texts(outcomes, outcome -> outcome.served().serviceTier()),
            runId,
            runId)) {
      itemKeys.put(row.get("custom_id", String.class), row.get("item_key", String.class));
    }
    return itemKeys;
  }

  private static void charge(DSLContext tx, String runId, List<Outcome> settled) {
    List<Outcome> billed = settled.stream().filter(o -> o.usage().isBilled()).toList();
    if (billed.isEmpty()) {
      return;
    }
    int charged =
        fetch(
                tx,
                """
                with charges as (
                    insert into ledger (
                        custom_id, run_id, item_key, submission_id, provider, model, tier, price_id, billed_at,
                        input_tokens, cached_input_tokens, cache_write_tokens, cache_write_long_tokens, output_tokens, reasoning_tokens,
                        input_usd, cached_input_usd, cache_write_usd, output_usd, reasoning_usd)
                    select
                        a.custom_id, a.run_id, a.item_key, a.submission_id, a.provider, a.model, a.tier, p.price_id, u.billed_at,
                        u.input, u.cached, u.write, u.write_long, u.output, u.reasoning,
                        u.input * case when s.is_halved then p.batch_input_usd else p.input_usd end * s.factor,
                        u.cached * case when s.is_halved then p.batch_cached_input_usd else p.cached_input_usd end * s.factor,
                        (u.write * case when s.is_halved then p.batch_cache_write_usd else p.cache_write_usd end
                            + u.write_long * case when s.is_halved then p.batch_cache_write_long_usd else p.cache_write_long_usd end) * s.factor,
                        u.output * case when s.is_halved then p.batch_output_usd else p.output_usd end * s.factor,
                        u.reasoning * case when s.is_halved then p.batch_reasoning_usd else p.reasoning_usd end * s.factor
                    from unnest(?::text[], ?::timestamptz[], ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[])
                        as u (custom_id, billed_at, input, cached, write, write_long, output, reasoning)
                    join attempts a on a.custom_id = u.custom_id
                    left join lateral (
                        select q.basis, q.factor
                        from price_factors q
                        where q.provider = a.provider
                          and q.service = a.service_tier
                          and q.effective_from <= u.billed_at
                        order by q.effective_from desc
                        limit 1) f on true
                    cross join lateral (
                        select
                            a.mode = 'batch' or coalesce(f.basis = 'batch', false) as is_halved,
                            coalesce(f.factor, 1) * 0.000001 as factor) s
                    cross join lateral (
                        -- The price of what answered, if it has one, else of what was asked.
                        select q.*
                        from (values (1, a.served_model), (2, unversioned_model(a.served_model)), (3, a.model)) as n (rank, name)
                        cross join lateral price_in_force(
                            a.provider, n.name, u.billed_at, u.input + u.cached + u.write + u.write_long) q
                        order by n.rank
                        limit 1) p
                    returning total_usd
                ),
                booked as (
                    update runs
                    set charged_usd = charged_usd + (select coalesce(sum(total_usd), 0) from charges)
                    where run_id = ?
                )
                select count(*) as charged
                from charges
                """,
                texts(billed, Outcome::customId),
                billed.stream()
                    .map(outcome -> outcome.billedAt().atOffset(ZoneOffset.UTC))
                    .toArray(OffsetDateTime[]::new),
                longs(billed, outcome -> outcome.usage().inputTokens()),
                longs(billed, outcome -> outcome.usage().cachedInputTokens()),
                longs(billed, outcome -> outcome.usage().cacheWriteTokens()),
                longs(billed, outcome -> outcome.usage().cacheWriteLongTokens()),
                longs(billed, outcome -> outcome.usage().outputTokens()),
                longs(billed, outcome -> outcome.usage().reasoningTokens()),
                runId)
            .get(0)
            .get("charged", Integer.class);
    if (charged != billed.size()) {
      throw new NightjarException(
          ErrorCode.PRICE_MISSING,
          runId,
          (billed.size() - charged)
              + " billed attempts have no price in force at their billing time",
          "add one with 'nightjar prices set' and run the same command again");
    }
  }

  private void keepSaid(DSLContext tx, List<Outcome> settled) {
    List<Outcome> said =
        settled.stream()
            .filter(outcome -> outcome.said().filter(text -> !text.isBlank()).isPresent())
            .toList();
    List<Outcome> unjudged = said.stream().filter(PostgresSettlementStore::isUnjudged).toList();
    List<Outcome> rejected = said.stream().filter(outcome -> !isUnjudged(outcome)).toList();
    if (!unjudged.isEmpty()) {
      tx.execute(
          """
          insert into raw_answers (custom_id, namespace_id, answer)
          select a.custom_id, a.namespace_id, u.answer
          from unnest(?::text[], ?::text[]) as u (custom_id, answer)
          join attempts a on a.custom_id = u.custom_id
          """,
          texts(unjudged, Outcome::customId),
          texts(unjudged, outcome -> RawAnswers.toJson(outcome.said().orElseThrow())));
    }
    if (!rejected.isEmpty()) {
      tx.execute(
          """
          insert into rejected_answers (custom_id, namespace_id, answer, rejected_at)
          select a.custom_id, a.namespace_id, u.answer, ?::timestamptz
          from unnest(?::text[], ?::text[]) as u (custom_id, answer)
          join attempts a on a.custom_id = u.custom_id
          """,
          Sql.now(clock),
          texts(rejected, Outcome::customId),
          texts(rejected, outcome -> RawAnswers.toJson(outcome.said().orElseThrow())));
    }
  }

  private static boolean isUnjudged(Outcome outcome) {
    return outcome.code().equals(Optional.of(ErrorCode.ANSWER_UNJUDGED));
  }

  @Override
  public List<Unjudged> unjudged(long namespaceId, String after, int limit) {
    return fetch(
            context,
            """
            select custom_id, answer
            from raw_answers
            where namespace_id = ?
              and custom_id > ?
            order by custom_id
            limit ?
            """,
            namespaceId,
            after,
            limit)
        .map(
            row ->
                new Unjudged(
                    row.get("custom_id", String.class),
                    RawAnswers.ofJson(row.get("answer", String.class))));
  }

  @Override
  public int settleJudged(List<Judged> answers) {
    String[] customIds = texts(answers, Judged::customId);
    return Transactions.result(
        context,
        configuration -> {
          DSLContext tx = configuration.dsl();
          unpost(tx, customIds);
          Map<String, Answer> ended = endJudged(tx, answers);
          String[] keys = Sql.array(ended.values().stream().map(Answer::itemKey).toList());
          Budget.holdMisses(tx, keys);
          Map<String, Boolean> failed = failedUnjudged(tx, keys);
          // A text may have been asked twice, and neither answer judged: a good one is enough.
          Map<String, Answer> good = new LinkedHashMap<>();
          Map<String, LeaderFailure> bad = new LinkedHashMap<>();
          for (Judged judged : answers) {
            Answer answer = ended.get(judged.customId());
            if (answer == null || !failed.containsKey(answer.itemKey())) {
              continue; // ended by another process, or asked again since
            }
            if (judged.answerJson().isPresent()) {
              good.putIfAbsent(answer.itemKey(), answer);
            } else if (failed.get(answer.itemKey())) {
              bad.put(
                  answer.itemKey(),
                  new LeaderFailure(
                      answer.itemKey(), judged.code().orElseThrow(), judged.reason()));
            }
          }
          bad.keySet().removeAll(good.keySet());
          Set<String> judged = new HashSet<>(good.keySet());
          judged.addAll(bad.keySet());
          waitAgain(tx, judged);
          answer(tx, List.copyOf(good.values()));
          List<LeaderFailure> failures = List.copyOf(bad.values());
          String[] badKeys = texts(failures, LeaderFailure::itemKey);
          String[] codes = texts(failures, failure -> failure.code().name());
          String[] reasons = texts(failures, LeaderFailure::reason);
          Budget.fail(tx, clock, badKeys, codes, reasons);
          Budget.failLasting(tx, badKeys, codes, reasons);
          return ended.size();
        });
  }

  /** Runs are locked before their attempts, by everybody; their books are posted anew. */
  private static void unpost(DSLContext tx, String[] customIds) {
    for (Record run :
        fetch(
            tx,
            """
            select r.run_id, r.posted_at
            from runs r
            where r.run_id in (select a.run_id from attempts a where a.custom_id = any (?::text[]))
               or r.run_id in (
                   select i.run_id
                   from attempts a
                   join items i on i.leader_key = a.item_key or i.item_key = a.item_key
                   where a.custom_id = any (?::text[])
                     and i.failure_code = 'ANSWER_UNJUDGED')
            order by r.run_id
            for update
            """,
            customIds,
            customIds)) {
      if (run.get("posted_at") != null) {
        tx.execute("select unpost_run(?)", run.get("run_id", String.class));
      }
    }
  }

  /** The compare-and-set: whose raw answer is still there. */
  private Map<String, Answer> endJudged(DSLContext tx, List<Judged> answers) {
    Map<String, Answer> ended = new HashMap<>();
    for (Record row :
        fetch(
            tx,
            """
            with gone as (
                delete from raw_answers
                where custom_id = any (?::text[])
                returning custom_id
            )
            update attempts a
            set state = j.state,
                failure_code = j.code,
                failure_reason = j.reason
            from gone g
            join unnest(?::text[], ?::text[], ?::text[], ?::text[], ?::text[]) as j (custom_id, state, code, reason, answer)
                on j.custom_id = g.custom_id
            left join ledger l on l.custom_id = g.custom_id
            where a.custom_id = g.custom_id
            returning a.custom_id, a.item_key, j.answer, coalesce(l.output_tokens + l.reasoning_tokens, 0) as output_tokens
            """,
            texts(answers, Judged::customId),
            texts(answers, Judged::customId),
            texts(
                answers,
                judged ->
                    (judged.answerJson().isPresent()
                            ? Outcome.Kind.SUCCEEDED
                            : Outcome.Kind.REJECTED)
                        .name()
                        .toLowerCase(Locale.ROOT)),
            texts(answers, judged -> judged.code().map(Enum::name).orElse(null)),
            texts(answers, judged -> judged.code().isPresent() ? judged.reason() : null),
            texts(answers, judged -> judged.answerJson().orElse(null)))) {
      Answer answer =
          new Answer(
              row.get("item_key", String.class),
              row.get("custom_id", String.class),
              row.get("answer", String.class),
              row.get("output_tokens", Long.class));
      ended.put(answer.customId(), answer);
    }
    return ended;
  }

  /**
   * Those that nobody has asked again, and whether they fail so for good. One that a person will
   * have asked again ('nightjar items retry') is not asked if its answer turns out to be there.
   */
  private static Map<String, Boolean> failedUnjudged(DSLContext tx, String[] keys) {
    Map<String, Boolean> failed = new HashMap<>();
    for (Record row :
        fetch(
            tx,
            """
            select item_key, lasting_failure_code is not null as is_lasting
            from misses
            where item_key = any (?::text[])
              and state = 'failed'
              and (lasting_failure_code is null or lasting_failure_code = 'ANSWER_UNJUDGED')
            """,
            (Object) keys)) {
      failed.put(row.get("item_key", String.class), row.get("is_lasting", Boolean.class));
    }
    return failed;
  }

  /** As they were before the answer failed, so that it ends as if it had just come. */
  private static void waitAgain(DSLContext tx, Set<String> keys) {
    String[] leaders = Sql.array(keys);
    tx.execute(
        """
        update misses
        set lasting_failure_code = null,
            lasting_failure_reason = null
        where item_key = any (?::text[])
        """,
        (Object) leaders);
    tx.execute(
        """
        update misses
        set state = 'follower'
        where leader_key = any (?::text[])
          and leader_key <> item_key
          and state = 'failed'
        """,
        (Object) leaders);
    tx.execute(
        """
        update items
        set state = 'waiting',
            leader_key = coalesce(leader_key, item_key),
            failure_code = null,
            failure_reason = null,
            settled_at = null
        where (leader_key = any (?::text[]) or (leader_key is null and item_key = any (?::text[])))
          and state = 'failed'
          and failure_code = 'ANSWER_UNJUDGED'
        """,
        leaders,
        leaders);
  }

  /**
   * What a leader was answered.
   *
   * @param outputTokens as billed: what a copy of this text is spared
   */
  private record Answer(String itemKey, String customId, String json, long outputTokens) {}

  private void answer(DSLContext tx, List<Answer> answered) {
    if (answered.isEmpty()) {
      return;
    }
    String[] keys = texts(answered, Answer::itemKey);
    String[] answers = texts(answered, Answer::json);
    Long[] outputTokens = longs(answered, Answer::outputTokens);
    // The leader's entry carries its embedding; followers get entries without one.
    tx.execute(
        """
        insert into cache_entries (
            item_key, namespace_id, source_key, similarity, measure, policy, answer, model, output_tokens, embedding, guard_marks,
            created_at)
        select
            m.item_key, m.namespace_id, s.item_key, case when m.item_key = s.item_key then 1 else m.similarity end, m.measure, case when m.item_key <> s.item_key then m.policy end,
            s.answer::jsonb, a.model, s.output_tokens, case when m.item_key = s.item_key then m.embedding end,
            case when m.item_key = s.item_key then m.guard_marks end, ?
        from unnest(?::text[], ?::text[], ?::text[], ?::integer[]) as s (item_key, custom_id, answer, output_tokens)
        join attempts a on a.custom_id = s.custom_id
        join misses m on m.item_key = s.item_key or (m.leader_key = s.item_key and m.state = 'follower')
        order by m.item_key
        on conflict (item_key) do update
        set source_key = excluded.source_key,
            similarity = excluded.similarity,
            measure = excluded.measure,
            policy = excluded.policy,
            score = null,
            answer = excluded.answer,
            model = excluded.model,
            answer_class = null,
            agreed = 0,
            contradicted = 0,
            output_tokens = excluded.output_tokens,
            embedding = excluded.embedding,
            guard_marks = excluded.guard_marks,
            created_at = excluded.created_at,
            kept = null,
            origin_key = null
        where cache_entries.source_key <> cache_entries.item_key
           or cache_entries.created_at < excluded.created_at
        """,
        Sql.now(clock),
        keys,
        texts(answered, Answer::customId),
        answers,
        outputTokens);
    tx.execute(
        """
        with answered as (
            update items i
            set state = 'answered',
                answered_by = case
                    when i.item_key = i.leader_key and i.is_representative and i.run_id = m.run_id then 'model'
                    else 'leader'
                end,
                settled_at = ?
            from unnest(?::text[], ?::text[], ?::integer[]) as s (item_key, answer, output_tokens)
            join misses m on m.item_key = s.item_key
            where i.leader_key = s.item_key
              and i.state = 'waiting'
            returning i.run_id, i.document_id, i.item_key, s.item_key, s.answer::jsonb, s.output_tokens, i.settled_at
        )
        insert into results (run_id, document_id, item_key, source_key, answer, output_tokens, created_at)
        select * from answered
        on conflict (run_id, document_id) do nothing
        """,
        Sql.now(clock),
        keys,
        answers,
        outputTokens);
    tx.execute(
        """
        update misses
        set state = 'answered',
            prompt = null,
            document = null
        where item_key = any (?::text[])
           or (leader_key = any (?::text[]) and state = 'follower')
        """,
        keys,
        keys);
  }

  private void fail(DSLContext tx, List<Outcome> failed, Map<String, String> itemKeys) {
    if (failed.isEmpty()) {
      return;
    }
    Budget.fail(
        tx,
        clock,
        texts(failed, outcome -> itemKeys.get(outcome.customId())),
        texts(failed, outcome -> outcome.code().map(Enum::name).orElse(ErrorCode.INTERNAL.name())),
        texts(failed, Outcome::reason));
    List<Outcome> lasting = failed.stream().filter(Outcome::lasting).toList();
    // The leader's alone: those that only waited for it have never been asked themselves.
    Budget.failLasting(
        tx,
        texts(lasting, outcome -> itemKeys.get(outcome.customId())),
        texts(lasting, outcome -> outcome.code().map(Enum::name).orElse(ErrorCode.INTERNAL.name())),
        texts(lasting, Outcome::reason));
  }
}
