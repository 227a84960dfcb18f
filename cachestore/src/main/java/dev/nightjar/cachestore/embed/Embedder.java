package dev.nightjar.cachestore.embed;

import dev.nightjar.cachestore.EmbeddedText;
import java.util.List;

/** Embeds texts. Thread-safe; close it once, when the last user is done. */
public interface Embedder extends AutoCloseable {

  /** Name of the model, part of a namespace's identity. */
  String model();

  /** The place of each text, in order. */
  List<EmbeddedText> embed(List<String> texts);

  @Override
  void close();
}
