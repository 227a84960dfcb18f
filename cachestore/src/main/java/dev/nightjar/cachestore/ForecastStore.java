package dev.nightjar.cachestore;

import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What forecasts are made of, and forecasts. Thread-safe. */
public interface ForecastStore {

  /**
   * A tier that may be asked.
   *
   * @param name its name in the task
   * @param provider who is asked
   * @param model which model
   * @param mode how it is asked now
   */
  record TierOption(String name, String provider, String model, AttemptMode mode) {}

  /**
   * Requests that begin at one tier, and what they would cost at another.
   *
   * @param firstTier where they begin, counted from the cheapest
   * @param tier where they are priced, the same or a dearer one
   * @param requests how many
   * @param promptTokens of all of them, by our own count
   * @param baselineInputUsd the same prompts at the unoptimised night's list price
   * @param listInputUsd at this tier's list price
   * @param inputUsd at what this tier is asked at
   * @param listOutputUsd one token of output for each of them, at list price
   * @param outputUsd the same at what this tier is asked at
   */
  record Work(
      int firstTier,
      int tier,
      long requests,
      long promptTokens,
      double baselineInputUsd,
      double listInputUsd,
      double inputUsd,
      double listOutputUsd,
      double outputUsd) {}

  /** How an item is to get its answer. */
  enum Outcome {
    ASKED,
    EXACT_HIT,
    SEMANTIC_HIT,
    COPY,
    FOLLOWER,
    /** They wait for what another run is asking. */
    ELSEWHERE,
    FAILED
  }

  /**
   * Items that are to get their answers in one way.
   *
   * @param items how many
   * @param baselineInputUsd their whole documents at the unoptimised night's list price
   * @param baselineOutputUsd one token of output for each of them, at that price
   * @param knownOutputUsd output of those whose answer is known already, at that price
   * @param known how many those are
   */
  record Reuse(
      long items,
      double baselineInputUsd,
      double baselineOutputUsd,
      double knownOutputUsd,
      long known) {}

  /**
   * What one tier did on an earlier night of the task.
   *
   * @param runId the night
   * @param tier the tier's name
   * @param answers that were billed
   * @param rejected those that would not do
   * @param outputTokens of all of them
   * @param inputTokensRatio the provider's count of prompt tokens over ours
   * @param inputUsdRatio what input cost over our count at the tier's plain price: the same, less
   *     what prompt caching saved
   */
  record Night(
      String runId,
      String tier,
      long answers,
      long rejected,
      long outputTokens,
      double inputTokensRatio,
      double inputUsdRatio) {}

  /**
   * One request and whom it serves.
   *
   * @param documentId the leader
   * @param tier where it begins
   * @param promptTokens by our own count
   * @param serves how many documents get its answer
   * @param worstCaseUsd most that it can cost
   */
  record Contributor(
      String documentId, String tier, int promptTokens, long serves, BigDecimal worstCaseUsd) {}

  /**
   * Everything a run has decided about one document.
   *
   * @param itemKey its key
   * @param state new, waiting, answered or failed
   * @param answeredBy how it got its answer, if it has one
   * @param leaderDocumentId whose answer it gets or got, where known
   * @param leaderKey the same as a key
   * @param similarity to that text
   * @param failure code and reason
   * @param wholePromptTokens of a prompt with all of the document in it
   * @param promptTokens of the prompt that is sent
   * @param tier where it begins
   * @param worstCaseUsd most that this can cost
   * @param lookup what the semantic cache had to say: decision, veto, score, threshold
   */
  record Explanation(
      String itemKey,
      String state,
      Optional<String> answeredBy,
      Optional<String> leaderDocumentId,
      Optional<String> leaderKey,
      Optional<Double> similarity,
      Optional<String> failure,
      int wholePromptTokens,
      Optional<Integer> promptTokens,
      Optional<String> tier,
      Optional<BigDecimal> worstCaseUsd,
      Optional<Lookup> lookup) {}

  /**
   * A look-up by likeness.
   *
   * @param decision hit, shadow, miss or vetoed
   * @param veto the guard that refused
   * @param similarity of the nearest, if any is near
   * @param score its vote
   * @param threshold least score for a hit; above 1 where there is no evidence yet
   */
  record Lookup(
      String decision,
      Optional<String> veto,
      Optional<Double> similarity,
      double score,
      double threshold) {}

  /**
   * First requests of one tier, and what is known of their provider's speed.
   *
   * @param tier the tier's name
   * @param provider who is asked
   * @param model which model
   * @param requests how many
   * @param bytes of all of them
   * @param promptTokens of all of them
   * @param enqueuedTokensMax how many the provider has said may wait at once, if it has
   * @param minutes median and nine in ten of its batches so far, from creation to end; empty
   *     without any
   */
  record Queue(
      String tier,
      String provider,
      String model,
      long requests,
      long bytes,
      long promptTokens,
      Optional<Long> enqueuedTokensMax,
      Optional<Minutes> minutes) {

    /**
     * How long batches took.
     *
     * @param median half of them at most
     * @param nineInTen nine in ten of them at most
     */
    public record Minutes(double median, double nineInTen) {}
  }

  /** The first requests of a run, by tier, against what their providers let through. */
  List<Queue> queues(String runId);

  /** The first requests of a run, priced at each tier from their own up. */
  List<Work> work(String runId, List<TierOption> tiers);

  /** How the items of a run are to get their answers. */
  Map<Outcome, Reuse> reuse(String runId);

  /**
   * What the tiers, with these models, did on the task's and tenant's last nights, oldest first.
   */
  List<Night> history(String runId, List<TierOption> tiers, int nightsMax);

  /** Most that the first requests of a run can cost. */
  BigDecimal worstCaseUsd(String runId);

  /** Keeps a run's forecast; the first stays. */
  void save(String runId, Forecast forecast);

  /** The forecast of a run. */
  Optional<Forecast> find(String runId);

  /** The requests of a run that can cost most. */
  List<Contributor> contributors(String runId, int contributorsMax);

  /** What a run has decided about a document; empty if it has not read it. */
  Optional<Explanation> explain(String runId, String documentId);

  /**
   * Begins a plan: a run that nothing is sent for. To other runs it is one that nobody drives.
   *
   * @param aliveUntil until when it counts as being made, if nobody says otherwise
   * @param deadlineAt until when prices are looked at
   * @throws dev.nightjar.cachestore.NightjarException RUN_MISMATCH if another plan of the namespace
   *     is being made
   */
  Run begin(long namespaceId, String corpus, Instant aliveUntil, Instant deadlineAt);

  /** Removes a plan with all that it wrote; what other runs have taken over stays theirs. */
  void discard(String runId);

  /** Removes the tenant's plans whose process is gone. */
  void discardAbandoned();
}
