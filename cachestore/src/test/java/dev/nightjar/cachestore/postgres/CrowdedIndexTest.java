package dev.nightjar.cachestore.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.Embedding;
import dev.nightjar.cachestore.TaskVersion;
import dev.nightjar.cachestore.testing.MutableClock;
import dev.nightjar.cachestore.testing.TestPostgres;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** One vector index holds all namespaces: a large one must not hide a small one. */
class CrowdedIndexTest {
  private static final Instant NOW = Instant.parse("2026-11-24T01:00:00Z");

  @Test
  void aNamespaceIsFoundBehindTwoThousandNearerEntriesOfAnotherWithLittleMemory()
      throws SQLException {
    DatabaseAddress database = TestPostgres.newDatabase();
    long crowd;
    long few;
    try (PostgresStores stores = PostgresStores.open(database, 1, new MutableClock(NOW))) {
      crowd = namespace(stores, "crowd");
      few = namespace(stores, "few");
    }
    try (Connection connection = Databases.connect(database);
        Statement statement = connection.createStatement()) {
      statement.execute("drop index cache_entries_embedding_hnsw");
      fill(statement, crowd, 2_000, 1);
      fill(statement, few, 30, -1);
      statement.execute(
          "create index cache_entries_embedding_hnsw on cache_entries using hnsw (embedding vector_cosine_ops)");
      statement.execute("analyze cache_entries");
      // A scan ends where this memory does, after 300 entries; and no plan but the index's is left.
      for (String setting : new String[] {"work_mem = '64kB'", "enable_sort = off"}) {
        statement.execute("alter database " + database.database() + " set " + setting);
      }
    }
    float[] query = new float[384];
    query[0] = 1;
    try (PostgresStores stores = PostgresStores.open(database, 1, new MutableClock(NOW))) {
      assertThat(
              stores
                  .cache()
                  .nearest(few, Map.of("q", Embedding.of(query)), 20, Instant.EPOCH)
                  .get("q"))
          .hasSize(20);
    }
  }

  private static long namespace(PostgresStores stores, String tenant) {
    return stores
        .runs()
        .namespace(
            tenant,
            new TaskVersion("f".repeat(64), "task", "{}", "openai", "gpt-6.2-sol"),
            "model");
  }

  /** Vectors about the first axis, or about its other end. */
  private static void fill(Statement statement, long namespace, int entries, int side)
      throws SQLException {
    statement.execute(
        """
        insert into cache_entries (item_key, namespace_id, source_key, similarity, answer, output_tokens, embedding, created_at)
        select 'k' || %1$d || '_' || n, %1$d, 'k' || %1$d || '_' || n, 1, '{"a":1}', 1,
            l2_normalize((
                select array_agg(case when d = 1 then %3$d else 0.02 * sin(n * d) end order by d)
                from generate_series(1, 384) d)::vector), now()
        from generate_series(1, %2$d) n
        """
            .formatted(namespace, entries, side));
  }
}
