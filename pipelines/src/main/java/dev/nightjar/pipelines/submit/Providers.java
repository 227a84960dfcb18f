package dev.nightjar.pipelines.submit;

import dev.nightjar.cachestore.AttemptMode;
import dev.nightjar.cachestore.PackingLimits;
import dev.nightjar.cachestore.Submission;
import dev.nightjar.pipelines.model.Provider;
import dev.nightjar.pipelines.task.TaskSpec;
import dev.nightjar.pipelines.task.TierSpec;
import java.time.Instant;
import java.util.Optional;

/** The providers there are. */
public final class Providers {
  private Providers() {}

  static ProviderKind of(Provider provider) {
    return switch (provider) {
      case OPENAI -> OpenAiClient.KIND;
      case ANTHROPIC -> AnthropicClient.KIND;
      case GEMINI -> GeminiClient.KIND;
      case AZURE -> OpenAiClient.AZURE;
      case GROQ -> OpenAiClient.GROQ;
      case DASHSCOPE -> OpenAiClient.DASHSCOPE;
      case MISTRAL -> MistralClient.KIND;
      case SELF_HOSTED -> SelfHostedClient.KIND;
    };
  }

  static ProviderKind of(Submission submission) {
    return of(Provider.ofLabel(submission.provider()));
  }

  /** Whether requests cost money where a submission goes. */
  public static boolean bills(Submission submission) {
    return of(submission).bills();
  }

  /** How large one submission to a provider may be. */
  public static PackingLimits packing(Provider provider) {
    return of(provider).packing();
  }

  /** When the results of a submission can be fetched no more, if a provider has it. */
  public static Optional<Instant> resultsLostAt(Submission submission) {
    return submission.inProgressAt().map(at -> at.plus(of(submission).resultsKept()));
  }

  /**
   * How an attempt is to be asked now: in a batch, unless the provider takes none, or the task says
   * that the last minutes before a deadline are for online requests, and they have begun.
   */
  public static AttemptMode mode(
      TaskSpec task, TierSpec tier, ProviderSettings settings, Instant now, Instant deadlineAt) {
    if (!of(tier.provider()).takesBatches().test(settings)) {
      return AttemptMode.ONLINE;
    }
    return isForOnline(task, now, deadlineAt) ? AttemptMode.ONLINE : AttemptMode.BATCH;
  }

  /** Whether the last minutes before a deadline, which a task gives to online requests, run. */
  public static boolean isForOnline(TaskSpec task, Instant now, Instant deadlineAt) {
    Integer minutes = task.onlineMinutesBeforeDeadline();
    return minutes != null && !now.isBefore(deadlineAt.minusSeconds(60L * minutes));
  }
}
