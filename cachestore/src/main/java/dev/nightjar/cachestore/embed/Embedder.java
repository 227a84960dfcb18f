package dev.nightjar.cachestore.embed;

import dev.nightjar.cachestore.Embedding;
import java.util.List;
import java.util.Optional;

/** Embeds texts. Thread-safe; close it once, when the last user is done. */
public interface Embedder extends AutoCloseable {

  /** Name of the model, part of a namespace's identity. */
  String model();

  /**
   * One unit vector per text, in order; empty for a text longer than the model reads. Two long
   * texts with the same beginning would be the same vector, and one would get the other's answer.
   */
  List<Optional<Embedding>> embed(List<String> texts);

  @Override
  void close();
}
