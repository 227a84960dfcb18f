package dev.nightjar.cachestore;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What is done to a cache as a whole: dropping, copying, checking. Thread-safe; safe beside running
 * nights, which ask again what they find gone.
 */
public interface CacheCare {

  /**
   * Which entries are meant: those that all given conditions hold for. Borrowed answers go with the
   * entry they were borrowed from.
   *
   * @param tenant whose
   * @param task name of the task that asked
   * @param model model that answered
   * @param writtenBefore entries older than this
   * @param answerPredicate SQL/JSON path predicate on the answer, such as {@code $.category ==
   *     "spam"}
   */
  record Selection(
      String tenant,
      Optional<String> task,
      Optional<String> model,
      Optional<Instant> writtenBefore,
      Optional<String> answerPredicate) {}

  /** Something in a cache that must not be. */
  record Defect(String itemKey, String what) {}

  /**
   * Forgets entries.
   *
   * @param dryRun only counts them
   * @return how many, borrowed ones among them
   * @throws NightjarException OPTION_INVALID if the predicate is none
   */
  long forget(Selection selection, boolean dryRun);

  /** Forgets the vectors kept by content of a tenant; they are made again when needed. */
  long forgetVectors(String tenant);

  /**
   * Drops what has expired, the tenant's vectors as old as that among it, and then, while the
   * namespace is larger than allowed, the entries that save least: what their hits so far have
   * saved, by the hour of their life; of equals the oldest.
   *
   * @param writtenAfter entries not younger than this have expired
   * @param bytesMax of the namespace's entries, or empty for no limit
   * @return how many
   */
  long evict(long namespaceId, Instant writtenAfter, Optional<Long> bytesMax);

  /**
   * Writes a tenant's entries as JSON lines, each namespace before its entries.
   *
   * @return how many entries
   */
  long export(String tenant, Writer out) throws IOException;

  /**
   * Takes in what {@link #export} wrote, by {@code COPY}. Entries that are there already stay as
   * they are.
   *
   * @return how many entries are new
   * @throws NightjarException INPUT_MALFORMED with the line that is not as expected
   */
  long importFrom(BufferedReader in) throws IOException;

  /**
   * Looks for what must not be: an answer that is no object or empty, a vector that is not of unit
   * length, a borrowed answer that differs from its source's.
   *
   * @return at most {@code defectsMax}
   */
  List<Defect> defects(String tenant, int defectsMax);

  /**
   * How often the index finds an entry's nearest neighbour, as an exact search does.
   *
   * @param samplesMax entries to try
   * @return in [0, 1]; empty if no namespace of the tenant has two entries with vectors
   */
  Optional<Double> recallAtOne(String tenant, int samplesMax);
}
