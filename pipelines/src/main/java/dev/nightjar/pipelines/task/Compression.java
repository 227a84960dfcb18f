package dev.nightjar.pipelines.task;

/** What is left out of documents before anything else is; each level does what those before do. */
public enum Compression {
  /** Nothing: the document as it is. */
  NONE,
  /** White space at the ends of lines, blank lines after a blank line, invisible characters. */
  SPACE,
  /** Rules of dashes, page numbers, running heads, tags of HTML. */
  FURNITURE,
  /** What a mail repeats of others, its signature, disclaimers. */
  REPLIES
}
