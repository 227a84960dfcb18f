package dev.nightjar.pipelines.read;

import dev.nightjar.cachestore.ErrorCode;
import org.jspecify.annotations.Nullable;

/** Takes in what a format finds in a file. */
interface Records {

  /** The fields of a record by name; null for none. */
  interface Fields {
    @Nullable String get(String name);
  }

  /**
   * A record.
   *
   * @param number its number, from 1
   */
  void accept(long number, Fields fields);

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
