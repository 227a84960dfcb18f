package dev.nightjar.cachestore.embed;

import dev.nightjar.cachestore.Embedding;
import java.util.List;

/** Embeds texts. Thread-safe; close it once, when the last user is done. */
public interface Embedder extends AutoCloseable {

  /** Name of the model, part of a namespace's identity. */
  String model();

  /** One unit vector per text, in order. */
  List<Embedding> embed(List<String> texts);

  @Override
  void close();
}
