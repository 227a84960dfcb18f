package dev.nightjar.pipelines.model;

import java.util.Map;

/**
 * A document of the corpus.
 *
 * @param id unique in the corpus
 * @param text its text
 * @param fields the further fields that the task reads
 * @param sourceUri file it came from
 * @param priority what the corpus says of its urgency; higher goes first when money is short
 * @param position line or record in that file, from 1; 0 for a whole file
 */
public record Document(
    String id,
    String text,
    Map<String, String> fields,
    double priority,
    String sourceUri,
    long position) {

  /** The same document, of another urgency. */
  public Document withPriority(double other) {
    return new Document(id, text, fields, other, sourceUri, position);
  }
}
