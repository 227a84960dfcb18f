package dev.nightjar.cachestore;

import java.util.Collection;
import java.util.Map;

/**
 * Vectors by content, so that no text is embedded twice on any night; of one tenant and model,
 * those of a namespace. Thread-safe; every method may be repeated.
 */
public interface EmbeddingStore {

  /** Those that are known, by SHA-256 of the content. */
  Map<String, EmbeddedText> find(long namespaceId, Collection<String> contentHashes);

  /** Keeps vectors, by SHA-256 of the content. */
  void save(long namespaceId, Map<String, EmbeddedText> embedded);
}
