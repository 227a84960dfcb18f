package dev.nightjar.cachestore.postgres;

import static dev.nightjar.cachestore.postgres.Sql.fetch;
import static dev.nightjar.cachestore.postgres.Sql.ints;
import static dev.nightjar.cachestore.postgres.Sql.texts;

import dev.nightjar.cachestore.AttemptMode;
import dev.nightjar.cachestore.AttemptPlan;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import java.math.BigDecimal;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jooq.DSLContext;
import org.jooq.Record;
import org.jspecify.annotations.Nullable;

/**
 * Plans attempts and works out what they can cost at most. Both the first plan and every escalation
 * go through here, and wait for money there: see {@link PostgresFundingStore}. Stateless.
 *
 * <p>The worst case: providers count tokens with vocabularies of their own, but all of them work on
 * bytes, so a request has at most as many tokens as it has bytes in UTF-8; a frame of 256 is added
 * for what they put around it. All input is taken at the dearest input class, the output at its
 * limit and the dearer of answer and reasoning, the price at the dearest in force between now and
 * the last moment at which a provider may bill it, and the list price for requests that are asked
 * online. What is not used is released when the attempt ends.
 */
final class Budget {
  private final Clock clock;

  Budget(Clock clock) {
    this.clock = clock;
  }

  /** Takes the run's row lock, which orders all planning and settling of a run. */
  static Record lockRun(DSLContext tx, String runId) {
    return fetch(tx, "select * from runs where run_id = ? for update", runId).get(0);
  }

  /** Inserts the attempts, unfunded. Those that exist already are passed over. */
  void plan(DSLContext tx, String runId, List<AttemptPlan> plans) {
    if (plans.isEmpty()) {
      return;
    }
    // Held in key order: two runs that took the same leader over would both insert its attempt.
    fetch(
        tx,
        "select item_key from misses where item_key = any (?::text[]) order by item_key for update",
        (Object) texts(plans, AttemptPlan::itemKey));
    String[] customIds = texts(plans, AttemptPlan::customId);
    tx.execute(
        """
        update attempts a
        set run_id = ?
        from unnest(?::text[]) as p (custom_id)
        where a.custom_id = p.custom_id
          and a.state = 'unfunded'
          and a.run_id <> ?
        """,
        runId,
        customIds,
        runId);
    Set<String> existing =
        new HashSet<>(
            Sql.column(
                fetch(
                    tx,
                    """
                    select a.custom_id
                    from unnest(?::text[]) as p (custom_id)
                    join attempts a using (custom_id)
                    """,
                    (Object) customIds),
                "custom_id",
                String.class));
    insert(tx, runId, plans.stream().filter(plan -> !existing.contains(plan.customId())).toList());
  }

  /** What a tier would ask, with what decides its price. */
  private record Priced(
      String provider, String model, AttemptMode mode, int bytes, int promptTokens, int output) {}

  /**
   * What a request can cost at most.
   *
   * @param fits whether the price list says that the model takes a request so long
   */
  private record WorstCase(BigDecimal usd, boolean fits) {}

  /**
   * Of requests {@code a} of a run. What is planned may be sent until the deadline, and a provider
   * may work, and bill, for its longest window after that: Gemini's 48 hours. It may serve them in
   * the way for which it charges most, unasked: Anthropic's workspaces can have a region.
   */
  private static final String WORST_CASES =
      """
      select
          a.number,
          max(case a.mode
              when 'batch' then
                  (a.request_bytes + 256) * greatest(p.batch_input_usd, p.batch_cache_write_usd, p.batch_cache_write_long_usd)
                      + a.output_tokens_max * greatest(p.batch_output_usd, p.batch_reasoning_usd)
              else
                  (a.request_bytes + 256) * greatest(p.input_usd, p.cache_write_usd, p.cache_write_long_usd)
                      + a.output_tokens_max * greatest(p.output_usd, p.reasoning_usd)
              end * x.factor * 0.000001) as usd,
          coalesce(bool_and(a.prompt_tokens + a.output_tokens_max <= p.context_tokens_max), false) as fits
      from REQUESTS
      join runs r on r.run_id = ?
      cross join lateral (
          select greatest(?::timestamptz, r.deadline_at) + interval '48 hours' as billed_by
      ) e
      cross join lateral (
          select greatest(1, max(f.factor)) as factor
          from price_factors f
          where f.provider = a.provider
            and f.effective_from <= e.billed_by
      ) x
      cross join lateral (
          select ?::timestamptz as billed_at
          union all
          select e.billed_by
          union all
          -- Prices that begin in between: the newest is not always the dearest.
          select q.effective_from
          from prices q
          where q.provider = a.provider
            and q.model = a.model
            and q.effective_from between ? and e.billed_by
      ) t
      cross join lateral price_in_force(a.provider, a.model, t.billed_at, a.request_bytes + 256) p
      group by a.number
      """;

  /**
   * Raises what is held for a run's requests to what they can cost at most now: its deadline was
   * moved, or prices were set since. The caller holds the run's row.
   */
  void renew(DSLContext tx, String runId) {
    tx.execute(
        """
        with worst as (
            WORST
        ),
        renewed as (
            update attempts a
            set reserved_usd = w.usd
            from worst w, attempts before
            where a.custom_id = w.number
              and a.run_id = ?   -- another run may have taken it over since it was read
              and before.custom_id = a.custom_id
              and a.reserved_usd < w.usd
            returning a.state, a.reserved_usd - before.reserved_usd as more_usd
        )
        update runs
        set reserved_usd = reserved_usd + (
            select coalesce(sum(more_usd), 0) from renewed where state <> 'unfunded')
        where run_id = ?
        """
            .replace(
                "WORST",
                WORST_CASES.replace(
                    "REQUESTS",
                    """
                    (
                        select custom_id as number, provider, model, mode, request_bytes, prompt_tokens, output_tokens_max
                        from attempts
                        where run_id = ?
                          and state in ('unfunded', 'planned', 'submitted')
                    ) a""")),
        runId,
        runId,
        Sql.now(clock),
        Sql.now(clock),
        Sql.now(clock),
        runId,
        runId);
    // What a cheaper tier would cost was worked out then, too: without it a request waits.
    tx.execute(
        """
        update attempts a
        set cheaper = null
        where a.run_id = ?
          and a.state = 'unfunded'
          and exists (
              select
              from jsonb_array_elements(a.cheaper) c
              join prices q on q.provider = c ->> 'provider' and q.model = c ->> 'model'
              where q.effective_from > a.planned_at)
        """,
        runId);
  }

  private List<WorstCase> worstCases(DSLContext tx, String runId, List<Priced> requests) {
    List<@Nullable WorstCase> found = new ArrayList<>(Collections.nCopies(requests.size(), null));
    for (Record row :
        fetch(
            tx,
            WORST_CASES.replace(
                "REQUESTS",
                """
                unnest(?::text[], ?::text[], ?::text[], ?::integer[], ?::integer[], ?::integer[]) with ordinality
                    as a (provider, model, mode, request_bytes, prompt_tokens, output_tokens_max, number)"""),
            texts(requests, Priced::provider),
            texts(requests, Priced::model),
            texts(requests, request -> request.mode().label()),
            ints(requests, Priced::bytes),
            ints(requests, Priced::promptTokens),
            ints(requests, Priced::output),
            runId,
            Sql.now(clock),
            Sql.now(clock),
            Sql.now(clock))) {
      found.set(
          row.get("number", Integer.class) - 1,
          new WorstCase(row.get("usd", BigDecimal.class), row.get("fits", Boolean.class)));
    }
    List<WorstCase> worstCases = new ArrayList<>();
    for (int i = 0; i < requests.size(); i++) {
      WorstCase worstCase = found.get(i);
      if (worstCase == null) {
        throw new NightjarException(
            ErrorCode.PRICE_MISSING,
            requests.get(i).provider() + "/" + requests.get(i).model(),
            "no price is in force, so its cost cannot be bounded",
            "add one with 'nightjar prices set'");
      }
      worstCases.add(worstCase);
    }
    return worstCases;
  }

  private void insert(DSLContext tx, String runId, List<AttemptPlan> plans) {
    List<Priced> requests = new ArrayList<>();
    for (AttemptPlan plan : plans) {
      requests.add(
          new Priced(
              plan.provider(),
              plan.model(),
              plan.mode(),
              plan.requestBytes(),
              plan.promptTokens(),
              plan.outputTokensMax()));
      for (AttemptPlan.Alternative other : plan.cheaper()) {
        requests.add(
            new Priced(
                other.provider(),
                other.model(),
                other.mode(),
                other.requestBytes(),
                plan.promptTokens(),
                other.outputTokensMax()));
      }
    }
    Iterator<WorstCase> worstCases = worstCases(tx, runId, requests).iterator();
    List<BigDecimal> reserved = new ArrayList<>();
    List<@Nullable String> cheaper = new ArrayList<>();
    for (AttemptPlan plan : plans) {
      reserved.add(worstCases.next().usd());
      List<Funded> alternatives = new ArrayList<>();
      for (AttemptPlan.Alternative other : plan.cheaper()) {
        WorstCase worstCase = worstCases.next();
        if (worstCase.fits()) {
          alternatives.add(Funded.of(other, worstCase.usd()));
        }
      }
      cheaper.add(alternatives.isEmpty() ? null : Funded.toJson(alternatives));
    }
    tx.execute(
        """
        insert into attempts (
            custom_id, item_key, attempt_number, namespace_id, run_id, tier, provider, model, mode, state,
            request_bytes, prompt_tokens, output_tokens_max, reserved_usd, priority, cheaper, planned_at)
        select
            a.custom_id, a.item_key, a.attempt_number, m.namespace_id, ?, a.tier, a.provider, a.model, a.mode, 'unfunded',
            a.request_bytes, a.prompt_tokens, a.output_tokens_max, a.reserved_usd, a.priority, a.cheaper::jsonb, ?
        from unnest(?::text[], ?::text[], ?::smallint[], ?::text[], ?::text[], ?::text[], ?::text[], ?::integer[], ?::integer[], ?::integer[], ?::numeric[], ?::numeric[], ?::text[])
            as a (custom_id, item_key, attempt_number, tier, provider, model, mode, request_bytes, prompt_tokens, output_tokens_max, reserved_usd, priority, cheaper)
        join misses m on m.item_key = a.item_key
        """,
        runId,
        Sql.now(clock),
        texts(plans, AttemptPlan::customId),
        texts(plans, AttemptPlan::itemKey),
        ints(plans, AttemptPlan::attemptNumber),
        texts(plans, AttemptPlan::tier),
        texts(plans, AttemptPlan::provider),
        texts(plans, AttemptPlan::model),
        texts(plans, plan -> plan.mode().label()),
        ints(plans, AttemptPlan::requestBytes),
        ints(plans, AttemptPlan::promptTokens),
        ints(plans, AttemptPlan::outputTokensMax),
        reserved.toArray(BigDecimal[]::new),
        plans.stream().map(plan -> BigDecimal.valueOf(plan.priority())).toArray(BigDecimal[]::new),
        cheaper.toArray(String[]::new));
    tx.execute(
        """
        update misses m
        set run_id = ?,
            prompt = coalesce(nullif(a.prompt, ''), m.prompt),
            prompt_tokens = a.prompt_tokens
        from unnest(?::text[], ?::text[], ?::integer[]) as a (item_key, prompt, prompt_tokens)
        where m.item_key = a.item_key
        """,
        runId,
        texts(plans, AttemptPlan::itemKey),
        texts(plans, AttemptPlan::prompt),
        ints(plans, AttemptPlan::promptTokens));
  }

  /** Fails leaders and every document that waits for them, in any run. */
  static void fail(
      DSLContext tx, Clock clock, Map<String, String> reasonsByItemKey, ErrorCode code) {
    if (reasonsByItemKey.isEmpty()) {
      return;
    }
    List<Map.Entry<String, String>> failures = List.copyOf(reasonsByItemKey.entrySet());
    fail(
        tx,
        clock,
        texts(failures, Map.Entry::getKey),
        texts(failures, failure -> code.name()),
        texts(failures, Map.Entry::getValue));
  }

  /**
   * In key order, as everybody takes them: documents that begin to wait are seen, or wait for the
   * commit.
   */
  static void holdMisses(DSLContext tx, String[] itemKeys) {
    fetch(
        tx,
        """
        select item_key
        from misses
        where item_key = any (?::text[])
           or (leader_key = any (?::text[]) and state = 'follower')
        order by item_key
        for update
        """,
        itemKeys,
        itemKeys);
  }

  /** Fails leaders and their followers; the documents that wait for them are the caller's. */
  static void failMisses(DSLContext tx, String[] itemKeys) {
    holdMisses(tx, itemKeys);
    tx.execute(
        """
        update misses
        set state = 'failed',
            prompt = null,
            document = null
        where item_key = any (?::text[])
           or (leader_key = any (?::text[]) and state = 'follower')
        """,
        itemKeys,
        itemKeys);
  }

  static void fail(
      DSLContext tx, Clock clock, String[] itemKeys, String[] codes, String[] reasons) {
    failMisses(tx, itemKeys);
    tx.execute(
        """
        update items i
        set state = 'failed',
            failure_code = f.code,
            failure_reason = f.reason,
            settled_at = ?
        from unnest(?::text[], ?::text[], ?::text[]) as f (item_key, code, reason)
        where i.leader_key = f.item_key
          and i.state = 'waiting'
        """,
        Sql.now(clock),
        itemKeys,
        codes,
        reasons);
  }

  /**
   * Has leaders fail as they did whenever they are read again: theirs alone, not their followers'.
   */
  static void failLasting(DSLContext tx, String[] itemKeys, String[] codes, String[] reasons) {
    tx.execute(
        """
        update misses m
        set lasting_failure_code = f.code,
            lasting_failure_reason = f.reason
        from unnest(?::text[], ?::text[], ?::text[]) as f (item_key, code, reason)
        where m.item_key = f.item_key
        """,
        itemKeys,
        codes,
        reasons);
  }
}
