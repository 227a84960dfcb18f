package dev.nightjar.cachestore.postgres;

import com.zaxxer.hikari.HikariDataSource;
import dev.nightjar.cachestore.AuditStore;
import dev.nightjar.cachestore.BudgetStore;
import dev.nightjar.cachestore.CacheCare;
import dev.nightjar.cachestore.CacheStore;
import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.EmbeddingStore;
import dev.nightjar.cachestore.ForecastStore;
import dev.nightjar.cachestore.ForgetStore;
import dev.nightjar.cachestore.FundingStore;
import dev.nightjar.cachestore.LearningStore;
import dev.nightjar.cachestore.PriceStore;
import dev.nightjar.cachestore.PromptCacheStore;
import dev.nightjar.cachestore.RunStore;
import dev.nightjar.cachestore.SettlementStore;
import dev.nightjar.cachestore.Stores;
import dev.nightjar.cachestore.StrayStore;
import dev.nightjar.cachestore.SubmissionStore;
import dev.nightjar.cachestore.VersionStore;
import dev.nightjar.cachestore.WorkStore;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import org.jooq.DSLContext;
import org.jooq.SQLDialect;
import org.jooq.conf.Settings;
import org.jooq.impl.DSL;

/** All ports over one pool. */
public final class PostgresStores implements Stores {

  /** The statement that looks neighbours up, for a benchmark to run bare. */
  public static final String NEAREST = PostgresCacheStore.NEAREST;

  /** What is set before it, each to be preceded by 'set'. */
  public static final List<String> SEARCH_SETTINGS = PostgresCacheStore.SEARCH_SETTINGS;

  static {
    System.setProperty("org.jooq.no-logo", "true");
    System.setProperty("org.jooq.no-tips", "true");
  }

  private final HikariDataSource dataSource;
  private final PostgresAuditStore audits;
  private final PostgresBudgetStore budgets;
  private final PostgresCacheStore cache;
  private final PostgresCacheCare cacheCare;
  private final PostgresEmbeddingStore embeddings;
  private final PostgresForecastStore forecasts;
  private final PostgresForgetStore forgetting;
  private final PostgresFundingStore funding;
  private final PostgresLearningStore learning;
  private final PostgresPriceStore prices;
  private final PostgresPromptCacheStore promptCaches;
  private final PostgresRunStore runs;
  private final PostgresSettlementStore settlements;
  private final PostgresStrayStore strays;
  private final PostgresSubmissionStore submissions;
  private final PostgresVersionStore versions;
  private final PostgresWorkStore work;

  private PostgresStores(HikariDataSource dataSource, Clock clock) {
    this.dataSource = dataSource;
    DSLContext context =
        DSL.using(
            dataSource,
            SQLDialect.POSTGRES,
            // Bound values hold prompts: jOOQ must not log them.
            new Settings().withExecuteLogging(false).withDiagnosticsLogging(false));
    this.audits = new PostgresAuditStore(context, clock);
    this.budgets = new PostgresBudgetStore(context, clock);
    this.cache = new PostgresCacheStore(context, clock);
    this.cacheCare = new PostgresCacheCare(context, clock);
    this.embeddings = new PostgresEmbeddingStore(context, clock);
    this.forecasts = new PostgresForecastStore(context, clock);
    this.forgetting = new PostgresForgetStore(context, clock);
    this.learning = new PostgresLearningStore(context, clock);
    this.prices = new PostgresPriceStore(context, clock);
    this.promptCaches = new PostgresPromptCacheStore(context, clock);
    this.runs = new PostgresRunStore(context, clock);
    Budget budget = new Budget(clock);
    this.funding = new PostgresFundingStore(context, clock, budget);
    this.settlements = new PostgresSettlementStore(context, clock, budget);
    this.strays = new PostgresStrayStore(context, clock);
    this.submissions = new PostgresSubmissionStore(context, clock);
    this.versions = new PostgresVersionStore(context, clock);
    this.work = new PostgresWorkStore(context, clock, budget);
  }

  /**
   * Opens the ports of an operator, who works on all tenants. The schema must be there: see {@link
   * Migrations}.
   *
   * @param poolConnectionsMax most connections at once
   */
  public static PostgresStores open(DatabaseAddress address, int poolConnectionsMax, Clock clock) {
    return new PostgresStores(
        DataSources.open(address, poolConnectionsMax, Optional.empty()), clock);
  }

  /** Opens the ports of a job, which sees the texts, vectors and answers of one tenant. */
  public static PostgresStores openFor(
      String tenant, DatabaseAddress address, int poolConnectionsMax, Clock clock) {
    return new PostgresStores(
        DataSources.open(address, poolConnectionsMax, Optional.of(tenant)), clock);
  }

  @Override
  public AuditStore audits() {
    return audits;
  }

  @Override
  public BudgetStore budgets() {
    return budgets;
  }

  @Override
  public CacheStore cache() {
    return cache;
  }

  @Override
  public CacheCare cacheCare() {
    return cacheCare;
  }

  @Override
  public EmbeddingStore embeddings() {
    return embeddings;
  }

  @Override
  public ForecastStore forecasts() {
    return forecasts;
  }

  @Override
  public ForgetStore forgetting() {
    return forgetting;
  }

  @Override
  public FundingStore funding() {
    return funding;
  }

  @Override
  public LearningStore learning() {
    return learning;
  }

  @Override
  public PriceStore prices() {
    return prices;
  }

  @Override
  public PromptCacheStore promptCaches() {
    return promptCaches;
  }

  @Override
  public RunStore runs() {
    return runs;
  }

  @Override
  public SettlementStore settlements() {
    return settlements;
  }

  @Override
  public StrayStore strays() {
    return strays;
  }

  @Override
  public SubmissionStore submissions() {
    return submissions;
  }

  @Override
  public VersionStore versions() {
    return versions;
  }

  @Override
  public WorkStore work() {
    return work;
  }

  /** The pool, for reports that read views. */
  public javax.sql.DataSource dataSource() {
    return dataSource;
  }

  @Override
  public void close() {
    dataSource.close();
  }
}
