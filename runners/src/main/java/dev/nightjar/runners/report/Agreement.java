package dev.nightjar.runners.report;

import java.math.BigDecimal;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What the answers of a run are worth, as its audit and people have found: for the report's page.
 */
final class Agreement {
  private static final int DIFFERENCES_SHOWN = 10;

  private final Query query;
  private final String runId;

  Agreement(Query query, String runId) {
    this.query = query;
    this.runId = runId;
  }

  /** In all; empty if nothing was audited. */
  private List<Map<String, Object>> inAll() throws SQLException {
    List<Map<String, Object>> all =
        query.rows(
            """
            select *
            from agreement_by_run
            where run_id = ?
            """,
            runId);
    for (Map<String, Object> one : all) {
      boolean isKnown = Report.amount(one, "audited").signum() > 0;
      one.put("is_known", isKnown);
      one.put("asked_again", Report.amount(one, "asked_twice").signum() > 0);
      one.put("any_by_people", Report.amount(one, "by_people").signum() > 0);
      percents(one, List.of("agreement", "low", "high", "reference_with_itself"));
      for (String column : List.of("audited", "drawn", "unanswered", "by_people", "asked_twice")) {
        one.put(column, Report.count(one, column));
      }
      one.put("audit_usd", Report.usd(auditUsd()));
    }
    return all;
  }

  /** What the runs cost that asked the run's documents at the reference. */
  BigDecimal auditUsd() throws SQLException {
    return Report.amount(
        query
            .rows(
                """
                select coalesce(sum(c.actual_usd), 0) as usd
                from cost_by_run c
                where c.run_id in (select r.run_id from runs r where r.audits_run_id = ?)
                """,
                runId)
            .get(0),
        "usd");
  }

  /** By what the answers were had more cheaply. */
  private List<Map<String, Object>> byMechanism() throws SQLException {
    List<Map<String, Object>> mechanisms =
        query.rows(
            """
            select m.*, m.agreed::numeric / m.audited as agreement, i.low, i.high
            from (
                select t.mechanism, count(*) as audited, count(*) filter (where t.agrees) as agreed
                from (
                    select distinct on (a.item_key, u.mechanism) u.mechanism, a.agrees
                    from audited_answers a
                    cross join lateral (
                        select mechanism || case when mechanism = 'routing' then ': ' || a.tier else '' end as mechanism
                        from unnest(a.mechanisms) mechanism
                        union all
                        select 'as the reference is asked'
                        where cardinality(a.mechanisms) = 0
                    ) u
                    where a.run_id = ?
                    order by a.item_key, u.mechanism, a.agrees
                ) t
                group by t.mechanism
            ) m
            cross join lateral share_interval(m.agreed, m.audited, 0.95) i
            order by m.audited desc, m.mechanism
            """,
            runId);
    for (Map<String, Object> one : mechanisms) {
      one.put("from", Report.percent(Report.amount(one, "low"), BigDecimal.ONE, 3));
      one.put(
          "length",
          Report.percent(
              Report.amount(one, "high").subtract(Report.amount(one, "low")), BigDecimal.ONE, 3));
      one.put("at", Report.percent(Report.amount(one, "agreement"), BigDecimal.ONE, 3));
      percents(one, List.of("agreement", "low", "high"));
      one.put("audited", Report.count(one, "audited"));
    }
    return mechanisms;
  }

  /** Answers that differ, both side by side. */
  private List<Map<String, Object>> differences() throws SQLException {
    return query.rows(
        """
        select
            document_id,
            array_to_string(differing_fields, ', ') as fields,
            case compared_with when 'gold' then 'people' else 'reference' end as other_name,
            delivered_answer::text as delivered,
            other_answer::text as other
        from audited_answers
        where run_id = ?
          and not agrees
        order by document_id
        limit ?
        """,
        runId,
        DIFFERENCES_SHOWN);
  }

  /** All of it, as the page's template names it. */
  Map<String, Object> model() throws SQLException {
    Map<String, Object> model = new LinkedHashMap<>();
    model.put("agreement", inAll());
    model.put("agreement_by_mechanism", byMechanism());
    List<Map<String, Object>> differences = differences();
    model.put("differences", differences);
    model.put("has_differences", !differences.isEmpty());
    return model;
  }

  private static void percents(Map<String, Object> row, List<String> columns) {
    for (String column : columns) {
      if (row.containsKey(column)) {
        row.put(column, Report.percent(Report.amount(row, column), BigDecimal.ONE, 1));
      }
    }
  }
}
