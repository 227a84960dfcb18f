package dev.nightjar.cachestore;

/** All ports over one connection pool. Thread-safe; close it once, when the last user is done. */
public interface Stores extends AutoCloseable {
  AuditStore audits();

  BudgetStore budgets();

  CacheStore cache();

  CacheCare cacheCare();

  EmbeddingStore embeddings();

  ForecastStore forecasts();

  ForgetStore forgetting();

  FundingStore funding();

  LearningStore learning();

  PriceStore prices();

  PromptCacheStore promptCaches();

  RunStore runs();

  SettlementStore settlements();

  StrayStore strays();

  SubmissionStore submissions();

  VersionStore versions();

  WorkStore work();

  @Override
  void close();
}
