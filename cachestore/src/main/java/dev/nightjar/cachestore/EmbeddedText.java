package dev.nightjar.cachestore;

import java.io.Serializable;
import java.util.Optional;

/**
 * A text's place in embedding space.
 *
 * @param embedding unit vector; empty for a text of more windows than are read
 * @param windows how many pieces it was read in; 1 if the model read all of it at once
 */
public record EmbeddedText(Optional<Embedding> embedding, int windows) implements Serializable {

  /** A text that the model failed of. */
  public static final EmbeddedText FAILED = new EmbeddedText(Optional.empty(), 0);

  /** Whether the model read the text as one, so that its vector stands for every word of it. */
  public boolean isWhole() {
    return windows == 1 && embedding.isPresent();
  }
}
