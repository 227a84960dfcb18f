package dev.nightjar.pipelines.lint;

/**
 * Something that a prompt could do without.
 *
 * @param kind what it is
 * @param text in words, with the words that it is about
 * @param tokens what each request would be shorter by; 0 if it would be no shorter
 * @param usdPerRequest what each request would be cheaper by
 */
public record Finding(Kind kind, String text, int tokens, double usdPerRequest) {

  /** Kinds of findings. */
  public enum Kind {
    /** White space, and sentences that stand twice to the letter: what can be written at once. */
    SAFE,
    REPEATED,
    PADDED,
    EXAMPLE,
    UNUSED,
    SCHEMA,
    PREFIX
  }
}
