package dev.nightjar.runners;

import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import java.io.PrintWriter;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import javax.sql.DataSource;

/** What some runs did and cost, read from the SQL views. */
final class NightReport {
  private static final String TIER_FORMAT =
      "%-24s %-6s %-18s %8s %8s %6s %7s %12s %8s %8s %10s %9s %12s%n";

  private static final List<String> MECHANISMS =
      List.of(
          "exact_duplicates",
          "exact_cache",
          "semantic_cache",
          "near_duplicates",
          "retrieval",
          "routing",
          "prompt_caching",
          "output_control",
          "batch",
          "escalation",
          "failing",
          "audit");

  /** What people call a step of the waterfall, counted from 0. */
  static String mechanism(int step) {
    return MECHANISMS.get(step).replace('_', ' ');
  }

  /** One line of {@code cost_by_run}, with what was refused before it became an item. */
  record Row(
      String runId,
      String task,
      long items,
      long deadLetters,
      long exactHits,
      long semanticHits,
      long followers,
      long asked,
      long failed,
      BigDecimal baselineUsd,
      BigDecimal actualUsd,
      Map<String, BigDecimal> savedUsd) {
    BigDecimal saved(String mechanism) {
      return savedUsd.getOrDefault(mechanism, BigDecimal.ZERO);
    }
  }

  private final DataSource dataSource;

  NightReport(DataSource dataSource) {
    this.dataSource = dataSource;
  }

  /**
   * The runs that are asked for, or else the newest that has begun, a trial only if there is no
   * other.
   *
   * @throws NightjarException OPTION_INVALID if one is not there, or none at all
   */
  static List<String> runs(DataSource dataSource, List<String> wanted) throws SQLException {
    List<String> found = new ArrayList<>();
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement =
            connection.prepareStatement(
                """
                select run_id
                from runs
                where state <> 'planning'
                  and (run_id = any (?) or cardinality(?) = 0)
                order by task_name like '%-try' or audits_run_id is not null, started_at desc, run_id
                limit greatest(1, cardinality(?))
                """)) {
      for (int parameter = 1; parameter <= 3; parameter++) {
        statement.setArray(parameter, connection.createArrayOf("text", wanted.toArray()));
      }
      try (ResultSet result = statement.executeQuery()) {
        while (result.next()) {
          found.add(result.getString("run_id"));
        }
      }
    }
    if (found.isEmpty() || !found.containsAll(wanted)) {
      List<String> missing = new ArrayList<>(wanted);
      missing.removeAll(found);
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          missing.isEmpty() ? "--run-id" : "--run-id " + String.join(", ", missing),
          missing.isEmpty() ? "no run has begun yet" : "there is no such run",
          missing.isEmpty()
              ? "run 'nightjar run' first; of a rehearsal give --rehearse here, too"
              : "see 'select run_id from cost_by_run'");
    }
    return found;
  }

  List<Row> rows(List<String> runIds) throws SQLException {
    List<Row> rows = new ArrayList<>();
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement =
            connection.prepareStatement(
                """
                select c.*, (select count(*) from dead_letters d where d.run_id = c.run_id) as dead_letters
                from cost_by_run c
                join runs r on r.run_id = c.run_id
                where c.run_id = any (?)
                order by r.started_at, c.run_id
                """)) {
      statement.setArray(1, connection.createArrayOf("text", runIds.toArray()));
      try (ResultSet result = statement.executeQuery()) {
        while (result.next()) {
          Map<String, BigDecimal> saved = new LinkedHashMap<>();
          for (String mechanism : MECHANISMS) {
            saved.put(mechanism, result.getBigDecimal("saved_by_" + mechanism + "_usd"));
          }
          rows.add(
              new Row(
                  result.getString("run_id"),
                  result.getString("task"),
                  result.getLong("items"),
                  result.getLong("dead_letters"),
                  result.getLong("exact_hits"),
                  result.getLong("semantic_hits"),
                  result.getLong("followers"),
                  result.getLong("asked"),
                  result.getLong("failed"),
                  result.getBigDecimal("baseline_usd"),
                  result.getBigDecimal("actual_usd"),
                  saved));
        }
      }
    }
    return rows;
  }

  /** The sum of all charges of some runs, exact. */
  BigDecimal ledgerUsd(List<String> runIds) throws SQLException {
    return number("select coalesce(sum(total_usd), 0) from ledger where run_id = any (?)", runIds);
  }

  /** How many documents of some runs failed with a code. */
  long failedFor(List<String> runIds, ErrorCode code) throws SQLException {
    return number(
            "select count(*) from items where state = 'failed' and failure_code = '"
                + code.name()
                + "' and run_id = any (?)",
            runIds)
        .longValueExact();
  }

  /** How many leaders were asked for the first time, over some runs. */
  long asked(List<String> runIds) throws SQLException {
    return number("select count(distinct item_key) from attempts where run_id = any (?)", runIds)
        .longValueExact();
  }

  /**
   * Documents that were read in some runs: items, and input that was refused before it became one.
   */
  long documentsIn(List<String> runIds) throws SQLException {
    return number(
            """
            select sum(n)
            from (
                select count(*) as n from items where run_id = any (?)
                union all
                select count(*) from dead_letters where run_id = any (?)
            ) counts
            """,
            runIds)
        .longValueExact();
  }

  /** Documents that came to an end in some runs: answered, failed, or refused. */
  long documentsOut(List<String> runIds) throws SQLException {
    return number(
            """
            select sum(n)
            from (
                select count(*) as n from items where run_id = any (?) and state in ('answered', 'failed')
                union all
                select count(*) from dead_letters where run_id = any (?)
            ) counts
            """,
            runIds)
        .longValueExact();
  }

  private BigDecimal number(String sql, List<String> runIds) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int i = 1; i <= statement.getParameterMetaData().getParameterCount(); i++) {
        statement.setArray(i, connection.createArrayOf("text", runIds.toArray()));
      }
      try (ResultSet result = statement.executeQuery()) {
        result.next();
        return result.getBigDecimal(1);
      }
    }
  }

  /** What does not add up, from {@code run_balance_check}; empty if everything does. */
  List<String> defects(List<String> runIds) throws SQLException {
    List<String> defects = new ArrayList<>();
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement =
            connection.prepareStatement(
                """
                select *
                from run_balance_check
                where run_id = any (?)
                  and (charged_difference_usd <> 0
                      or reserved_difference_usd <> 0
                      or attributed_difference_usd <> 0
                      or shared_difference_usd <> 0
                      or unbalanced_items <> 0
                      or open_items <> 0)
                """)) {
      statement.setArray(1, connection.createArrayOf("text", runIds.toArray()));
      try (ResultSet result = statement.executeQuery()) {
        while (result.next()) {
          StringBuilder defect = new StringBuilder(result.getString("run_id"));
          for (int column = 2; column <= result.getMetaData().getColumnCount(); column++) {
            defect
                .append(' ')
                .append(result.getMetaData().getColumnName(column))
                .append('=')
                .append(result.getString(column));
          }
          defects.add(defect.toString());
        }
      }
    }
    return defects;
  }

  /** Prints everything about some runs. */
  void print(PrintWriter out, List<String> runIds) throws SQLException {
    List<Row> rows = rows(runIds);
    Terminal.heading(out, "Items");
    out.printf(
        "%-24s %8s %8s %8s %9s %9s %8s %7s%n",
        "run", "items", "refused", "exact", "semantic", "follower", "asked", "failed");
    for (Row row : rows) {
      out.printf(
          "%-24s %8s %8s %8s %9s %9s %8s %7s%n",
          row.runId(),
          Terminal.count(row.items()),
          Terminal.count(row.deadLetters()),
          Terminal.count(row.exactHits()),
          Terminal.count(row.semanticHits()),
          Terminal.count(row.followers()),
          Terminal.count(row.asked()),
          Terminal.count(row.failed()));
    }
    printTiers(out, runIds);
    printRejections(out, runIds);
    printServedOtherwise(out, runIds);
    Terminal.heading(out, "Cost (USD)");
    out.printf("%-24s", "");
    for (Row row : rows) {
      out.printf(" %22s", row.runId());
    }
    out.println();
    line(out, rows, "unoptimised", Row::baselineUsd);
    for (String mechanism : MECHANISMS) {
      if (rows.stream().anyMatch(row -> row.saved(mechanism).signum() != 0)) {
        line(out, rows, "- " + mechanism.replace('_', ' '), row -> row.saved(mechanism));
      }
    }
    line(out, rows, "actual", Row::actualUsd);
    printAgreement(out, runIds);
    printPlans(out, runIds);
  }

  /** A saving is worth what the answers are: the other number beside it. */
  private void printAgreement(PrintWriter out, List<String> runIds) throws SQLException {
    Terminal.heading(out, "Agreement with the reference, at 95 %");
    List<String> lines = agreement(runIds);
    lines.forEach(out::println);
    if (lines.isEmpty()) {
      out.println(
          "not known: nothing was audited. With 'audit: {share: 0.02, usd_max: 1}' in the task, one document in 50 is"
              + " also asked at the reference");
    }
  }

  /** A line for each of some runs that was audited. */
  List<String> agreement(List<String> runIds) throws SQLException {
    List<String> lines = new ArrayList<>();
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement =
            connection.prepareStatement(
                "select * from agreement_by_run where run_id = any (?) order by night, run_id")) {
      statement.setArray(1, connection.createArrayOf("text", runIds.toArray()));
      try (ResultSet result = statement.executeQuery()) {
        while (result.next()) {
          lines.add(agreement(result));
        }
      }
    }
    return lines;
  }

  private static String agreement(ResultSet result) throws SQLException {
    StringBuilder line = new StringBuilder(result.getString("run_id")).append(": ");
    long audited = result.getLong("audited");
    if (audited == 0) {
      line.append("not known yet: of ")
          .append(Terminal.count(result.getLong("drawn")))
          .append(" drawn documents none is answered on both sides");
      return line.toString();
    }
    line.append(
        String.format(
            Locale.ROOT,
            "%.1f %% of %s audited answers agree (%.1f to %.1f %%)",
            100 * result.getDouble("agreement"),
            Terminal.count(audited),
            100 * result.getDouble("low"),
            100 * result.getDouble("high")));
    long byPeople = result.getLong("by_people");
    if (byPeople > 0) {
      line.append(", ").append(Terminal.count(byPeople)).append(" of them by what people say");
    }
    if (result.getLong("asked_twice") > 0) {
      line.append(
          String.format(
              Locale.ROOT,
              "; the reference agrees with itself in %.1f %% of %s",
              100 * result.getDouble("reference_with_itself"),
              Terminal.count(result.getLong("asked_twice"))));
    }
    return line.toString();
  }

  private void printPlans(PrintWriter out, List<String> runIds) throws SQLException {
    Terminal.heading(out, "Plan against actual (USD)");
    out.printf(
        "%-24s %12s %12s %12s %12s  %s%n",
        "run", "low", "expected", "high", "actual", "learnt from");
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement =
            connection.prepareStatement(
                "select * from plan_against_actual where run_id = any (?) order by night, run_id")) {
      statement.setArray(1, connection.createArrayOf("text", runIds.toArray()));
      try (ResultSet result = statement.executeQuery()) {
        while (result.next()) {
          out.printf(
              "%-24s %12s %12s %12s %12s  %d nights%s%n",
              result.getString("run_id"),
              Terminal.usd(result.getBigDecimal("low_usd")),
              Terminal.usd(result.getBigDecimal("expected_usd")),
              Terminal.usd(result.getBigDecimal("high_usd")),
              Terminal.usd(result.getBigDecimal("actual_usd")),
              result.getLong("nights_learnt_from"),
              "f".equals(result.getString("is_within")) ? ", outside" : "");
        }
      }
    }
  }

  private static void line(
      PrintWriter out,
      List<Row> rows,
      String name,
      java.util.function.Function<Row, BigDecimal> column) {
    out.printf("%-24s", name);
    for (Row row : rows) {
      out.printf(" %22s", Terminal.usd(column.apply(row)));
    }
    out.println();
  }

  private void printTiers(PrintWriter out, List<String> runIds) throws SQLException {
    Terminal.heading(out, "Attempts by tier");
    out.printf(
        TIER_FORMAT,
        "run",
        "tier",
        "model",
        "asked",
        "rejected",
        "cut",
        "refused",
        "input",
        "cached",
        "written",
        "output",
        "reasoning",
        "USD");
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement =
            connection.prepareStatement(
                """
                select t.*
                from cost_by_tier t
                join runs r on r.run_id = t.run_id
                where t.run_id = any (?)
                order by r.started_at, t.run_id, t.tier desc
                """)) {
      statement.setArray(1, connection.createArrayOf("text", runIds.toArray()));
      try (ResultSet result = statement.executeQuery()) {
        while (result.next()) {
          out.printf(
              TIER_FORMAT,
              result.getString("run_id"),
              result.getString("tier"),
              result.getString("model"),
              Terminal.count(result.getLong("attempts")),
              Terminal.count(result.getLong("rejected") + result.getLong("errored")),
              Terminal.count(result.getLong("truncated")),
              Terminal.count(result.getLong("refused")),
              Terminal.count(result.getLong("input_tokens")),
              Terminal.count(result.getLong("cached_input_tokens")),
              Terminal.count(result.getLong("cache_write_tokens")),
              Terminal.count(result.getLong("output_tokens")),
              Terminal.count(result.getLong("reasoning_tokens")),
              Terminal.usd(result.getBigDecimal("total_usd")));
        }
      }
    }
  }

  /** Tiers whose answers are paid for and often will not do, with the most frequent reason. */
  private void printRejections(PrintWriter out, List<String> runIds) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement =
            connection.prepareStatement(
                """
                select
                    tier,
                    count(*) as answers,
                    count(*) filter (where state = 'rejected') as rejected,
                    mode() within group (order by failure_code || ': ' || failure_reason) as reason
                from attempts
                where run_id = any (?)
                  and state in ('succeeded', 'rejected')
                group by run_id, tier
                having count(*) >= 10
                   and count(*) filter (where state = 'rejected') > .3 * count(*)
                order by tier
                """)) {
      statement.setArray(1, connection.createArrayOf("text", runIds.toArray()));
      try (ResultSet result = statement.executeQuery()) {
        while (result.next()) {
          out.printf(
              "%s: %s of %s answers were rejected, and paid for; most often: %s%n",
              result.getString("tier"),
              Terminal.count(result.getLong("rejected")),
              Terminal.count(result.getLong("answers")),
              result.getString("reason"));
        }
      }
    }
  }

  /** Other models, or classes of service, than were asked for. */
  private void printServedOtherwise(PrintWriter out, List<String> runIds) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement =
            connection.prepareStatement(
                """
                select tier, asked_model, served_model, service_tier, attempts, total_usd
                from served_otherwise
                where run_id = any (?)
                order by total_usd desc, tier
                limit 10
                """)) {
      statement.setArray(1, connection.createArrayOf("text", runIds.toArray()));
      try (ResultSet result = statement.executeQuery()) {
        while (result.next()) {
          String service = result.getString("service_tier");
          out.printf(
              "%s: %s answers asked of %s came from %s%s and cost %s USD: see the view served_otherwise%n",
              result.getString("tier"),
              Terminal.count(result.getLong("attempts")),
              result.getString("asked_model"),
              result.getString("served_model"),
              service == null ? "" : " by service tier " + service,
              Terminal.usd(result.getBigDecimal("total_usd")));
        }
      }
    }
  }
}
