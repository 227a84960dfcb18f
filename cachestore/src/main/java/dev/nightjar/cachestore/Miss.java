package dev.nightjar.cachestore;

import dev.nightjar.cachestore.embed.ShingleSet;
import java.util.List;
import java.util.Optional;

/**
 * A distinct item key that no cache answered.
 *
 * @param itemKey SHA-256, hexadecimal
 * @param documentId the representative document
 * @param embedding of the text, if the task uses likeness at all
 * @param guardMarks digests of what must not differ between two texts that share an answer; empty
 *     without likeness
 * @param likeness how near-duplicates of the text are found; empty if they are not looked for
 */
public record Miss(
    String itemKey,
    String documentId,
    Optional<Embedding> embedding,
    List<String> guardMarks,
    Optional<Likeness> likeness) {

  /** Two texts are compared only if they have a measure and the hash of one band in common. */
  public sealed interface Likeness {

    /** Locality-sensitive hashes, one a band. */
    List<Integer> bands();

    /** A text the model reads at once is compared by the cosine of its vector. */
    record Cosine(List<Integer> bands) implements Likeness {}

    /** A longer one by the Jaccard similarity of its shingles. */
    record Jaccard(ShingleSet shingles) implements Likeness {
      @Override
      public List<Integer> bands() {
        return shingles.bands();
      }
    }
  }
}
