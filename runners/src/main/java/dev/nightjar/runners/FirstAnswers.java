package dev.nightjar.runners;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.Locale;
import java.util.Optional;
import javax.sql.DataSource;

/**
 * The first answers of each tier of a run. If nearly all of them will not do, the others will not
 * either: a schema that no answer meets, or a prompt that is misunderstood, would be paid for at
 * every tier. Thread-safe.
 */
final class FirstAnswers {
  /** How many of a tier are looked at. */
  static final int LOOKED_AT = 50;

  private final DataSource source;
  private final String runId;
  private final int rejectedMin;

  /**
   * Looks at a run.
   *
   * @param rejectedMin of {@link #LOOKED_AT}, how many rejected ones are too many; a number above
   *     it is never reached
   */
  FirstAnswers(DataSource source, String runId, int rejectedMin) {
    this.source = source;
    this.runId = runId;
    this.rejectedMin = rejectedMin;
  }

  /**
   * A tier whose first answers will not do.
   *
   * @param tier its name
   * @param rejected how many of {@link #LOOKED_AT}
   * @param reason the most frequent reason, as one answer had it
   */
  record Failing(String tier, long rejected, String reason) {
    String inWords() {
      return String.format(
          Locale.ROOT,
          "%d of the first %d answers of tier '%s' were rejected, most often: %s",
          rejected,
          LOOKED_AT,
          tier,
          reason);
    }
  }

  /** Whether results that have come make the first answers of a tier whole. */
  boolean completedBy(Collection<String> submissionIds) {
    if (rejectedMin > LOOKED_AT || submissionIds.isEmpty()) {
      return false;
    }
    try (Connection connection = source.getConnection();
        PreparedStatement statement =
            connection.prepareStatement(
                """
                select
                from attempts
                where run_id = ?
                  and attempt_number = 1
                group by tier
                having count(*) filter (where state in ('succeeded', 'rejected')) < ?
                   and count(*) filter (where state in ('succeeded', 'rejected') or submission_id = any (?)) >= ?
                """)) {
      statement.setString(1, runId);
      statement.setInt(2, LOOKED_AT);
      statement.setArray(3, connection.createArrayOf("text", submissionIds.toArray()));
      statement.setInt(4, LOOKED_AT);
      try (ResultSet rows = statement.executeQuery()) {
        return rows.next();
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A tier whose first answers are whole, and nearly all of them rejected. */
  Optional<Failing> failing() {
    if (rejectedMin > LOOKED_AT) {
      return Optional.empty();
    }
    try (Connection connection = source.getConnection();
        PreparedStatement statement =
            connection.prepareStatement(
                """
                with numbered as (
                    select
                        tier,
                        state,
                        failure_code || ': ' || failure_reason as reason,
                        row_number() over (partition by tier order by ended_at, custom_id) as number
                    from attempts
                    where run_id = ?
                      and attempt_number = 1 -- what only fails higher up stops nothing: most is answered below
                      and state in ('succeeded', 'rejected')
                )
                select
                    tier,
                    count(*) filter (where state = 'rejected') as rejected,
                    mode() within group (order by reason) as reason
                from numbered
                where number <= ?
                group by tier
                having count(*) = ?
                   and count(*) filter (where state = 'rejected') >= ?
                order by tier
                limit 1
                """)) {
      statement.setString(1, runId);
      statement.setInt(2, LOOKED_AT);
      statement.setInt(3, LOOKED_AT);
      statement.setInt(4, rejectedMin);
      try (ResultSet rows = statement.executeQuery()) {
        return rows.next()
            ? Optional.of(
                new Failing(
                    rows.getString("tier"), rows.getLong("rejected"), rows.getString("reason")))
            : Optional.empty();
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }
}
