package dev.nightjar.pipelines.route;

import dev.nightjar.cachestore.AttemptMode;
import dev.nightjar.cachestore.AttemptPlan;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.LeaderFailure;
import dev.nightjar.pipelines.JobContext;
import dev.nightjar.pipelines.beam.StoreFn;
import dev.nightjar.pipelines.model.Prompt;
import dev.nightjar.pipelines.submit.RequestLines;
import dev.nightjar.pipelines.task.TierSpec;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.values.PCollection;

/**
 * Routes prompts to tiers and works out their worst case. Money for them is the next stage's.
 * Outputs nothing; wait on the output to know that every attempt is planned. Safe to repeat: an
 * attempt is planned once by its custom id.
 */
public final class PlanAttempts extends PTransform<PCollection<Prompt>, PCollection<Void>> {
  private static final long serialVersionUID = 1L;
  private static final int PLANS_BATCH_MAX = 500;

  private final JobContext context;

  private PlanAttempts(JobContext context) {
    this.context = context;
  }

  public static PlanAttempts of(JobContext context) {
    return new PlanAttempts(context);
  }

  @Override
  public PCollection<Void> expand(PCollection<Prompt> prompts) {
    return prompts.apply("Route and price", ParDo.of(new PlanFn(context)));
  }

  /**
   * The attempt that asks a prompt at a tier. It waits for money for that tier: an answer that did
   * not do below it must not be asked there again.
   *
   * @param mode how a tier is asked now
   */
  public static AttemptPlan plan(
      RequestLines lines,
      TierSpec tier,
      String itemKey,
      int attemptNumber,
      String prompt,
      int promptTokens,
      double priority,
      Function<TierSpec, AttemptMode> mode) {
    return plan(
        lines, tier, List.of(), itemKey, attemptNumber, prompt, promptTokens, priority, mode);
  }

  private static AttemptPlan plan(
      RequestLines lines,
      TierSpec tier,
      List<TierSpec> cheaper,
      String itemKey,
      int attemptNumber,
      String prompt,
      int promptTokens,
      double priority,
      Function<TierSpec, AttemptMode> mode) {
    String customId = CustomIds.of(itemKey, attemptNumber);
    return new AttemptPlan(
        customId,
        itemKey,
        attemptNumber,
        tier.name(),
        tier.provider().label(),
        tier.model(),
        mode.apply(tier),
        prompt,
        promptTokens,
        tier.outputTokensMax(),
        lines.bytes(tier, customId, prompt),
        priority,
        cheaper.stream()
            .map(
                lower ->
                    new AttemptPlan.Alternative(
                        lower.name(),
                        lower.provider().label(),
                        lower.model(),
                        mode.apply(lower),
                        lower.outputTokensMax(),
                        lines.bytes(lower, customId, prompt)))
            .toList());
  }

  private static final class PlanFn extends StoreFn<Prompt, Void> {
    private static final long serialVersionUID = 1L;

    PlanFn(JobContext context) {
      super(context, PLANS_BATCH_MAX);
    }

    @Override
    protected long characters(Prompt prompt) {
      return (long) prompt.user().length() + prompt.document().map(String::length).orElse(0);
    }

    @Override
    protected void processBatch(List<Prompt> prompts, Consumer<Void> output) {
      Router router = new Router(context.task().tiers());
      stores()
          .work()
          .failLeaders(
              context.runId(),
              prompts.stream()
                  .filter(prompt -> router.route(prompt.promptTokens()).isEmpty())
                  .map(
                      prompt ->
                          new LeaderFailure(
                              prompt.itemKey(),
                              ErrorCode.REQUEST_TOO_LONG,
                              "its prompt of "
                                  + prompt.promptTokens()
                                  + " tokens, by our count, and an answer fit no tier's"
                                  + " context_tokens_max; shorten it, as by 'retrieval', or add a"
                                  + " tier"))
                  .toList());
      RequestLines lines = new RequestLines(context.task());
      Map<String, String> documents = new HashMap<>();
      prompts.forEach(
          prompt -> prompt.document().ifPresent(text -> documents.put(prompt.itemKey(), text)));
      stores().work().keepDocuments(documents); // first: what is planned is not rendered again
      stores()
          .work()
          .planAttempts(
              context.runId(),
              prompts.stream()
                  .flatMap(
                      prompt ->
                          router.route(prompt.promptTokens()).stream()
                              .map(tier -> planFirst(lines, tier, prompt)))
                  .toList());
    }

    private AttemptPlan planFirst(RequestLines lines, TierSpec tier, Prompt prompt) {
      return plan(
          lines,
          tier,
          context.task().cheaperThan(tier).stream()
              .filter(cheaper -> cheaper.fits(prompt.promptTokens()))
              .toList(),
          prompt.itemKey(),
          prompt.attemptNumber(),
          prompt.user(),
          prompt.promptTokens(),
          prompt.priority(),
          context::mode);
    }
  }
}
