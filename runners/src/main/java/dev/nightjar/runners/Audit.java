package dev.nightjar.runners;

import dev.nightjar.cachestore.AuditStore;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.pipelines.audit.AuditComparison;
import dev.nightjar.pipelines.audit.GoldFile;
import dev.nightjar.pipelines.audit.ReferenceTask;
import dev.nightjar.pipelines.task.AuditSpec;
import dev.nightjar.pipelines.task.TaskSpec;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * The audit of a night: runs of its own beside it, which ask the drawn documents at the task's
 * reference, and the comparison at the end. Whatever goes wrong with it is said, and the night goes
 * on: it looks at the answers and is none of them. Not thread-safe.
 */
final class Audit implements AutoCloseable {
  private static final int FINGERPRINT_DIGITS = 6;

  private final Night night;
  private final boolean begins;
  private final Consumer<String> said;
  private final SortedMap<Integer, Night> passes = new TreeMap<>();

  /** Opens one pass as a night, of which nothing is known but its plan and its task. */
  interface Opening {
    Night open(NightPlan plan, TaskSpec task);
  }

  private Audit(Night night, boolean begins, Consumer<String> said) {
    this.night = night;
    this.begins = begins;
    this.said = said;
  }

  /**
   * The audit of a night.
   *
   * @param plan what the night was asked for
   * @param begins whether it is begun where there is none yet
   * @param opening opens its runs, over the same corpus
   * @param said told what goes wrong with it
   * @throws NightjarException the task's gold cannot be read: nothing has been sent
   */
  static Audit beside(
      Night night, NightPlan plan, boolean begins, Opening opening, Consumer<String> said) {
    Audit audit = new Audit(night, begins, said);
    TaskSpec task = night.task();
    String goldFile = task.goldFile();
    if (goldFile != null) {
      Path file = plan.taskFile().toAbsolutePath().resolveSibling(goldFile);
      night
          .stores()
          .audits()
          .keepGold(
              plan.tenant(),
              task.name(),
              AuditStore.Giver.FILE,
              goldFile,
              GoldFile.read(file, task),
              MachineClock.utc().instant());
    }
    AuditSpec spec = task.audit();
    if (spec == null) {
      return audit;
    }
    for (int pass = AuditSpec.FIRST_PASS; pass <= AuditSpec.SECOND_PASS; pass++) {
      if (spec.share(pass) > 0) {
        int itsPass = pass;
        audit.guarded(() -> audit.open(plan, spec, itsPass, opening));
      }
    }
    return audit;
  }

  private void open(NightPlan plan, AuditSpec spec, int pass, Opening opening) {
    TaskSpec reference = ReferenceTask.of(night.task(), pass);
    String runId =
        night.runId() + "-audit-" + reference.fingerprint().substring(0, FINGERPRINT_DIGITS);
    if (!begins && night.stores().runs().find(runId).isEmpty()) {
      return; // of a night that was submitted without
    }
    NightPlan itsPlan = plan.withBudget(usdMax(spec, pass));
    Night opened;
    try {
      opened = opening.open(itsPlan.of(Optional.of(runId)), reference);
    } catch (NightjarException e) {
      if (e.code() != ErrorCode.RUN_MISMATCH) {
        throw e;
      }
      opened =
          opening.open(itsPlan.of(Optional.empty()), reference); // an earlier night's, still open
    }
    passes.put(pass, opened);
    night.stores().audits().audits(opened.runId(), night.runId(), pass);
  }

  /** Both passes together keep the limit. */
  private static BigDecimal usdMax(AuditSpec spec, int pass) {
    BigDecimal first =
        spec.usdMax()
            .divide(
                BigDecimal.valueOf(1 + spec.againShare()), new MathContext(12, RoundingMode.DOWN));
    return pass == AuditSpec.FIRST_PASS ? first : spec.usdMax().subtract(first);
  }

  /**
   * Drives the night, and its audit beside it: the drawn documents go to the providers first, so
   * that they are answered while the night's are.
   *
   * @param driving what is done for the night, and then for each run of the audit
   */
  void around(Night.Driving driving) throws InterruptedException {
    if (begins) {
      passes.values().forEach(pass -> guarded(pass::submit));
    }
    driving.drive(night);
    for (Night pass : passes.values()) {
      try {
        driving.drive(pass);
      } catch (RuntimeException e) {
        say(e);
      }
    }
    compare();
  }

  /** Compares what has been answered by now. */
  private void compare() {
    guarded(
        () -> {
          AuditComparison comparison = new AuditComparison(night.stores().audits(), night.task());
          Night reference = passes.get(AuditSpec.FIRST_PASS);
          Night again = passes.get(AuditSpec.SECOND_PASS);
          if (reference != null) {
            comparison.withReference(night.runId(), reference.runId());
          }
          if (reference != null && again != null) {
            comparison.withReference(reference.runId(), again.runId());
          }
          comparison.withGold(night.runId());
        });
  }

  /** Its runs; empty if the task asks for none. */
  List<String> runIds() {
    return passes.values().stream().map(Night::runId).toList();
  }

  private void guarded(Runnable work) {
    try {
      work.run();
    } catch (RuntimeException e) {
      say(e);
    }
  }

  private void say(RuntimeException e) {
    NightjarException known = NightjarException.in(e);
    said.accept(
        "the audit is not complete: " + (known == null ? e.toString() : known.getMessage()));
  }

  @Override
  public void close() {
    passes.values().forEach(Night::close);
  }
}
