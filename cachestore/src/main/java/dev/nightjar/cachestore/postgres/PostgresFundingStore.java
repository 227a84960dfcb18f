package dev.nightjar.cachestore.postgres;

import static dev.nightjar.cachestore.postgres.Sql.fetch;
import static dev.nightjar.cachestore.postgres.Sql.ints;
import static dev.nightjar.cachestore.postgres.Sql.texts;

import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.FundingStore;
import java.math.BigDecimal;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jooq.Cursor;
import org.jooq.DSLContext;
import org.jooq.Record;
import org.jspecify.annotations.Nullable;

/**
 * Reserves under two locks ({@link Transactions}): the run's row, which orders all planning and
 * settling of a run, then one for the budgets of the tenant. Only this takes the second, and only
 * this raises what runs have reserved: what is read under it as spent or held cannot grow before
 * the commit.
 */
final class PostgresFundingStore implements FundingStore {
  private static final int FUNDED_BATCH_MAX = 2_000;

  private final DSLContext context;
  private final Clock clock;
  private final Budget budget;

  PostgresFundingStore(DSLContext context, Clock clock, Budget budget) {
    this.context = context;
    this.clock = clock;
    this.budget = budget;
  }

  @Override
  public void renew(String runId) {
    Transactions.run(
        context,
        configuration -> {
          DSLContext tx = configuration.dsl();
          lockMoney(tx, Budget.lockRun(tx, runId));
          budget.renew(tx, runId);
        });
  }

  /** What is left of the tightest budget; none is tightest where none is set. */
  private record Room(Optional<BigDecimal> usd, BigDecimal heldUsd, String budget) {}

  /** An attempt as it is funded. */
  private record Choice(String customId, Funded as, @Nullable String downgradedFrom) {}

  @Override
  public Round fund(String runId) {
    return Transactions.result(
        context,
        configuration -> {
          DSLContext tx = configuration.dsl();
          Record run = Budget.lockRun(tx, runId);
          lockMoney(tx, run);
          // All at once: two runs that each held the other's first would wait for each other.
          hold(tx, "a.namespace_id = ?", run.get("namespace_id", Long.class));
          adopt(tx, run);
          Room room = room(tx, run);
          if (room.usd().isEmpty()) {
            return new Round(fundAll(tx, runId), 0, 0, BigDecimal.ZERO);
          }
          return fundByValue(tx, runId, room.usd().get(), room.heldUsd());
        });
  }

  /**
   * Takes over what documents of this run wait for and a run that is gone left without money: who
   * still wants the answer pays for it.
   */
  private void adopt(DSLContext tx, Record run) {
    tx.execute(
        """
        with adopted as (
            update attempts a
            set run_id = ?
            where a.namespace_id = ?
              and a.state = 'unfunded'
              and a.run_id <> ?
              and not exists (
                  select
                  from runs r
                  where r.run_id = a.run_id
                    and r.state = 'open'
                    and r.alive_until > ?)
              and exists (
                  select
                  from items i
                  where i.run_id = ?
                    and i.leader_key = a.item_key
                    and i.state = 'waiting')
            returning a.item_key
        )
        update misses m
        set run_id = ?
        from adopted d
        where m.item_key = d.item_key
        """,
        run.get("run_id", String.class),
        run.get("namespace_id", Long.class),
        run.get("run_id", String.class),
        Sql.now(clock),
        run.get("run_id", String.class),
        run.get("run_id", String.class));
  }

  /** Leaders before their attempts and in key order, as everybody takes them. */
  private static void hold(DSLContext tx, String whose, Object... values) {
    fetch(
        tx,
        """
        select count(*)
        from (
            select m.item_key
            from misses m
            where m.item_key in (select a.item_key from attempts a where WHOSE and a.state = 'unfunded')
            order by m.item_key
            for update
        ) held
        """
            .replace("WHOSE", whose),
        values);
  }

  /** One funding at a time in a tenant that has a budget; the row of the run is held. */
  private static void lockMoney(DSLContext tx, Record run) {
    tx.execute(
        """
        select pg_advisory_xact_lock(hashtext('nightjar budget'), hashtext(b.tenant))
        from (
            select distinct n.tenant
            from namespaces n
            join budgets using (tenant)
            where n.namespace_id = ?
        ) b
        """,
        run.get("namespace_id", Long.class));
  }

  private Room room(DSLContext tx, Record run) {
    String runId = run.get("run_id", String.class);
    BigDecimal reserved = run.get("reserved_usd", BigDecimal.class);
    BigDecimal limit = run.get("budget_usd", BigDecimal.class);
    Optional<BigDecimal> least =
        Optional.ofNullable(limit)
            .map(
                usd ->
                    usd.subtract(reserved)
                        .subtract(run.get("charged_usd", BigDecimal.class))
                        .subtract(run.get("unknown_usd", BigDecimal.class)));
    BigDecimal held = least.isPresent() ? reserved : BigDecimal.ZERO;
    String budget = "the run's budget of " + plain(limit) + " USD";
    // A statement of its own, so that it sees what was committed before the lock was had.
    for (Record row :
        fetch(
            tx,
            """
            select
                b.task, b.period, b.limit_usd,
                -- Of what nobody looks after nothing comes free.
                coalesce(sum(o.reserved_usd) filter (
                    where o.namespace_id = r.namespace_id or (o.state = 'open' and o.alive_until > ?)), 0) as reserved_usd,
                b.limit_usd - sum(o.reserved_usd + o.charged_usd + o.unknown_usd) as left_usd
            from runs r
            join namespaces n on n.namespace_id = r.namespace_id
            join budgets b on b.tenant = n.tenant and b.task in ('*', r.task_name)
            join namespaces m on m.tenant = n.tenant
            join runs o
                on o.namespace_id = m.namespace_id
                and b.task in ('*', o.task_name)
                and budget_period_start(b.period, o.started_at) = budget_period_start(b.period, r.started_at)
            where r.run_id = ?
            group by b.budget_id, b.task, b.period, b.limit_usd
            order by left_usd, b.budget_id
            """,
            Sql.now(clock),
            runId)) {
      BigDecimal left = row.get("left_usd", BigDecimal.class);
      if (least.isEmpty() || left.compareTo(least.get()) < 0) {
        least = Optional.of(left);
        held = row.get("reserved_usd", BigDecimal.class);
        budget =
            "the tenant's budget of "
                + plain(row.get("limit_usd", BigDecimal.class))
                + " USD ("
                + row.get("period", String.class)
                + ", task "
                + row.get("task", String.class)
                + ")";
      }
    }
    return new Room(least, held, budget);
  }

  private static String plain(@Nullable BigDecimal usd) {
    return usd == null ? "?" : usd.stripTrailingZeros().toPlainString();
  }

  private static final String FUNDED =
      """
      asked as (
          update misses m
          set state = 'asked',
              attempts_used = f.attempt_number
          from funded f
          where m.item_key = f.item_key
      ),
      reserved as (
          update runs
          set reserved_usd = reserved_usd + coalesce((select sum(reserved_usd) from funded), 0)
          where run_id = ?
      )
      select count(*) as funded
      from funded
      """;

  private long fundAll(DSLContext tx, String runId) {
    return fetch(
            tx,
            """
            with funded as (
                update attempts
                set state = 'planned',
                    cheaper = null,
                    planned_at = ?
                where run_id = ?
                  and state = 'unfunded'
                returning item_key, attempt_number, reserved_usd
            ),
            """
                + FUNDED,
            Sql.now(clock),
            runId,
            runId)
        .get(0)
        .get("funded", Long.class);
  }

  private Round fundByValue(DSLContext tx, String runId, BigDecimal roomUsd, BigDecimal heldUsd) {
    BigDecimal left = roomUsd;
    long funded = 0;
    long downgraded = 0;
    long without = 0;
    List<Choice> choices = new ArrayList<>();
    try (Cursor<Record> waiting =
        tx.resultQuery(
                """
                select
                    a.custom_id, a.tier, a.provider, a.model, a.mode, a.output_tokens_max, a.request_bytes, a.reserved_usd,
                    a.cheaper::text as cheaper
                from attempts a
                where a.run_id = ?
                  and a.state = 'unfunded'
                order by
                    a.priority desc,
                    (
                        select count(*)
                        from items i
                        where i.leader_key = a.item_key
                          and i.state = 'waiting'
                    ) / a.reserved_usd desc,
                    a.item_key
                """,
                runId)
            .fetchSize(FUNDED_BATCH_MAX)
            .fetchLazy()) {
      while (waiting.hasNext()) {
        Record row = waiting.fetchNext();
        Optional<Choice> choice = choose(row, left);
        if (choice.isEmpty()) {
          without++;
          continue;
        }
        left = left.subtract(choice.get().as().worstCaseUsd());
        downgraded += choice.get().downgradedFrom() == null ? 0 : 1;
        choices.add(choice.get());
        if (choices.size() == FUNDED_BATCH_MAX) {
          funded += fund(tx, runId, choices);
          choices.clear();
        }
      }
    }
    if (!choices.isEmpty()) {
      funded += fund(tx, runId, choices);
    }
    return new Round(funded, downgraded, without, heldUsd);
  }

  private static Optional<Choice> choose(Record row, BigDecimal left) {
    String customId = row.get("custom_id", String.class);
    BigDecimal planned = row.get("reserved_usd", BigDecimal.class);
    String tier = row.get("tier", String.class);
    if (planned.compareTo(left) <= 0) {
      Funded as =
          new Funded(
              tier,
              row.get("provider", String.class),
              row.get("model", String.class),
              row.get("mode", String.class),
              row.get("output_tokens_max", Integer.class),
              row.get("request_bytes", Integer.class),
              planned.toPlainString());
      return Optional.of(new Choice(customId, as, null));
    }
    return Funded.fromJson(row.get("cheaper", String.class)).stream()
        .filter(other -> other.worstCaseUsd().compareTo(left) <= 0)
        .findFirst()
        .map(other -> new Choice(customId, other, tier));
  }

  private long fund(DSLContext tx, String runId, List<Choice> choices) {
    return fetch(
            tx,
            """
            with funded as (
                update attempts a
                set state = 'planned',
                    tier = f.tier,
                    provider = f.provider,
                    model = f.model,
                    mode = f.mode,
                    output_tokens_max = f.output_tokens_max,
                    request_bytes = f.request_bytes,
                    reserved_usd = f.usd,
                    downgraded_from = f.downgraded_from,
                    cheaper = null,
                    planned_at = ?
                from unnest(?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::integer[], ?::integer[], ?::numeric[], ?::text[])
                    as f (custom_id, tier, provider, model, mode, output_tokens_max, request_bytes, usd, downgraded_from)
                where a.custom_id = f.custom_id
                  and a.run_id = ?
                  and a.state = 'unfunded'
                returning a.item_key, a.attempt_number, a.reserved_usd
            ),
            """
                + FUNDED,
            Sql.now(clock),
            texts(choices, Choice::customId),
            texts(choices, choice -> choice.as().tier()),
            texts(choices, choice -> choice.as().provider()),
            texts(choices, choice -> choice.as().model()),
            texts(choices, choice -> choice.as().mode()),
            ints(choices, choice -> choice.as().outputTokensMax()),
            ints(choices, choice -> choice.as().requestBytes()),
            choices.stream().map(choice -> choice.as().worstCaseUsd()).toArray(BigDecimal[]::new),
            texts(choices, Choice::downgradedFrom),
            runId,
            runId)
        .get(0)
        .get("funded", Long.class);
  }

  @Override
  public long defer(String runId) {
    return Transactions.result(
        context,
        configuration -> {
          DSLContext tx = configuration.dsl();
          Record run = Budget.lockRun(tx, runId);
          lockMoney(tx, run);
          Room room = room(tx, run);
          hold(tx, "a.run_id = ?", runId);
          Map<String, String> reasons = new LinkedHashMap<>();
          for (Record row :
              fetch(
                  tx,
                  """
                  delete from attempts
                  where run_id = ?
                    and state = 'unfunded'
                  returning item_key, reserved_usd
                  """,
                  runId)) {
            reasons.put(
                row.get("item_key", String.class),
                "its worst case of "
                    + plain(row.get("reserved_usd", BigDecimal.class))
                    + " USD does not fit into the "
                    + plain(room.usd().orElse(BigDecimal.ZERO))
                    + " USD that are left of "
                    + room.budget()
                    + "; the next night asks it by value");
          }
          // Only this run's documents: what others wait for they may pay themselves.
          List<Map.Entry<String, String>> given = List.copyOf(reasons.entrySet());
          String[] itemKeys = texts(given, Map.Entry::getKey);
          Budget.failMisses(tx, itemKeys);
          tx.execute(
              """
              update items i
              set state = 'failed',
                  failure_code = ?,
                  failure_reason = f.reason,
                  settled_at = ?
              from unnest(?::text[], ?::text[]) as f (item_key, reason)
              where i.run_id = ?
                and i.leader_key = f.item_key
                and i.state = 'waiting'
              """,
              ErrorCode.BUDGET_EXHAUSTED.name(),
              Sql.now(clock),
              itemKeys,
              texts(given, Map.Entry::getValue),
              runId);
          return (long) reasons.size();
        });
  }
}
