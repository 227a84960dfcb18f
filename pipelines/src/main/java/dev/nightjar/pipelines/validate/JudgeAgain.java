package dev.nightjar.pipelines.validate;

import dev.nightjar.cachestore.SettlementStore;
import dev.nightjar.cachestore.SettlementStore.Judged;
import dev.nightjar.cachestore.SettlementStore.Unjudged;
import dev.nightjar.pipelines.task.TaskSpec;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * Judges answers that could not be judged when they came: they are paid for, and what was wrong
 * with the judging may have been mended since. Those that still cannot be judged are kept.
 */
public final class JudgeAgain {
  private static final int PAGE = 500;

  /** For all of them together: the rest has its turn in the next run. */
  private static final Duration TIME_MAX = Duration.ofMinutes(5);

  private final SettlementStore settlements;
  private final AnswerValidator validator;
  private final Clock clock;

  /** Judges by a task's output schema. */
  public JudgeAgain(SettlementStore settlements, TaskSpec task, Clock clock) {
    this.settlements = settlements;
    this.validator = new AnswerValidator(task.outputSchemaJson());
    this.clock = clock;
  }

  /**
   * Judges all that a namespace has.
   *
   * @return how many could be judged
   */
  public int judge(long namespaceId) {
    Instant end = clock.instant().plus(TIME_MAX);
    int judged = 0;
    String after = "";
    List<Unjudged> page;
    do {
      page = settlements.unjudged(namespaceId, after, PAGE);
      List<Judged> verdicts = new ArrayList<>();
      for (Unjudged one : page) {
        if (clock.instant().isAfter(end)) {
          break;
        }
        AnswerValidator.Verdict verdict = validator.validate(one.text());
        if (!verdict.isUnjudged()) {
          verdicts.add(
              new Judged(one.customId(), verdict.answerJson(), verdict.code(), verdict.reason()));
        }
        after = one.customId();
      }
      if (!verdicts.isEmpty()) {
        judged += settlements.settleJudged(verdicts);
      }
    } while (page.size() == PAGE && clock.instant().isBefore(end));
    return judged;
  }
}
