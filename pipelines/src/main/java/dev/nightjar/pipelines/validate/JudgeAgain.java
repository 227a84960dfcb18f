package dev.nightjar.pipelines.validate;

import dev.nightjar.cachestore.SettlementStore;
import dev.nightjar.cachestore.SettlementStore.Judged;
import dev.nightjar.cachestore.SettlementStore.Unjudged;
import dev.nightjar.pipelines.task.TaskSpec;
import java.util.ArrayList;
import java.util.List;

/**
 * Judges answers that could not be judged when they came: they are paid for, and what was wrong
 * with the judging may have been mended since. Those that still cannot be judged are kept.
 */
public final class JudgeAgain {
  private static final int PAGE = 500;

  private final SettlementStore settlements;
  private final AnswerValidator validator;

  /** Judges by a task's output schema. */
  public JudgeAgain(SettlementStore settlements, TaskSpec task) {
    this(settlements, new AnswerValidator(task.outputSchemaJson()));
  }

  JudgeAgain(SettlementStore settlements, AnswerValidator validator) {
    this.settlements = settlements;
    this.validator = validator;
  }

  /**
   * Judges all that a namespace has.
   *
   * @return how many could be judged
   */
  public int judge(long namespaceId) {
    int judged = 0;
    String after = "";
    List<Unjudged> page;
    do {
      page = settlements.unjudged(namespaceId, after, PAGE);
      List<Judged> verdicts = new ArrayList<>();
      for (Unjudged one : page) {
        AnswerValidator.Verdict verdict = validator.validate(one.text(), false);
        if (!verdict.isUnjudged()) {
          verdicts.add(
              new Judged(one.customId(), verdict.answerJson(), verdict.code(), verdict.reason()));
        }
        after = one.customId();
      }
      if (!verdicts.isEmpty()) {
        judged += settlements.settleJudged(verdicts);
      }
    } while (page.size() == PAGE);
    return judged;
  }
}
