package dev.nightjar.runners.report;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import javax.sql.DataSource;

/**
 * How the documents of a run ended: how many have their answer, and why the others have none.
 *
 * @param documents read, refused ones among them
 * @param answered with an answer
 * @param failed asked for, or meant to be, and without an answer
 * @param refused that no question could be made of
 * @param open with no end yet
 * @param worthUsd what the documents that have no failure would have cost unoptimised
 * @param actualUsd what the run cost, failures and all
 * @param lostUsd what was paid for documents that failed
 * @param reasons why documents have no answer, the most frequent first
 */
public record Endings(
    long documents,
    long answered,
    long failed,
    long refused,
    long open,
    BigDecimal worthUsd,
    BigDecimal actualUsd,
    BigDecimal lostUsd,
    List<Reason> reasons) {

  private static final int REASONS_SHOWN = 3;
  private static final int REASON_CHARACTERS_MAX = 300;

  /**
   * One reason. Reasons that differ in numbers only are one.
   *
   * @param code as in the list of codes
   * @param documents how many have it
   * @param example the reason of one of them, in words
   * @param exampleId that document; where it stood if it has no id
   */
  public record Reason(String code, long documents, String example, String exampleId) {
    @Override
    public String toString() {
      String shown =
          example.length() > REASON_CHARACTERS_MAX
              ? example.substring(0, REASON_CHARACTERS_MAX) + "…"
              : example;
      return String.format(Locale.ROOT, "%,7d × %s: %s (as %s)", documents, code, shown, exampleId);
    }
  }

  public Endings {
    reasons = List.copyOf(reasons);
  }

  /** Counts the endings of a run. */
  public static Endings of(DataSource source, String runId) throws SQLException {
    try (Connection connection = source.getConnection()) {
      return of(new Query(connection), runId);
    }
  }

  static Endings of(Query query, String runId) throws SQLException {
    Map<String, Object> counts =
        query
            .rows(
                """
                select
                    i.answered,
                    i.failed,
                    i.open,
                    (select count(*) from dead_letters d where d.run_id = ?) as refused,
                    (select coalesce(sum(s.baseline_usd), 0) from item_sums s where s.run_id = ? and s.state = 'answered')
                        as worth_usd,
                    (select coalesce(sum(s.actual_usd), 0) from item_sums s where s.run_id = ?) as actual_usd,
                    (select coalesce(sum(s.actual_usd), 0) from item_sums s where s.run_id = ? and s.state = 'failed')
                        as lost_usd
                from (
                    select
                        count(*) filter (where state = 'answered') as answered,
                        count(*) filter (where state = 'failed') as failed,
                        count(*) filter (where state in ('new', 'waiting')) as open
                    from items
                    where run_id = ?
                ) i
                """,
                runId,
                runId,
                runId,
                runId,
                runId)
            .get(0);
    long answered = number(counts, "answered").longValue();
    long failed = number(counts, "failed").longValue();
    long open = number(counts, "open").longValue();
    long refused = number(counts, "refused").longValue();
    return new Endings(
        answered + failed + open + refused,
        answered,
        failed,
        refused,
        open,
        number(counts, "worth_usd"),
        number(counts, "actual_usd"),
        number(counts, "lost_usd"),
        reasons(query, runId));
  }

  private static List<Reason> reasons(Query query, String runId) throws SQLException {
    List<Reason> reasons = new ArrayList<>();
    for (Map<String, Object> row :
        query.rows(
            """
            with ends as (
                select failure_code as code, failure_reason as reason, document_id
                from items
                where run_id = ?
                  and state = 'failed'
                union all
                select code, reason, coalesce(nullif(document_id, ''), source_uri || ':' || source_position)
                from dead_letters
                where run_id = ?
            )
            select
                code,
                count(*) as documents,
                (array_agg(reason order by document_id))[1] as example,
                min(document_id) as example_id
            from ends
            group by code, regexp_replace(reason, '[0-9]+', '#', 'g')
            order by 2 desc, code, example_id
            limit ?
            """,
            runId,
            runId,
            REASONS_SHOWN)) {
      reasons.add(
          new Reason(
              String.valueOf(row.get("code")),
              number(row, "documents").longValue(),
              String.valueOf(row.get("example")),
              String.valueOf(row.get("example_id"))));
    }
    return reasons;
  }

  private static BigDecimal number(Map<String, Object> row, String column) {
    Object value = row.get(column);
    return value == null ? BigDecimal.ZERO : new BigDecimal(value.toString());
  }

  /** The share of documents that failed or were refused, in percent. */
  public double withoutAnswerPercent() {
    return documents == 0 ? 0 : 100.0 * (failed + refused) / documents;
  }

  /**
   * What was saved on the documents that have no failure, less all that was paid; negative if more
   * was paid than they would have cost. What failed would have been of no use at any price, so that
   * its price is no saving.
   */
  public BigDecimal savedUsd() {
    return worthUsd.subtract(actualUsd);
  }

  /** One line: how many were answered, and what was paid for nothing. */
  public String headline() {
    StringBuilder line =
        new StringBuilder(String.format(Locale.ROOT, "%,d of %,d answered", answered, documents));
    part(line, failed, "failed");
    part(line, refused, "refused");
    part(line, open, "open");
    if (lostUsd.signum() > 0) {
      line.append("; ").append(usd(lostUsd)).append(" USD lost on what failed");
    }
    return line.toString();
  }

  private static void part(StringBuilder line, long count, String what) {
    if (count > 0) {
      line.append(String.format(Locale.ROOT, ", %,d %s", count, what));
    }
  }

  private static String usd(BigDecimal amount) {
    return String.format(Locale.ROOT, "%,.6f", amount.setScale(6, RoundingMode.HALF_EVEN));
  }
}
