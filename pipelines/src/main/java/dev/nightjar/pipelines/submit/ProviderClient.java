package dev.nightjar.pipelines.submit;

import dev.nightjar.cachestore.OnlineRequest;
import dev.nightjar.cachestore.Submission;
import dev.nightjar.pipelines.model.ResultLine;
import dev.nightjar.pipelines.task.TierSpec;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * One provider, through its official SDK or its wire format. Thread-safe. Every method throws
 * {@link ProviderException}. Calls without an effect on the bill are repeated by {@link
 * ProviderCalls}; {@link #create} and {@link #ask} send at most one request.
 */
public interface ProviderClient extends AutoCloseable {

  /** What asking the provider about an interrupted create came to. */
  sealed interface Found {
    /** It exists. */
    record Batch(ProviderBatch batch) implements Found {}

    /** It does not exist. */
    record Absent() implements Found {}

    /** The provider cannot say yet. */
    record Undecided() implements Found {}
  }

  /**
   * The answer to an online request, whatever its status.
   *
   * @param retryAfter how long the provider asks to be left alone
   */
  record Response(int status, String body, Optional<Duration> retryAfter) {
    /** Of what was not done, and not billed, for want of room. */
    static final int NO_ROOM_STATUS = 429;

    private static final int ACCEPTED_STATUS = 202;

    /** Nobody waits for it: it is fetched by the name that it was given. */
    static final Response ACCEPTED = new Response(ACCEPTED_STATUS, "", Optional.empty());

    boolean isAccepted() {
      return status == ACCEPTED_STATUS;
    }

    boolean hadNoRoom() {
      return status == NO_ROOM_STATUS;
    }
  }

  // ---- batches ----

  /** Whether the requests of a submission go to the provider as a file of their own. */
  boolean uploads(Submission submission);

  /**
   * Uploads the requests of a submission under a name that holds its id.
   *
   * @param requests one request a line
   * @return the provider's name for the file
   */
  String upload(Submission submission, Path requests);

  /**
   * Creates a batch. At most one request with an effect on the bill is sent.
   *
   * @param requests one request a line; empty if they were uploaded
   */
  ProviderBatch create(Submission submission, TierSpec tier, Optional<Path> requests);

  /**
   * Looks for the batch of a submission whose create was interrupted.
   *
   * @param since no batch of it is older, by the provider's clock
   * @param knownIds tells which of some batch ids belong to other submissions
   * @param customIds the attempts of the submission
   */
  Found find(
      Submission submission,
      Instant since,
      Function<Collection<String>, List<String>> knownIds,
      Collection<String> customIds);

  /**
   * A batch that may be one of ours.
   *
   * @param submissionId whose it is, where the provider keeps that
   * @param createdAt by the provider's clock
   */
  record Listed(String batchId, Optional<String> submissionId, Instant createdAt) {}

  /**
   * Lists the batches of the account that may be ours.
   *
   * @param since no older ones, by the provider's clock
   */
  void forEachBatch(Instant since, Consumer<Listed> consumer);

  /** A batch as it stands now. */
  ProviderBatch status(String batchId);

  /**
   * Feeds the results of an ended batch to a consumer, in the provider's order, without holding
   * them. A download that breaks off is resumed.
   *
   * @param submissionId recorded with every line
   * @param unreadable takes lines of which nobody can tell what they say
   */
  void results(
      String submissionId,
      ProviderBatch batch,
      Consumer<ResultLine> consumer,
      Consumer<String> unreadable);

  /**
   * Asks the provider to stop working on a batch. What it has done by then is billed, and is in the
   * results.
   */
  void cancel(String batchId);

  /** Uploads of ours that are there: the provider's name, and the submission id in the file's. */
  Map<String, String> uploads();

  /** Deletes an upload; one that is gone already is no error. */
  void deleteUpload(String fileId);

  /**
   * Deletes an ended batch: its requests and its results, as far as the provider has them under
   * names of their own. What is gone already is no error.
   *
   * @param inputFileId the file of its requests; empty if there was none
   */
  void deleteBatch(String batchId, Optional<String> inputFileId);

  // ---- online ----

  /**
   * Asks one request and waits for its answer, whatever its status. Streamed where the provider
   * does that, and asked in the background where it can be fetched later.
   *
   * @param line the request as in a batch
   * @param left until the deadline: of the ways that meet it the cheapest is taken that the
   *     provider has room for
   * @param turns how many answers are waited for one after the other until all requests are
   *     answered: a slow way may take its longest time for each
   * @param accepted told the name under which the answer can be {@link #retrieve retrieved}, as
   *     soon as there is one
   */
  Response ask(TierSpec tier, String line, Duration left, int turns, Consumer<String> accepted);

  /**
   * Fetches the answer to a request that was asked in the background.
   *
   * @param responseId as {@link #ask} told it
   * @return empty if it is still worked on
   */
  default Optional<Response> retrieve(String responseId) {
    throw new UnsupportedOperationException("nothing is asked in the background here");
  }

  /**
   * How long whoever asked one request may wait for its answer, whichever ways it is asked.
   *
   * @param left until the deadline, when it was asked
   * @param otherwise the settings' limit for it
   */
  default Duration patience(TierSpec tier, Duration left, Duration otherwise) {
    return otherwise;
  }

  /** An answered online request, in the form of a batch's line. */
  ResultLine onlineResult(String submissionId, OnlineRequest request);

  // ---- both ----

  /**
   * The provider's own time, as an answer of it is dated. Ours may be set between two looks.
   *
   * @return empty if it dates no answer, as a directory of files does
   */
  Optional<Instant> time();

  /** Proves that the provider answers and accepts the key; empty if it does, else why not. */
  Optional<ProviderException> check();

  @Override
  void close();
}
