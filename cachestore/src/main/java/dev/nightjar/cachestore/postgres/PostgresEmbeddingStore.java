package dev.nightjar.cachestore.postgres;

import static dev.nightjar.cachestore.postgres.Sql.array;
import static dev.nightjar.cachestore.postgres.Sql.fetch;
import static dev.nightjar.cachestore.postgres.Sql.ints;
import static dev.nightjar.cachestore.postgres.Sql.texts;

import com.pgvector.PGvector;
import dev.nightjar.cachestore.EmbeddedText;
import dev.nightjar.cachestore.Embedding;
import dev.nightjar.cachestore.EmbeddingStore;
import java.sql.SQLException;
import java.time.Clock;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jooq.DSLContext;
import org.jooq.Record;

/** Vectors in {@code text_embeddings}. */
final class PostgresEmbeddingStore implements EmbeddingStore {
  private final DSLContext context;
  private final Clock clock;

  PostgresEmbeddingStore(DSLContext context, Clock clock) {
    this.context = context;
    this.clock = clock;
  }

  @Override
  public Map<String, EmbeddedText> find(long namespaceId, Collection<String> contentHashes) {
    // Once a day is enough: this is a look-up, and writing costs more than reading.
    context.execute(
        """
        update text_embeddings e
        set used_at = ?
        from namespaces n
        where n.namespace_id = ?
          and e.tenant = n.tenant
          and e.model = n.embedding_model
          and e.content_hash = any (?::text[])
          and e.used_at < ?::timestamptz - interval '1 day'
        """,
        Sql.now(clock),
        namespaceId,
        array(contentHashes),
        Sql.now(clock));
    Map<String, EmbeddedText> found = new HashMap<>();
    for (Record row :
        fetch(
            context,
            """
            select e.content_hash, e.windows, e.embedding::text as embedding
            from namespaces n
            join text_embeddings e on e.tenant = n.tenant and e.model = n.embedding_model
            where n.namespace_id = ?
              and e.content_hash = any (?::text[])
            """,
            namespaceId,
            array(contentHashes))) {
      found.put(
          row.get("content_hash", String.class),
          new EmbeddedText(
              Optional.ofNullable(row.get("embedding", String.class))
                  .map(PostgresEmbeddingStore::embedding),
              row.get("windows", Integer.class)));
    }
    return found;
  }

  private static Embedding embedding(String text) {
    try {
      return Embedding.of(new PGvector(text).toArray());
    } catch (SQLException e) {
      throw new IllegalStateException("pgvector's own text form", e);
    }
  }

  @Override
  public void save(long namespaceId, Map<String, EmbeddedText> embedded) {
    List<Map.Entry<String, EmbeddedText>> rows =
        embedded.entrySet().stream().sorted(Map.Entry.comparingByKey()).toList();
    context.execute(
        """
        insert into text_embeddings (tenant, model, content_hash, windows, embedding, created_at, used_at)
        select n.tenant, n.embedding_model, e.content_hash, e.windows, e.embedding::vector, t.at, t.at
        from (values (?)) as t (at),  unnest(?::text[], ?::integer[], ?::text[]) as e (content_hash, windows, embedding)
        join namespaces n on n.namespace_id = ?
        order by e.content_hash
        on conflict do nothing
        """,
        Sql.now(clock),
        texts(rows, Map.Entry::getKey),
        ints(rows, row -> row.getValue().windows()),
        texts(rows, row -> row.getValue().embedding().map(Sql::vector).orElse(null)),
        namespaceId);
  }
}
