package dev.nightjar.pipelines.validate;

import dev.nightjar.cachestore.AttemptPlan;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.LocatedQuote;
import dev.nightjar.cachestore.Outcome;
import dev.nightjar.cachestore.StoredAttempt;
import dev.nightjar.cachestore.Submission;
import dev.nightjar.pipelines.JobContext;
import dev.nightjar.pipelines.beam.RecordCoder;
import dev.nightjar.pipelines.beam.StoreFn;
import dev.nightjar.pipelines.compress.PromptRenderer;
import dev.nightjar.pipelines.model.AnswerEnd;
import dev.nightjar.pipelines.model.ResultLine;
import dev.nightjar.pipelines.model.SourceDocument;
import dev.nightjar.pipelines.model.SubmissionOutcome;
import dev.nightjar.pipelines.model.Watchdog;
import dev.nightjar.pipelines.route.PlanAttempts;
import dev.nightjar.pipelines.submit.Providers;
import dev.nightjar.pipelines.submit.RequestLines;
import dev.nightjar.pipelines.task.TierSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.values.PCollection;
import org.jspecify.annotations.Nullable;

/**
 * Judges result lines. Outputs an outcome for each, with the next attempt where the answer will not
 * do and a tier is left.
 */
public final class ValidateAnswers
    extends PTransform<PCollection<ResultLine>, PCollection<SubmissionOutcome>> {
  private static final long serialVersionUID = 1L;
  private static final int LINES_BATCH_MAX = 500;

  /** Whole documents in memory at once, of two megabytes each at most. */
  private static final int DOCUMENTS_MAX = 20;

  /** Less more than this is not worth a second answer of the same model. */
  private static final double MUCH_MORE = 1.25;

  private final JobContext context;
  private final boolean escalates;

  private ValidateAnswers(JobContext context, boolean escalates) {
    this.context = context;
    this.escalates = escalates;
  }

  public static ValidateAnswers of(JobContext context) {
    return new ValidateAnswers(context, true);
  }

  /** The same without a next attempt: for a task that nothing more is bought for. */
  public ValidateAnswers withoutEscalation() {
    return new ValidateAnswers(context, false);
  }

  @Override
  public PCollection<SubmissionOutcome> expand(PCollection<ResultLine> lines) {
    return lines
        .apply("Judge answers", ParDo.of(new JudgeFn(context, escalates)))
        .setCoder(RecordCoder.of(SubmissionOutcome.class));
  }

  private static final class JudgeFn extends StoreFn<ResultLine, SubmissionOutcome> {
    private static final long serialVersionUID = 1L;

    private transient @Nullable AnswerValidator validator;
    private transient @Nullable RequestLines lines;
    private transient @Nullable PromptRenderer renderer;

    private final boolean escalates;

    JudgeFn(JobContext context, boolean escalates) {
      super(context, LINES_BATCH_MAX);
      this.escalates = escalates;
    }

    @Override
    protected void open() {
      super.open();
      validator = new AnswerValidator(context.task().outputSchemaJson());
      lines = new RequestLines(context.task());
      renderer = new PromptRenderer(context.task());
    }

    @Override
    protected void processBatch(List<ResultLine> lines, Consumer<SubmissionOutcome> output) {
      Map<String, List<ResultLine>> bySubmission =
          lines.stream().collect(Collectors.groupingBy(ResultLine::submissionId));
      bySubmission.forEach(
          (submissionId, same) -> {
            Map<String, StoredAttempt> attempts =
                stores()
                    .submissions()
                    .openAttempts(submissionId, same.stream().map(ResultLine::customId).toList());
            Optional<Submission> submission = stores().submissions().find(submissionId);
            int step = context.task().hasQuotes() ? DOCUMENTS_MAX : LINES_BATCH_MAX;
            for (int from = 0; from < same.size(); from += step) {
              judge(
                  submissionId,
                  same.subList(from, Math.min(same.size(), from + step)),
                  attempts,
                  submission,
                  output);
            }
          });
    }

    private void judge(
        String submissionId,
        List<ResultLine> lines,
        Map<String, StoredAttempt> attempts,
        Optional<Submission> submission,
        Consumer<SubmissionOutcome> output) {
      Map<String, String> documents =
          context.task().hasQuotes()
              ? stores()
                  .work()
                  .documents(
                      lines.stream()
                          .map(ResultLine::customId)
                          .map(attempts::get)
                          .filter(Objects::nonNull)
                          .map(StoredAttempt::itemKey)
                          .toList())
              : Map.of();
      List<LocatedQuote> quotes = new ArrayList<>();
      List<SubmissionOutcome> outcomes = new ArrayList<>();
      for (ResultLine line : lines) {
        StoredAttempt attempt = attempts.get(line.customId());
        if (attempt != null) {
          Optional<SourceDocument> document =
              Optional.ofNullable(documents.get(attempt.itemKey())).map(SourceDocument::ofJson);
          outcomes.add(
              new SubmissionOutcome(
                  submissionId, judge(line, attempt, submission, document, quotes)));
        }
      }
      stores().work().keepQuotes(quotes); // before the answers they are of are settled
      outcomes.forEach(output);
    }

    private Outcome judge(
        ResultLine line,
        StoredAttempt attempt,
        Optional<Submission> submission,
        Optional<SourceDocument> document,
        List<LocatedQuote> quotes) {
      boolean bills = submission.map(Providers::bills).orElse(true);
      if (validator == null) {
        throw new IllegalStateException("setup has not run");
      }
      if (line.error().isPresent()) {
        return new Outcome(
            line.customId(),
            Outcome.Kind.ERRORED,
            line.usage(),
            line.billedAt(),
            Optional.empty(),
            line.error(),
            line.reason(),
            escalates ? nextAfter(line.error().get(), attempt, submission) : Optional.empty(),
            false,
            switch (line.error().get()) {
              case OUTCOME_UNKNOWN -> true; // paid for, perhaps, once
              case REQUEST_TOO_LONG -> true; // until the task is another
              case ANSWER_FILTERED, ANSWER_INVALID ->
                  Escalation.afterAnswer(context.task(), attempt, line.error().get()).isEmpty();
              default -> false;
            },
            Optional.empty(),
            line.served());
      }
      AnswerValidator judge = validator;
      AnswerValidator.Verdict verdict =
          Watchdog.contained(
              () -> verdict(judge, line, attempt.prompt(), document),
              reason ->
                  AnswerValidator.Verdict.rejected(
                      ErrorCode.ANSWER_UNJUDGED, "to look for what it quotes " + reason));
      boolean accepted = verdict.answerJson().isPresent();
      verdict.quotes().forEach(quote -> quotes.add(quote.of(line.customId())));
      Optional<AttemptPlan> next =
          (escalates && verdict.isMisquoted()
                  ? withMore(attempt, document)
                  : Optional.<AttemptPlan>empty())
              .or(
                  () ->
                      verdict
                          .code()
                          .flatMap(code -> Escalation.afterAnswer(context.task(), attempt, code))
                          .map(tier -> plan(tier, attempt)));
      boolean isMoreLeft = // which is not worked out where nothing more is asked
          !escalates
              && verdict.isMisquoted()
              && document.filter(whole -> !attempt.prompt().contains(whole.text())).isPresent();
      return new Outcome(
          line.customId(),
          accepted ? Outcome.Kind.SUCCEEDED : Outcome.Kind.REJECTED,
          line.usage(),
          line.billedAt(),
          verdict.answerJson(),
          accepted ? Optional.<ErrorCode>empty() : verdict.code(),
          verdict.reason(),
          escalates ? next : Optional.empty(),
          // Answered, and not a word of what it cost.
          bills && !line.usage().isBilled() && line.end() != AnswerEnd.DECLINED,
          // No tier is left that might do better, or what was bought would be judged no better
          // again.
          !accepted && next.isEmpty() && !isMoreLeft,
          accepted ? Optional.empty() : Optional.of(line.text()),
          line.served());
    }

    private AnswerValidator.Verdict verdict(
        AnswerValidator validator,
        ResultLine line,
        String prompt,
        Optional<SourceDocument> document) {
      return line.end()
          .code()
          .map(
              code ->
                  AnswerValidator.Verdict.rejected(
                      code,
                      line.end().reason()
                          + (line.reason().isEmpty() ? "" : " (" + line.reason() + ")")))
          .orElseGet(
              () ->
                  prompt.isBlank() // of an item that was answered otherwise meanwhile
                      ? validator.validate(line.text())
                      : validator.validate(
                          line.text(),
                          document
                              .map(whole -> QuoteSource.of(whole, context.task().compression()))
                              .orElseGet(() -> QuoteSource.ofPrompt(prompt))));
    }

    /**
     * What is asked after an answer that quotes what is not there: the same with more of the
     * document, one tier up, or where none is left, again at its own with much more. A document
     * that brings this to fail is asked one tier up as it was.
     */
    private Optional<AttemptPlan> withMore(
        StoredAttempt attempt, Optional<SourceDocument> document) {
      PromptRenderer prompts = renderer;
      if (prompts == null) {
        throw new IllegalStateException("setup has not run");
      }
      return document.flatMap(
          whole ->
              Watchdog.contained(
                  () -> withMore(prompts, attempt, whole),
                  reason -> Optional.<AttemptPlan>empty()));
    }

    private Optional<AttemptPlan> withMore(
        PromptRenderer prompts, StoredAttempt attempt, SourceDocument whole) {
      return prompts
          .larger(whole, attempt.prompt(), 1)
          .map(more -> longer(attempt, more))
          .flatMap(
              more -> Escalation.afterMisquote(context.task(), more).map(tier -> plan(tier, more)))
          .or(
              () ->
                  prompts
                      .larger(whole, attempt.prompt(), MUCH_MORE)
                      .map(more -> longer(attempt, more))
                      .flatMap(
                          more ->
                              Escalation.againWithMore(context.task(), more)
                                  .map(tier -> plan(tier, more))));
    }

    private static StoredAttempt longer(StoredAttempt attempt, PromptRenderer.Rendered more) {
      return new StoredAttempt(
          attempt.customId(),
          attempt.itemKey(),
          attempt.attemptNumber(),
          attempt.tier(),
          attempt.attemptsAtTier(),
          more.user(),
          more.promptTokens(),
          attempt.priority());
    }

    private Optional<AttemptPlan> nextAfter(
        ErrorCode code, StoredAttempt attempt, Optional<Submission> submission) {
      boolean isMarked = submission.flatMap(Submission::cacheMark).isPresent();
      // Cancelled only to be asked online, and so they are, also after a new deadline.
      boolean askCancelled =
          submission.flatMap(Submission::cancelReason).equals(Optional.of(ErrorCode.DEADLINE_NEAR));
      return switch (code) {
        case OUTCOME_UNKNOWN -> Optional.empty(); // it may have been billed
        // As it is it would be refused again; but one that was marked is sent without its mark.
        case REQUEST_INVALID -> isMarked ? again(attempt) : Optional.empty();
        case REQUEST_TOO_LONG ->
            Escalation.afterTooLong(context.task().tiers(), attempt)
                .map(tier -> plan(tier, attempt));
        case ANSWER_FILTERED, ANSWER_INVALID ->
            Escalation.afterAnswer(context.task(), attempt, code).map(tier -> plan(tier, attempt));
        case QUEUE_FULL, PROVIDER_ACCOUNT_STOPPED ->
            Optional.of(plan(context.task().tier(attempt.tier()), attempt)); // no try
        case SUBMISSION_CANCELLED -> askCancelled ? again(attempt) : Optional.empty();
        default -> again(attempt);
      };
    }

    private Optional<AttemptPlan> again(StoredAttempt attempt) {
      return Escalation.again(context.task().tiers(), attempt).map(tier -> plan(tier, attempt));
    }

    private AttemptPlan plan(TierSpec tier, StoredAttempt attempt) {
      RequestLines requests = lines;
      if (requests == null) {
        throw new IllegalStateException("setup has not run");
      }
      return PlanAttempts.plan(
          requests,
          tier,
          attempt.itemKey(),
          attempt.attemptNumber() + 1,
          attempt.prompt(),
          attempt.promptTokens(),
          attempt.priority(),
          context::mode);
    }
  }
}
