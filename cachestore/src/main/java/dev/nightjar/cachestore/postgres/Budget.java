package dev.nightjar.cachestore.postgres;

import static dev.nightjar.cachestore.postgres.Sql.fetch;
import static dev.nightjar.cachestore.postgres.Sql.ints;
import static dev.nightjar.cachestore.postgres.Sql.texts;

import dev.nightjar.cachestore.AttemptPlan;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import java.math.BigDecimal;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jooq.DSLContext;
import org.jooq.Record;

/**
 * Plans attempts against a run's budget. Both the first plan and every escalation go through here,
 * so that no attempt exists that was not reserved. Stateless.
 *
 * <p>The reservation is a worst case. Providers count tokens with vocabularies of their own, but
 * all of them work on bytes, so a request has at most as many tokens as it has bytes in UTF-8; a
 * frame of 256 is added for what they put around it. All input is taken at the dearest input class,
 * the output at its limit, the price at the dearest in force between now and the run's deadline,
 * and the list price for requests that are asked online. What is not used is released when the
 * attempt ends.
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

  /**
   * Inserts the attempts that fit and fails the leaders of those that do not. The caller holds the
   * run's row. Attempts that exist already are passed over.
   */
  void plan(DSLContext tx, String runId, List<AttemptPlan> plans) {
    if (plans.isEmpty()) {
      return;
    }
    // Held in key order: two runs that took the same leader over would both insert its attempt.
    fetch(
        tx,
        "select item_key from misses where item_key = any (?::text[]) order by item_key for update",
        (Object) texts(plans, AttemptPlan::itemKey));
    Record run = fetch(tx, "select * from runs where run_id = ?", runId).get(0);
    BigDecimal budget = run.get("budget_usd", BigDecimal.class);
    BigDecimal committed =
        run.get("reserved_usd", BigDecimal.class)
            .add(run.get("charged_usd", BigDecimal.class))
            .add(run.get("unknown_usd", BigDecimal.class));
    Set<String> existing =
        new HashSet<>(
            Sql.column(
                fetch(
                    tx,
                    "select custom_id from attempts where custom_id = any (?::text[])",
                    (Object) texts(plans, AttemptPlan::customId)),
                "custom_id",
                String.class));
    List<AttemptPlan> fresh =
        plans.stream().filter(plan -> !existing.contains(plan.customId())).toList();
    Map<String, BigDecimal> worstCase = worstCase(tx, runId, fresh);
    List<AttemptPlan> fitting = new ArrayList<>();
    Map<String, String> refused = new LinkedHashMap<>();
    BigDecimal added = BigDecimal.ZERO;
    for (AttemptPlan plan : fresh) {
      BigDecimal usd = worstCase.get(plan.customId());
      if (usd == null) {
        throw new NightjarException(
            ErrorCode.PRICE_MISSING,
            plan.provider() + "/" + plan.model(),
            "no price is in force, so its cost cannot be bounded",
            "add a row to the table prices");
      }
      if (budget == null || committed.add(added).add(usd).compareTo(budget) <= 0) {
        fitting.add(plan);
        added = added.add(usd);
      } else {
        refused.put(
            plan.itemKey(),
            "worst case "
                + usd.stripTrailingZeros().toPlainString()
                + " USD beside "
                + committed.add(added).stripTrailingZeros().toPlainString()
                + " USD spent or reserved of "
                + budget.stripTrailingZeros().toPlainString());
      }
    }
    insert(tx, runId, fitting, worstCase);
    tx.execute("update runs set reserved_usd = reserved_usd + ? where run_id = ?", added, runId);
    fail(tx, clock, refused, ErrorCode.BUDGET_EXHAUSTED);
  }

  private Map<String, BigDecimal> worstCase(DSLContext tx, String runId, List<AttemptPlan> plans) {
    Map<String, BigDecimal> usdByCustomId = new HashMap<>();
    for (Record row :
        fetch(
            tx,
            """
            select
                a.custom_id,
                max(case a.mode
                    when 'batch' then
                        (a.request_bytes + 256) * greatest(p.batch_input_usd, p.batch_cache_write_usd, p.batch_cache_write_long_usd)
                            + a.output_tokens_max * p.batch_output_usd
                    else
                        (a.request_bytes + 256) * greatest(p.input_usd, p.cache_write_usd, p.cache_write_long_usd)
                            + a.output_tokens_max * p.output_usd
                    end * 0.000001) as usd
            from unnest(?::text[], ?::text[], ?::text[], ?::text[], ?::integer[], ?::integer[])
                as a (custom_id, provider, model, mode, request_bytes, output_tokens_max)
            join runs r on r.run_id = ?
            cross join lateral (values (?), (r.deadline_at)) as t (billed_at)
            cross join lateral price_in_force(a.provider, a.model, t.billed_at, a.request_bytes + 256) p
            group by a.custom_id
            """,
            texts(plans, AttemptPlan::customId),
            texts(plans, AttemptPlan::provider),
            texts(plans, AttemptPlan::model),
            texts(plans, plan -> plan.mode().label()),
            ints(plans, AttemptPlan::requestBytes),
            ints(plans, AttemptPlan::outputTokensMax),
            runId,
            Sql.now(clock))) {
      usdByCustomId.put(row.get("custom_id", String.class), row.get("usd", BigDecimal.class));
    }
    return usdByCustomId;
  }

  private void insert(
      DSLContext tx, String runId, List<AttemptPlan> plans, Map<String, BigDecimal> worstCase) {
    tx.execute(
        """
        insert into attempts (
            custom_id, item_key, attempt_number, namespace_id, run_id, tier, provider, model, mode, state,
            request_bytes, prompt_tokens, output_tokens_max, reserved_usd, planned_at)
        select
            a.custom_id, a.item_key, a.attempt_number, m.namespace_id, ?, a.tier, a.provider, a.model, a.mode, 'planned',
            a.request_bytes, a.prompt_tokens, a.output_tokens_max, a.reserved_usd, ?
        from unnest(?::text[], ?::text[], ?::smallint[], ?::text[], ?::text[], ?::text[], ?::text[], ?::integer[], ?::integer[], ?::integer[], ?::numeric[])
            as a (custom_id, item_key, attempt_number, tier, provider, model, mode, request_bytes, prompt_tokens, output_tokens_max, reserved_usd)
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
        plans.stream().map(plan -> worstCase.get(plan.customId())).toArray(BigDecimal[]::new));
    tx.execute(
        """
        update misses m
        set state = 'asked',
            run_id = ?,
            prompt = coalesce(nullif(a.prompt, ''), m.prompt),
            prompt_tokens = a.prompt_tokens,
            attempts_used = a.attempt_number
        from unnest(?::text[], ?::smallint[], ?::text[], ?::integer[]) as a (item_key, attempt_number, prompt, prompt_tokens)
        where m.item_key = a.item_key
        """,
        runId,
        texts(plans, AttemptPlan::itemKey),
        ints(plans, AttemptPlan::attemptNumber),
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
            prompt = null
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
}
