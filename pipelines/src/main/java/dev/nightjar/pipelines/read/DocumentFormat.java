package dev.nightjar.pipelines.read;

import java.io.IOException;
import java.util.Optional;
import java.util.Set;

/**
 * A file format: makes records and documents of a file's bytes. Further ones are found by {@link
 * java.util.ServiceLoader}, before those that come with this package. Stateless and thread-safe,
 * with a public constructor without parameters.
 */
public interface DocumentFormat {
  /**
   * The media types that it reads, as {@code text/calendar}, and with them all kinds of these that
   * no other format names.
   */
  Set<String> mediaTypes();

  /**
   * The fields that its documents can have, besides {@link DocumentReader#FILE_FIELDS}: a task that
   * reads another has none of its files read. Empty if each file names its own, as columns.
   */
  Optional<Set<String>> fields();

  /**
   * Whether it reads in a process of its own, whose heap and time are bounded: for whatever a file
   * can bring to loop, or to fill the memory.
   */
  default boolean isConfined() {
    return true;
  }

  /**
   * Reads a file to its end.
   *
   * @param file of one of the media types
   * @param columns those that the task reads, for formats whose files name their own
   * @param records takes what is found
   * @return how it was written
   * @throws IOException if it cannot be read to its end; what was given to the records stays
   */
  Written read(CorpusFile file, Columns columns, Records records) throws IOException;
}
