package dev.nightjar.cachestore;

import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** Runs and namespaces. Thread-safe. */
public interface RunStore {

  /** Registers a task version and returns its namespace for a tenant and embedding model. */
  long namespace(String tenant, TaskVersion task, String embeddingModel);

  /**
   * Makes the view of a task's current answers, or makes it anew if its columns are others now.
   *
   * @param columnsJson its columns beside those of every such view: an array of objects with name,
   *     property and kind (text, numeric, boolean or json)
   * @return its name in SQL, with schema and quotes
   */
  String answersView(String tenant, String taskName, String columnsJson);

  /**
   * Opens a run, or continues one.
   *
   * @param runId the wanted id; if such a run exists it is returned, open or finished. Empty: the
   *     open run of the same namespace and corpus if there is one, else a new run
   * @param taskName the task's name as it is now; budgets count the run by it
   * @param budgetUsd the budget; empty leaves a continued run's as it is
   * @param deadlineAt the deadline; a continued run takes it over
   * @throws NightjarException RUN_MISMATCH if the id belongs to another namespace or corpus, or if
   *     this corpus has an open run of another id
   */
  Run open(
      Optional<String> runId,
      long namespaceId,
      String taskName,
      String corpus,
      Optional<BigDecimal> budgetUsd,
      Instant deadlineAt);

  /**
   * Another namespace of a tenant, with something left to bring home and nobody at work in it.
   *
   * @param namespaceId the namespace
   * @param taskName the task's name
   * @param definitionJson the task as it was, by which its answers are judged
   * @param superseded whether it is a former version, known for longer, of the task that is asked
   *     about
   */
  record Elsewhere(long namespaceId, String taskName, String definitionJson, boolean superseded) {}

  /**
   * What a tenant's other namespaces have at providers that no process is driving.
   *
   * @param alsoHere whether this one is among them
   */
  List<Elsewhere> elsewhere(long namespaceId, boolean alsoHere);

  /**
   * Ends a run that no process is driving: with nothing more to come, or, once its deadline has
   * passed, also with documents that fail. Does nothing while a provider has something of it, and
   * if somebody has taken it up again; all in one transaction.
   *
   * @return whether it has ended now
   */
  boolean endUndriven(String runId, ErrorCode code, String reason);

  /**
   * An open run that no process is driving.
   *
   * @param run the run
   * @param superseded whether its task has a newer version, that of the namespace asked about
   */
  record Undriven(Run run, boolean superseded) {}

  /**
   * The open runs of a namespace's tenant that no process is driving.
   *
   * @param exceptRunId the run that asks; empty for none
   */
  List<Undriven> undriven(long namespaceId, String exceptRunId);

  /** The open run of a namespace and corpus, else the last that was finished. */
  Optional<Run> latest(long namespaceId, String corpus);

  /** What {@link #keepListing} kept; empty before a run has read its corpus. */
  String listing(String runId);

  /** Keeps which files a run has read, as a text that changes when they do. */
  void keepListing(String runId, String listing);

  /**
   * Ends what a run has not sent: nothing more is bought for it. What providers have is waited for.
   * Does nothing if a process is driving the run.
   *
   * @return how many of its documents failed for it
   */
  long stopBuying(String runId, ErrorCode code, String reason);

  /**
   * Keeps what a run's reports assume; also of a run that is continued.
   *
   * @param uncappedOutputTokens how long an answer would be that nobody asks to be short; empty for
   *     as long as the answers are
   * @param machineUsdPerHour what an hour of the machine costs that embeds; empty leaves a
   *     continued run's as it is
   */
  void assume(
      String runId, OptionalInt uncappedOutputTokens, Optional<BigDecimal> machineUsdPerHour);

  /** Adds machine time that a run has taken. */
  void addEmbeddingTime(String runId, long texts, Duration time);

  /**
   * Posts the books of every run of a namespace that is finished and not posted: see {@code
   * post_run} in the schema.
   */
  void postFinished(long namespaceId);

  /** The run of an id. */
  Optional<Run> find(String runId);

  RunProgress progress(String runId);

  /**
   * What became of the documents since the run before of the same task and corpus.
   *
   * @param formerRunId the run before
   */
  record CorpusChanges(String formerRunId, long added, long changed, long renamed, long gone) {}

  /** The changes of a run's corpus; empty if nothing did change, or there is no run before. */
  Optional<CorpusChanges> corpusChanges(String runId);

  /**
   * What is there to know of how a file was read.
   *
   * @param notes assumptions, and what was refused, each in words
   */
  record InputNotes(String sourceUri, List<String> notes) {}

  /**
   * The files of a run of which there is something to know, by name.
   *
   * @param filesMax most files
   */
  List<InputNotes> inputNotes(String runId, int filesMax);

  /**
   * Says that all input has been read and planned. What is still undecided then was in the corpus
   * when the run was interrupted and is not, or not in the same words, any more: it fails with
   * INPUT_CHANGED.
   */
  void markPrepared(String runId);

  /**
   * Fails what is still open, with a reason, and withdraws what no provider has yet. Attempts in
   * flight stay billed: they are charged, and their answers kept, when they are collected.
   */
  long failOpenItems(String runId, ErrorCode code, String reason);

  /**
   * Closes a run, and notifies who listens to nightjar_run_finished by its id.
   *
   * @throws NightjarException INTERNAL if its input has not been read to the end, or items are
   *     still open
   */
  void finish(String runId);

  /** Whether any document of a run was read. */
  boolean hasItems(String runId);

  /** Whether any document of a run has no end yet. */
  boolean hasOpenItems(String runId);

  /**
   * Deletes prompts and bands that no open leader needs any more, and has the server look at what
   * the run has written.
   */
  void tidy(String runId);

  /**
   * Says that a process drives this run. What the run holds but has not asked is taken over by no
   * other run before {@code until}.
   */
  void keepAlive(String runId, Instant until);

  /**
   * Ends leases and waits that are too far ahead to have been set by the clock as it is now: it has
   * been set back since, and they would last until it has caught up.
   *
   * @param waitMax the longest wait between two tries of this process; others are taken to wait for
   *     ten minutes
   */
  void endTimesAhead(Duration waitMax);

  /** How far this process's clock is ahead of the database's; negative if it is behind. */
  Duration clockAhead();
}
