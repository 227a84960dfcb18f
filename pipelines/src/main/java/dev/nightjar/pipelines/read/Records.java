package dev.nightjar.pipelines.read;

import dev.nightjar.cachestore.ErrorCode;
import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Takes in what a format finds in a file. */
public interface Records {

  /** The fields of a record by name; null for none. */
  interface Fields {
    @Nullable String get(String name);

    /** All names there are, to say what may have been meant; empty if that is of no use. */
    default Collection<String> names() {
      return List.of();
    }
  }

  /**
   * A record, which names its id and its text itself.
   *
   * @param number its number, from 1
   */
  void accept(long number, Fields fields);

  /**
   * A document whose id is where it is.
   *
   * @param number as of a record; 0 for the whole file
   * @param part its name inside the file; empty for the whole file
   * @param fields metadata; what the format could have and this document has not, is left out
   */
  void document(long number, String part, String text, Map<String, String> fields);

  /**
   * A file inside the file, which is read by its own format.
   *
   * @param path inside the file
   * @param content its bytes; open until this returns, which need not read it to its end
   */
  void file(String path, CorpusFile.Content content) throws IOException;

  /**
   * Something that is none.
   *
   * @param number as of a record; 0 for the whole file
   * @param id its id, if that was read, else empty
   * @param reason what was found and what was expected
   */
  void refuse(long number, String id, ErrorCode code, String reason);

  /** Something that the file does not say and that was taken to be so, in words. */
  void assume(String assumption);
}
