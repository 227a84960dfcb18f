package dev.nightjar.pipelines.submit;

import dev.nightjar.cachestore.AttemptMode;
import dev.nightjar.cachestore.Ending;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.OnlineRequest;
import dev.nightjar.cachestore.Served;
import dev.nightjar.cachestore.Submission;
import dev.nightjar.cachestore.Usage;
import dev.nightjar.pipelines.JobContext;
import dev.nightjar.pipelines.beam.RecordCoder;
import dev.nightjar.pipelines.model.Provider;
import dev.nightjar.pipelines.model.ResultLine;
import dev.nightjar.pipelines.route.CustomIds;
import dev.nightjar.pipelines.task.TierSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.transforms.Reshuffle;
import org.apache.beam.sdk.values.PCollection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Downloads the results of ended submissions. Outputs one {@link ResultLine} for every attempt that
 * is still open: the provider's line, or, if it has none, a line that says so. Lines for attempts
 * that are unknown or settled, and second lines for the same attempt, are dropped here.
 */
public final class CollectResults extends PTransform<PCollection<String>, PCollection<ResultLine>> {
  private static final long serialVersionUID = 1L;

  private final JobContext context;

  private CollectResults(JobContext context) {
    this.context = context;
  }

  public static CollectResults of(JobContext context) {
    return new CollectResults(context);
  }

  @Override
  public PCollection<ResultLine> expand(PCollection<String> submissionIds) {
    return submissionIds
        .apply("Spread ended submissions", Reshuffle.viaRandomKey())
        .apply("Download results", ParDo.of(new DownloadFn(context)))
        .setCoder(RecordCoder.of(ResultLine.class))
        .apply("Spread result lines", Reshuffle.viaRandomKey());
  }

  private static final class DownloadFn extends ProviderFn<ResultLine> {
    private static final long serialVersionUID = 1L;
    private static final Logger LOG = LoggerFactory.getLogger(CollectResults.class);
    private static final int READS_MAX = 2;

    /** How long answers that a provider has counted are looked for. */
    private static final Duration LINES_LATE_MAX = Duration.ofHours(1);

    DownloadFn(JobContext context) {
      super(context);
    }

    @Override
    protected void processBatch(List<String> submissionIds, Consumer<ResultLine> output) {
      for (String submissionId : submissionIds) {
        download(stores().submissions().find(submissionId).orElseThrow(), output);
      }
    }

    private void download(Submission submission, Consumer<ResultLine> output) {
      ProviderClient client = clients().of(Provider.ofLabel(submission.provider()));
      Set<String> open = new HashSet<>(stores().submissions().unsettled(submission.submissionId()));
      try {
        if (submission.mode() == AttemptMode.ONLINE) {
          online(client, submission, open, output);
        } else {
          batch(client, submission, open, output);
        }
      } catch (ProviderException e) {
        if (BatchSubmitter.isGone(submission, e, clients(), context.clock().instant())) {
          unanswered(
              submission,
              open,
              context.clock().instant(),
              ErrorCode.OUTCOME_UNKNOWN,
              "the provider has deleted the results",
              output);
        } else if (BatchSubmitter.blip(submission, e, clients()).kind()
            == ProviderException.Kind.KEY_REFUSED) {
          throw BatchSubmitter.refusal(submission.submissionId(), e);
        } else {
          // This one stays ended and is read again; the others go on.
          LOG.warn("{}: its results: {}", submission.submissionId(), e.getMessage());
        }
      }
    }

    private void batch(
        ProviderClient client,
        Submission submission,
        Set<String> open,
        Consumer<ResultLine> output) {
      ProviderBatch batch = client.status(submission.providerBatchId().orElseThrow());
      if (batch.ending().isEmpty()) {
        throw new ProviderException(
            ProviderException.Kind.UNAVAILABLE, "it is said to be still at work again", null);
      }
      boolean failed = batch.ending().equals(Optional.of(Ending.FAILED));
      Set<String> answered = new HashSet<>();
      Set<String> named = new HashSet<>(); // by lines that cannot be read
      // Also of a failed batch, should it have any; and again if lines are missing, before that is
      // believed: a download may end early without an error.
      for (int reads = 0;
          reads < READS_MAX && !open.isEmpty() && (reads == 0 || !failed);
          reads++) {
        client.results(
            submission.submissionId(),
            batch,
            line -> {
              if (line.error().isEmpty()) {
                answered.add(line.customId());
              }
              if (open.remove(line.customId())) {
                output.accept(line);
              }
            },
            line -> CustomIds.in(line).forEach(named::add));
      }
      Set<String> unread = new HashSet<>(open);
      unread.retainAll(named);
      open.removeAll(unread);
      unanswered(
          submission,
          unread,
          batch.workedAt(),
          ErrorCode.OUTCOME_UNKNOWN,
          "the provider's line for it cannot be read",
          output);
      // Answers that the provider has counted, and hence billed, and that are in no file (yet).
      boolean unseen = !open.isEmpty() && answered.size() + unread.size() < batch.answered();
      // From when we first looked: a night that comes late must not find the hour over.
      Instant lookedAt = submission.endedAt().orElseGet(context.clock()::instant);
      if (unseen && context.clock().instant().isBefore(lookedAt.plus(LINES_LATE_MAX))) {
        throw new ProviderException(
            ProviderException.Kind.UNAVAILABLE,
            batch.answered() + " answers are counted and " + answered.size() + " can be read",
            null);
      }
      ErrorCode code =
          unseen
              ? ErrorCode.OUTCOME_UNKNOWN
              : failed
                  ? batch.failedBy().orElse(ErrorCode.BATCH_FAILED)
                  : batch.ending().equals(Optional.of(Ending.EXPIRED))
                      ? ErrorCode.REQUEST_EXPIRED
                      : batch.ending().equals(Optional.of(Ending.CANCELLED))
                          ? ErrorCode.SUBMISSION_CANCELLED
                          : ErrorCode.REQUEST_LOST;
      String reason =
          failed
              ? batch.failure()
              : unseen
                  ? "the provider counts an answer that it does not give"
                  : "the batch ended without a line for this request";
      unanswered(submission, open, batch.workedAt(), code, reason, output);
    }

    /** What is answered is given out at once, whatever else of the submission is waited for. */
    private void online(
        ProviderClient client,
        Submission submission,
        Set<String> open,
        Consumer<ResultLine> output) {
      boolean bills = Providers.of(submission).bills();
      Set<String> pending = new HashSet<>();
      Optional<ProviderException> unread = fetchAnswers(client, submission, open, pending);
      Instant now = context.clock().instant();
      stores()
          .submissions()
          .forEachOnlineRequest(
              submission.submissionId(),
              request -> {
                String customId = request.customId();
                if (!open.remove(customId)) {
                  return;
                }
                if (request.status().isPresent()) {
                  output.accept(
                      request.status().get() == ProviderClient.Response.NO_ROOM_STATUS
                          ? unanswered(
                              submission,
                              customId,
                              request.answeredAt().orElse(now),
                              ErrorCode.QUEUE_FULL,
                              "the provider accepted it, and had no room for it")
                          : client.onlineResult(submission.submissionId(), request));
                } else if (request.responseId().isEmpty()
                    && now.isBefore(answeredBy(client, submission, request))) {
                  // Who sent it may have lost the submission and still be waiting for the answer.
                  pending.add(customId);
                } else if (!pending.contains(customId)) {
                  output.accept(
                      unanswered(
                          submission,
                          customId,
                          request.askedAt(),
                          bills ? ErrorCode.OUTCOME_UNKNOWN : ErrorCode.REQUEST_LOST,
                          "the request was sent at "
                              + request.askedAt()
                              + " and no answer was seen"));
                }
              });
      unanswered(
          submission,
          open,
          now,
          submission.cancelRequestedAt().isPresent()
              ? ErrorCode.SUBMISSION_CANCELLED
              : ErrorCode.REQUEST_EXPIRED,
          "the request was not sent any more",
          output);
      if (unread.isPresent()) {
        throw unread.get();
      }
      if (!pending.isEmpty()) {
        throw new ProviderException(
            ProviderException.Kind.UNAVAILABLE,
            pending.size() + " of its requests may still be answered",
            null);
      }
    }

    private Instant answeredBy(
        ProviderClient client, Submission submission, OnlineRequest request) {
      TierSpec tier = context.task().tier(submission.tier());
      Duration answerMax = context.providers().answerMax(tier.outputTokensMax());
      Duration left = Duration.between(request.askedAt(), context.deadlineAt());
      return request
          .askedAt()
          .plus(context.task().isTrial() ? answerMax : client.patience(tier, left, answerMax));
    }

    /**
     * Fetches what was asked in the background and whose answer nobody has seen.
     *
     * @param pending takes those that are worked on, or could not be looked at
     * @return why not all could be looked at
     */
    private Optional<ProviderException> fetchAnswers(
        ProviderClient client, Submission submission, Set<String> open, Set<String> pending) {
      List<OnlineRequest> waiting = new ArrayList<>();
      stores()
          .submissions()
          .forEachOnlineRequest(
              submission.submissionId(),
              request -> {
                if (request.status().isEmpty()
                    && request.responseId().isPresent()
                    && open.contains(request.customId())) {
                  waiting.add(request);
                }
              });
      waiting.forEach(request -> pending.add(request.customId()));
      ProviderException refused = null;
      for (OnlineRequest request : waiting) {
        try {
          Optional<ProviderClient.Response> response =
              client.retrieve(request.responseId().orElseThrow());
          if (response.isPresent()) {
            stores()
                .submissions()
                .answered(
                    request.customId(),
                    response.get().status(),
                    response.get().body(),
                    context.clock().instant());
            pending.remove(request.customId());
          }
        } catch (ProviderException e) {
          if (e.kind() != ProviderException.Kind.REFUSED) {
            return Optional.of(e); // of the others it would say the same
          }
          if (clients().isOfThisAccount(submission)
              && context
                  .clock()
                  .instant()
                  .isAfter(request.askedAt().plus(Providers.of(submission).resultsKept()))) {
            pending.remove(request.customId()); // deleted there: nobody will know
          } else {
            refused = e.as(ProviderException.Kind.UNAVAILABLE);
          }
        }
      }
      return Optional.ofNullable(refused);
    }

    /** A line for each attempt that got none. */
    private static void unanswered(
        Submission submission,
        Set<String> customIds,
        Instant at,
        ErrorCode code,
        String reason,
        Consumer<ResultLine> output) {
      customIds.forEach(
          customId -> output.accept(unanswered(submission, customId, at, code, reason)));
    }

    private static ResultLine unanswered(
        Submission submission, String customId, Instant at, ErrorCode code, String reason) {
      return ResultLine.failed(
          submission.submissionId(), customId, Served.UNSAID, Usage.NONE, at, code, reason);
    }
  }
}
