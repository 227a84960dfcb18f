package dev.nightjar.cachestore;

import java.io.Serializable;
import java.util.List;

/**
 * How a file of the corpus was read.
 *
 * @param sourceUri file
 * @param format what it was taken for, in words
 * @param encoding of its characters; empty if none was read
 * @param separator between fields, in words; empty where there is none
 * @param header names of its columns, if it has a header
 * @param assumptions what the file does not say and was taken to be so, each in words
 * @param documents how many documents it gave
 * @param refused how many dead letters
 */
public record FileReading(
    String sourceUri,
    String format,
    String encoding,
    String separator,
    List<String> header,
    List<String> assumptions,
    long documents,
    long refused)
    implements Serializable {
  public FileReading {
    header = List.copyOf(header);
    assumptions = List.copyOf(assumptions);
  }
}
