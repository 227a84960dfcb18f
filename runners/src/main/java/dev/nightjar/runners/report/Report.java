package dev.nightjar.runners.report;

import com.samskivert.mustache.Mustache;
import com.samskivert.mustache.Template;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import javax.sql.DataSource;

/**
 * Fills the page's template from the views. Charts are bars whose places are percentages, so that
 * they take the page's colours, light or dark, and its width, on paper too; a library would draw
 * them in pixels and fixed colours. Not thread-safe.
 */
public final class Report {
  private static final int ITEMS_SHOWN = 10;

  /**
   * The step of the waterfall that is no saving: what documents without an answer would have cost.
   */
  private static final String FAILED_STEP = "items that failed";

  private static final int DAYS_SHOWN = 31;
  private static final BigDecimal HUNDRED = new BigDecimal(100);
  private static final DateTimeFormatter MINUTE =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm 'UTC'", Locale.ROOT).withZone(ZoneOffset.UTC);

  private final Query query;
  private final String runId;

  private Report(Connection connection, String runId) {
    this.query = new Query(connection);
    this.runId = runId;
  }

  /**
   * The page of a run.
   *
   * @param madeAt said on the page
   * @throws IllegalArgumentException if no item of the run is settled yet
   */
  public static String html(DataSource source, String runId, Instant madeAt)
      throws SQLException, IOException {
    try (Connection connection = source.getConnection();
        Reader template =
            new InputStreamReader(
                Objects.requireNonNull(Report.class.getResourceAsStream("report.html.mustache")),
                StandardCharsets.UTF_8)) {
      Template page = Mustache.compiler().nullValue("").defaultValue("").compile(template);
      return page.execute(new Report(connection, runId).model(madeAt));
    }
  }

  private Map<String, Object> model(Instant madeAt) throws SQLException {
    List<Map<String, Object>> runs =
        query.rows(
            """
            select *, to_char(night at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"') as night_at
            from cost_by_run
            where run_id = ?
            """,
            runId);
    if (runs.isEmpty()) {
      throw new IllegalArgumentException("no item of run " + runId + " is settled yet");
    }
    Map<String, Object> run = runs.get(0);
    BigDecimal baseline = amount(run, "baseline_usd");
    BigDecimal actual = amount(run, "actual_usd");
    Map<String, Object> model = new LinkedHashMap<>();
    model.put("run", runId);
    model.put("task", text(run, "task"));
    model.put("tenant", text(run, "tenant"));
    model.put("night", text(run, "night_at"));
    model.put("made_at", MINUTE.format(madeAt));
    model.put("items", count(run, "items"));
    model.put("baseline", usd(baseline));
    model.put("actual", usd(actual));
    putHeadline(model);
    Map<String, Object> progress =
        query.rows("select * from run_progress where run_id = ?", runId).get(0);
    model.put("is_over", "finished".equals(progress.get("state")));
    model.put("open", count(progress, "open"));
    model.put("balanced", amount(run, "unbalanced_items").signum() == 0);
    model.putAll(new Agreement(query, runId).model());
    model.put("answers", answers(run));
    model.put("waterfall", waterfall(baseline, actual));
    model.put("tiers", tiers());
    model.put("days", days(run));
    model.put("cache", cache(run));
    model.put("risk", risk());
    model.put("plan", plan());
    model.put("plan_tiers", planTiers());
    model.put("dearest", dearest());
    model.put("slowest", slowest());
    List<Map<String, Object>> failures =
        query.rows(
            "select * from failures where run_id = ? order by documents desc, code limit 20",
            runId);
    failures.forEach(failure -> failure.put("documents", count(failure, "documents")));
    model.put("failures", failures);
    model.put("has_failures", !failures.isEmpty());
    return model;
  }

  // ---- parts ----

  /** A failure is no saving: what is shown as saved is saved on documents with an answer. */
  private void putHeadline(Map<String, Object> model) throws SQLException {
    Endings endings = Endings.of(query, runId);
    boolean isSaving = endings.savedUsd().signum() >= 0 && endings.answered() > 0;
    model.put("headline", endings.headline());
    model.put("is_saving", isSaving);
    model.put("saved", usd(endings.savedUsd().abs()));
    model.put("saved_percent", percent(endings.savedUsd(), endings.worthUsd(), 1));
    model.put("has_lost", endings.lostUsd().signum() > 0);
    model.put("reasons", endings.reasons().stream().map(Object::toString).toList());
  }

  private List<Map<String, Object>> answers(Map<String, Object> run) {
    return List.of(
        part(run, "asked of a model", "asked"),
        part(run, "known, word for word", "exact_hits"),
        part(run, "known, by likeness", "semantic_hits"),
        part(run, "shared with a like text", "followers"),
        part(run, "failed", "failed"));
  }

  private static Map<String, Object> part(Map<String, Object> run, String name, String column) {
    BigDecimal items = amount(run, "items");
    Map<String, Object> part = new LinkedHashMap<>();
    part.put("name", name);
    part.put("count", count(run, column));
    part.put("percent", percent(amount(run, column), items, 1));
    return part;
  }

  /** Each step from where the one before ended; a step that cost money goes back. */
  private List<Map<String, Object>> waterfall(BigDecimal baseline, BigDecimal actual)
      throws SQLException {
    List<Map<String, Object>> steps =
        query.rows("select * from savings_waterfall where run_id = ? order by step", runId);
    BigDecimal audit = new Agreement(query, runId).auditUsd();
    BigDecimal most =
        steps.stream()
            .map(s -> amount(s, "remaining_usd"))
            .reduce(baseline, BigDecimal::max)
            .max(actual.add(audit));
    steps.removeIf(step -> amount(step, "saved_usd").signum() == 0);
    for (Map<String, Object> step : steps) {
      BigDecimal saved = amount(step, "saved_usd");
      BigDecimal after = amount(step, "remaining_usd");
      bar(
          step,
          after.min(after.add(saved)),
          saved.abs(),
          most,
          saved.signum() < 0
              ? "cost"
              : FAILED_STEP.equals(step.get("mechanism")) ? "whole" : "saved");
      step.put("usd", usd(saved.negate()));
    }
    steps.add(0, total("unoptimised", baseline, most, "whole"));
    steps.add(total("actual", actual, most, "actual"));
    if (audit.signum() > 0) {
      Map<String, Object> step = new LinkedHashMap<>();
      step.put("mechanism", "audit");
      step.put("usd", usd(audit));
      bar(step, actual, audit, most, "cost");
      steps.add(step);
      steps.add(total("with its audit", actual.add(audit), most, "actual"));
    }
    return steps;
  }

  private static Map<String, Object> total(
      String name, BigDecimal usd, BigDecimal most, String kind) {
    Map<String, Object> step = new LinkedHashMap<>();
    step.put("mechanism", name);
    step.put("usd", usd(usd));
    step.put("is_total", true);
    bar(step, BigDecimal.ZERO, usd, most, kind);
    return step;
  }

  private static void bar(
      Map<String, Object> row, BigDecimal from, BigDecimal length, BigDecimal whole, String kind) {
    row.put("from", percent(from, whole, 3));
    row.put("length", percent(length, whole, 3));
    row.put("kind", kind);
  }

  private List<Map<String, Object>> tiers() throws SQLException {
    List<Map<String, Object>> tiers =
        query.rows("select * from cost_by_tier where run_id = ? order by total_usd desc", runId);
    BigDecimal most =
        tiers.stream()
            .map(tier -> amount(tier, "total_usd"))
            .reduce(BigDecimal.ZERO, BigDecimal::max);
    for (Map<String, Object> tier : tiers) {
      bar(tier, BigDecimal.ZERO, amount(tier, "total_usd"), most, "actual");
      tier.put("usd", usd(amount(tier, "total_usd")));
      for (String column :
          List.of(
              "attempts",
              "rejected",
              "truncated",
              "refused",
              "input_tokens",
              "cached_input_tokens",
              "output_tokens",
              "reasoning_tokens")) {
        tier.put(column, count(tier, column));
      }
    }
    return tiers;
  }

  private List<Map<String, Object>> days(Map<String, Object> run) throws SQLException {
    List<Map<String, Object>> days =
        query.rows(
            """
            select *
            from (
                select *
                from cost_by_day
                where tenant = ?
                  and task = ?
                order by day desc
                limit ?
            ) d
            order by day
            """,
            text(run, "tenant"),
            text(run, "task"),
            DAYS_SHOWN);
    BigDecimal most =
        days.stream()
            .map(day -> amount(day, "baseline_usd"))
            .reduce(BigDecimal.ZERO, BigDecimal::max);
    for (Map<String, Object> day : days) {
      BigDecimal baseline = amount(day, "baseline_usd");
      BigDecimal actual = amount(day, "actual_usd");
      day.put("baseline_length", percent(baseline, most, 3));
      day.put("actual_length", percent(actual, most, 3));
      day.put("baseline", usd(baseline));
      day.put("actual", usd(actual));
      day.put("share", percent(actual, baseline, 2));
      day.put("items", count(day, "items"));
      day.put("asked", count(day, "asked"));
    }
    return days;
  }

  private List<Map<String, Object>> cache(Map<String, Object> run) throws SQLException {
    List<Map<String, Object>> nights =
        query.rows(
            """
            select *
            from (
                select *
                from cache_effectiveness
                where tenant = ?
                  and task = ?
                order by night desc
                limit ?
            ) n
            order by night
            """,
            text(run, "tenant"),
            text(run, "task"),
            DAYS_SHOWN);
    for (Map<String, Object> night : nights) {
      BigDecimal exact = amount(night, "exact_hit_rate");
      BigDecimal semantic = amount(night, "semantic_hit_rate");
      BigDecimal follower = amount(night, "follower_rate");
      night.put("exact", percent(exact, BigDecimal.ONE, 1));
      night.put("semantic", percent(semantic, BigDecimal.ONE, 1));
      night.put("semantic_from", percent(exact, BigDecimal.ONE, 3));
      night.put("follower", percent(follower, BigDecimal.ONE, 1));
      night.put("follower_from", percent(exact.add(semantic), BigDecimal.ONE, 3));
      night.put("items", count(night, "items"));
    }
    return nights;
  }

  private List<Map<String, Object>> risk() throws SQLException {
    List<Map<String, Object>> risks =
        query.rows("select * from semantic_cache_risk where run_id = ?", runId);
    for (Map<String, Object> risk : risks) {
      for (String column :
          List.of("max_error", "observed_error", "observed_error_low", "observed_error_high")) {
        if (risk.containsKey(column)) {
          risk.put(column, percent(amount(risk, column), BigDecimal.ONE, 2));
        }
      }
      risk.put("is_learnt", risk.containsKey("max_error"));
      risk.put(
          "is_exact_only",
          risk.containsKey("threshold") && amount(risk, "threshold").doubleValue() > 1);
      risk.put("is_observed", risk.containsKey("observed_error"));
      risk.put("net", usd(amount(risk, "saved_net_usd")));
      risk.put("shadow", usd(amount(risk, "shadow_usd")));
    }
    return risks;
  }

  private List<Map<String, Object>> plan() throws SQLException {
    List<Map<String, Object>> plans =
        query.rows("select * from plan_against_actual where run_id = ?", runId);
    for (Map<String, Object> plan : plans) {
      BigDecimal most = amount(plan, "high_usd").max(amount(plan, "actual_usd"));
      plan.put("low_from", percent(amount(plan, "low_usd"), most, 3));
      plan.put(
          "interval_length",
          percent(amount(plan, "high_usd").subtract(amount(plan, "low_usd")), most, 3));
      plan.put("expected_at", percent(amount(plan, "expected_usd"), most, 3));
      plan.put("actual_at", percent(amount(plan, "actual_usd"), most, 3));
      for (String column : List.of("low_usd", "expected_usd", "high_usd", "actual_usd")) {
        plan.put(column, usd(amount(plan, column)));
      }
      plan.put("is_known", plan.containsKey("is_within"));
      plan.put("learnt", amount(plan, "nights_learnt_from").signum() > 0);
    }
    return plans;
  }

  private List<Map<String, Object>> planTiers() throws SQLException {
    List<Map<String, Object>> tiers =
        query.rows("select * from plan_against_actual_tiers where run_id = ? order by step", runId);
    for (Map<String, Object> tier : tiers) {
      tier.put("planned_requests", rounded(tier, "planned_requests"));
      tier.put("requests", count(tier, "requests"));
      tier.put("planned_output_tokens", rounded(tier, "planned_output_tokens"));
      tier.put("output_tokens", count(tier, "output_tokens"));
      tier.put("planned_usd", usd(amount(tier, "planned_usd")));
      tier.put("actual_usd", usd(amount(tier, "actual_usd")));
    }
    return tiers;
  }

  private List<Map<String, Object>> dearest() throws SQLException {
    List<Map<String, Object>> items =
        query.rows(
            """
            select *
            from item_costs
            where run_id = ?
              and actual_usd > 0
            order by actual_usd desc, document_id
            limit ?
            """,
            runId,
            ITEMS_SHOWN);
    for (Map<String, Object> item : items) {
      item.put("usd", usd(amount(item, "actual_usd")));
      item.put("baseline", usd(amount(item, "baseline_usd")));
    }
    return items;
  }

  private List<Map<String, Object>> slowest() throws SQLException {
    return query.rows(
        """
        select *, round((extract(epoch from took) / 60)::numeric, 1) as minutes
        from slowest_items
        where run_id = ?
        order by took desc, document_id
        limit ?
        """,
        runId,
        ITEMS_SHOWN);
  }

  // ---- numbers ----

  private static String text(Map<String, Object> row, String column) {
    Object value = row.get(column);
    return value == null ? "" : value.toString();
  }

  static BigDecimal amount(Map<String, Object> row, String column) {
    Object value = row.get(column);
    return value == null ? BigDecimal.ZERO : new BigDecimal(value.toString());
  }

  static String count(Map<String, Object> row, String column) {
    return String.format(Locale.ROOT, "%,d", amount(row, column).longValue());
  }

  private static String rounded(Map<String, Object> row, String column) {
    return String.format(
        Locale.ROOT, "%,d", amount(row, column).setScale(0, RoundingMode.HALF_EVEN).longValue());
  }

  static String usd(BigDecimal amount) {
    return String.format(Locale.ROOT, "%,.6f", amount.setScale(6, RoundingMode.HALF_EVEN));
  }

  static String percent(BigDecimal part, BigDecimal whole, int digits) {
    return whole.signum() == 0
        ? "0"
        : part.multiply(HUNDRED).divide(whole, digits, RoundingMode.HALF_EVEN).toPlainString();
  }
}
