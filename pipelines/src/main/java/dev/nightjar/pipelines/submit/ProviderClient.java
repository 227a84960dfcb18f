package dev.nightjar.pipelines.submit;

import dev.nightjar.cachestore.Submission;
import dev.nightjar.pipelines.model.ResultLine;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * The batch API of one provider, through its official SDK. Thread-safe. Every method throws {@link
 * ProviderException}. Nothing here retries a call that has an effect.
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

  /** Writes the requests of a submission, one call each. */
  interface RequestSource {
    void forEachLine(Consumer<String> line);
  }

  /**
   * Creates a batch. At most one request with an effect on the bill is sent.
   *
   * @param beforeEffect runs immediately before that request; if it throws, nothing is created
   */
  ProviderBatch create(Submission submission, RequestSource requests, Runnable beforeEffect);

  /**
   * Looks for the batch of a submission whose create was interrupted.
   *
   * @param knownIds tells which of some batch ids belong to other submissions
   * @param customIds the attempts of the submission
   */
  Found find(
      Submission submission,
      Function<Collection<String>, List<String>> knownIds,
      Collection<String> customIds);

  /** A batch as it stands now. */
  ProviderBatch status(String batchId);

  /**
   * Feeds the results of an ended batch to a consumer, in the provider's order, without holding
   * them.
   *
   * @param submissionId recorded with every line
   */
  void results(String submissionId, ProviderBatch batch, Consumer<ResultLine> consumer);

  /** Proves that the provider answers and accepts the key; empty if it does, else why not. */
  Optional<ProviderException> check();

  @Override
  void close();
}
