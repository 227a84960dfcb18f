package dev.nightjar.cachestore;

/**
 * Everything that can go wrong, by name. A code is stable: it is stored with failed items and dead
 * letters, and people group by it.
 */
public enum ErrorCode {
  /** A command line option has a value that cannot be used. */
  OPTION_INVALID,
  /** A task file breaks its schema, or names what does not exist. */
  TASK_INVALID,
  /** No file matches the corpus, or what matches holds no document. */
  CORPUS_EMPTY,
  /** A corpus file cannot be opened or read. */
  INPUT_UNREADABLE,
  /** A file holds bytes that are not text. */
  INPUT_NOT_TEXT,
  /** A file can be read with a password only. */
  INPUT_ENCRYPTED,
  /** A file, line or record does not parse. */
  INPUT_MALFORMED,
  /** A document changed or vanished while its run was interrupted. */
  INPUT_CHANGED,
  /** A document lacks a field that the task reads. */
  INPUT_FIELD_MISSING,
  /** A document has no text at all. */
  INPUT_EMPTY,
  /** A document is larger than the bound on one document. */
  INPUT_TOO_LARGE,
  /** A document's id is longer than a key may be. */
  INPUT_ID_TOO_LONG,
  /** A second document with an id already taken. */
  INPUT_DUPLICATE_ID,
  /** A file was read by an assumption, and none was allowed. */
  INPUT_ASSUMED,
  /** A document brought a stage to fail, or to take longer than a document may. */
  DOCUMENT_FAILED,
  /** The database does not answer, or refuses the user. */
  DATABASE_UNREACHABLE,
  /** The database server could not go on: its disk is full, it was shut down, or the link broke. */
  DATABASE_FAILED,
  /** The database lacks pgvector, or is of another schema version. */
  DATABASE_UNSUITABLE,
  /** No PostgreSQL with pgvector could be found on this machine. */
  POSTGRES_MISSING,
  /**
   * The home directory, or the private database in it, is another user's, cannot be looked at, or
   * is not what it was.
   */
  HOME_UNUSABLE,
  /** A program that is needed is not on this machine, or not where it was looked for. */
  PROGRAM_MISSING,
  /** A backup could not be written or restored. */
  BACKUP_FAILED,
  /** A file system of this machine is full. */
  DISK_FULL,
  /** This machine's clock and the database's differ by more than leases allow. */
  CLOCK_SKEWED,
  /** A local port is in use. */
  PORT_TAKEN,
  /** Another rehearsal of the same home directory is under way. */
  REHEARSAL_BUSY,
  /** A provider's API key is not in the environment. */
  PROVIDER_KEY_MISSING,
  /** A provider's API key in the environment holds characters that no key has. */
  PROVIDER_KEY_INVALID,
  /** A provider refused the API key (401 or 403). */
  PROVIDER_KEY_REFUSED,
  /**
   * A provider sells an account nothing more: a spend limit is reached, no credit is left, or the
   * account is on hold.
   */
  PROVIDER_ACCOUNT_STOPPED,
  /** A provider refused a request for a reason that will not pass by itself. */
  PROVIDER_REFUSED,
  /** A provider could not be reached, or answered with an error that may pass. */
  PROVIDER_UNAVAILABLE,
  /**
   * A provider gave a batch a name that another submission has: it is another account's or
   * server's.
   */
  PROVIDER_MISMATCH,
  /** A whole batch failed at the provider, before or after its validation. */
  BATCH_FAILED,
  /** A batch was refused because the account's queue at the provider is full. */
  QUEUE_FULL,
  /**
   * An operator cancelled a submission, or a cancelled batch ended before it came to this request.
   */
  SUBMISSION_CANCELLED,
  /** A request was withdrawn from its batch to be asked online, because the deadline is near. */
  DEADLINE_NEAR,
  /** An online request may have been billed, and nobody can tell what it came to. */
  OUTCOME_UNKNOWN,
  /** A line of a batch ended in an error. */
  REQUEST_ERRORED,
  /** A request is longer than its model takes. */
  REQUEST_TOO_LONG,
  /** A provider finds a request wrong; as it is it would be refused again. */
  REQUEST_INVALID,
  /** A line of a batch was not executed inside the provider's window. */
  REQUEST_EXPIRED,
  /** A batch ended without a line for an attempt. */
  REQUEST_LOST,
  /** An answer was cut off at its token limit. */
  ANSWER_TRUNCATED,
  /** A model refused to answer. */
  ANSWER_REFUSED,
  /** A provider's filter stopped a prompt or its answer. */
  ANSWER_FILTERED,
  /** Prompt and answer filled a model's context window before the answer was complete. */
  ANSWER_CONTEXT_FULL,
  /** A provider paused before an answer was complete. */
  ANSWER_PAUSED,
  /** An answer is not JSON, or breaks the task's output schema. */
  ANSWER_INVALID,
  /** An answer is booked and could not be judged: a defect of Nightjar's or of the task's. */
  ANSWER_UNJUDGED,
  /** Nearly all of the first answers of a tier would not do, and the run was stopped. */
  ANSWERS_REJECTED,
  /** No price row is in force for a model. */
  PRICE_MISSING,
  /** A price list does not parse, or states what cannot be. */
  PRICES_INVALID,
  /** A price cannot change because something was charged by it. */
  PRICE_IN_USE,
  /** No budget covers the attempt. */
  BUDGET_EXHAUSTED,
  /** The run's deadline came first. */
  DEADLINE_PASSED,
  /**
   * A task was changed while a run of its former version was open, and nothing more is bought for
   * it.
   */
  TASK_CHANGED,
  /** A run id belongs to another task or corpus. */
  RUN_MISMATCH,
  /** A defect of Nightjar itself. */
  INTERNAL
}
