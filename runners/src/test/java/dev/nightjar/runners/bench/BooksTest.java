package dev.nightjar.runners.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.postgres.PostgresStores;
import dev.nightjar.cachestore.testing.TestPostgres;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The books of random nights: {@code bench books} does the same with ten thousand of them. */
class BooksTest {
  private static final int NIGHTS = 120;
  private static final int ITEMS = 20;

  private static PostgresStores stores;

  @BeforeAll
  static void post() throws SQLException {
    DatabaseAddress database = TestPostgres.newDatabase();
    stores =
        PostgresStores.open(
            database, 2, Clock.fixed(Instant.parse("2026-12-31T00:00:00Z"), ZoneOffset.UTC));
    try (Connection connection = stores.dataSource().getConnection()) {
      RandomNights.write(connection, NIGHTS, ITEMS, 7);
    }
    for (long namespaceId = 1; namespaceId <= 6; namespaceId++) {
      stores.runs().postFinished(namespaceId);
    }
  }

  @AfterAll
  static void close() {
    stores.close();
  }

  private static String one(String sql) throws SQLException {
    try (Connection connection = stores.dataSource().getConnection();
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      rows.next();
      return String.valueOf(rows.getString(1));
    }
  }

  @Test
  void everyNightIsPostedAndEveryItemsWaterfallCloses() throws SQLException {
    assertThat(one("select count(*) from runs where posted_at is not null"))
        .isEqualTo(Integer.toString(NIGHTS));
    assertThat(one("select count(*) from item_costs")).isEqualTo(Integer.toString(NIGHTS * ITEMS));
    assertThat(
            one(
                "select count(*) from item_costs where baseline_usd - saved_by_exact_duplicates_usd - saved_by_exact_cache_usd"
                    + " - saved_by_semantic_cache_usd - saved_by_near_duplicates_usd - saved_by_retrieval_usd - saved_by_routing_usd"
                    + " - saved_by_prompt_caching_usd - saved_by_output_control_usd - saved_by_batch_usd - saved_by_escalation_usd"
                    + " - saved_by_failing_usd is distinct from actual_usd"))
        .isEqualTo("0");
    assertThat(
            one(
                "select count(*) from run_balance_check where charged_difference_usd <> 0 or attributed_difference_usd <> 0"
                    + " or shared_difference_usd <> 0 or unbalanced_items <> 0 or open_items <> 0"))
        .isEqualTo("0");
  }

  @Test
  void whatIsPostedIsWhatIsWorkedOut() throws SQLException {
    String columns =
        "run_id, document_id, state, answered_by, tier, baseline_usd, saved_by_retrieval_usd, saved_by_routing_usd,"
            + " saved_by_output_control_usd, saved_by_escalation_usd, saved_by_failing_usd, actual_usd";
    assertThat(
            one(
                "select count(*) from (select "
                    + columns
                    + " from item_costs_now except select "
                    + columns
                    + " from item_costs) differing"))
        .isEqualTo("0");
  }

  @Test
  void everySumOverTheViewsIsTheLedgers() throws SQLException {
    String ledger = one("select trim_scale(sum(total_usd)) from ledger");
    for (String sum :
        new String[] {
          "select trim_scale(sum(actual_usd)) from cost_by_run",
          "select trim_scale(sum(attributed_usd)) from cost_by_run",
          "select trim_scale(sum(actual_usd)) from cost_by_task",
          "select trim_scale(sum(actual_usd)) from cost_by_tenant",
          "select trim_scale(sum(actual_usd)) from cost_by_day",
          "select trim_scale(sum(actual_usd)) from cost_by_document",
          "select trim_scale(sum(total_usd)) from cost_by_tier",
          "select trim_scale(sum(total_usd)) from cost_by_model",
          "select trim_scale(sum(charged_usd)) from price_change_impact",
          "select trim_scale(sum(api_usd)) from self_host_break_even",
          "select trim_scale(sum(remaining_usd)) from savings_waterfall where step = 11"
        }) {
      assertThat(one(sum)).as(sum).isEqualTo(ledger);
    }
    assertThat(one("select sum(attempts) from cost_by_tier"))
        .isEqualTo(one("select count(*) from attempts"));
  }

  @Test
  void aMechanismThatCostMoneyIsShownAsSuch() throws SQLException {
    assertThat(
            Integer.parseInt(
                one(
                    "select count(*) from savings_waterfall where mechanism = 'escalation' and saved_usd < 0")))
        .isGreaterThan(NIGHTS / 2);
    assertThat(
            Integer.parseInt(
                one("select count(*) from item_costs where saved_by_prompt_caching_usd < 0")))
        .as("cache writes that nobody read")
        .isPositive();
  }

  @Test
  void whatIsBoughtForSeveralIsSharedByThem() throws SQLException {
    assertThat(
            Integer.parseInt(
                one(
                    "select count(*) from item_costs where answered_by = 'leader' and actual_usd = 0 and attributed_usd > 0")))
        .as("followers carry a part of their leader's answer")
        .isPositive();
    assertThat(
            Integer.parseInt(
                one(
                    "select count(*) from item_costs where answered_by = 'semantic_hit' and attributed_usd > 0")))
        .as("hits carry the checks that vouch for them")
        .isPositive();
    assertThat(one("select count(*) from item_costs where attributed_usd < 0")).isEqualTo("0");
    assertThat(
            one(
                "select count(*) from (select run_id, sum(machine_usd) as usd from item_costs group by run_id) s"
                    + " join machine_time m using (run_id) where s.usd <> m.seconds * m.usd_per_hour / 3600"))
        .isEqualTo("0");
  }

  @Test
  void partsAddUpToTheAmountWhateverTheWeights() throws SQLException {
    assertThat(
            one(
                """
                with weighted as (
                    select
                        amount, item, (hashint8extended(amount * 100 + item, 1) & 1023) as weight,
                        amount * 0.000000000000137 + 1.0 / 7 as usd
                    from generate_series(1, 200) amount
                    cross join generate_series(1, 13) item
                ),
                marked as (
                    select
                        w.*,
                        sum(weight) over (partition by amount order by item) - weight as before,
                        sum(weight) over (partition by amount) as total
                    from weighted w
                )
                select count(*)
                from (
                    select amount, min(usd) as usd, sum(split_usd(usd, before, weight, total)) as parts
                    from marked
                    group by amount
                ) s
                where s.parts <> s.usd
                """))
        .isEqualTo("0");
  }

  @Test
  void theBreakEvenFollowsFromThroughputAndPrice() throws SQLException {
    assertThat(
            one(
                "select count(*) from self_host_break_even where on_demand_usd <> round(machine_hours * 2.5, 6)"
                    + " and abs(on_demand_usd - machine_hours * 2.5) > 0.002"))
        .isEqualTo("0");
    assertThat(
            one(
                "select count(*) from self_host_break_even where always_on_pays <> (api_usd > always_on_usd)"))
        .isEqualTo("0");
  }
}
