package dev.nightjar.pipelines.read;

import java.util.List;

/**
 * How a file was written.
 *
 * @param format in words
 * @param encoding of its characters; empty if it is not known
 * @param separator between fields, in words; empty where there is none
 * @param header names of its columns, if it has any
 */
public record Written(String format, String encoding, String separator, List<String> header) {
  public Written {
    header = List.copyOf(header);
  }

  /** A format without characters of its own, separators and columns. */
  public static Written as(String format) {
    return new Written(format, "", "", List.of());
  }
}
