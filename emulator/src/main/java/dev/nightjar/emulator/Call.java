package dev.nightjar.emulator;

/** What an HTTP call wants, the same word for every provider. */
public enum Call {
  /** Sending a file; Gemini's resumable upload counts once for its start and once for each part. */
  UPLOAD,
  /** Creating a batch. */
  CREATE,
  /** Listing batches or files. */
  LIST,
  /** Retrieving one batch. Gemini's inline results come with it. */
  STATUS,
  /** Reading the content of a file, or the results of a batch. */
  RESULTS,
  /** Cancelling a batch. */
  CANCEL,
  /** Deleting a batch or a file. */
  DELETE,
  /** A completion that is answered at once. */
  ASK,
  /** Anything else: token counts, one file's description, lists of models. */
  OTHER
}
