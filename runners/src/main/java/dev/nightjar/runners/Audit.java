package dev.nightjar.runners;

import dev.nightjar.cachestore.AuditStore;
import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.Run;
import dev.nightjar.cachestore.postgres.PostgresStores;
import dev.nightjar.pipelines.audit.AuditComparison;
import dev.nightjar.pipelines.audit.GoldFile;
import dev.nightjar.pipelines.audit.ReferenceTask;
import dev.nightjar.pipelines.submit.ProviderSettings;
import dev.nightjar.pipelines.task.AuditSpec;
import dev.nightjar.pipelines.task.TaskSpec;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * The audit of a night: runs of its own beside it, which ask the drawn documents at the task's
 * reference, and the comparison at the end. The night comes first wherever money is short. Whatever
 * goes wrong with the audit is said, and the night goes on: it looks at the answers and is none of
 * them. Not thread-safe.
 */
final class Audit implements AutoCloseable {
  private static final int FINGERPRINT_DIGITS = 6;

  private final Night night;
  private final PostgresStores stores;
  private final Consumer<String> said;
  private final SortedMap<Integer, Night> passes = new TreeMap<>();

  /**
   * How its runs are opened: where the night's was.
   *
   * @param begins whether an audit is begun where there is none yet
   */
  record Opening(
      DatabaseAddress database,
      ProviderSettings providers,
      EngineOptions engine,
      Clock clock,
      Pause pause,
      boolean begins) {
    private Night open(NightPlan plan, TaskSpec task) {
      return Night.open(plan, task, database, providers, engine, clock, pause);
    }
  }

  private Audit(Night night, Consumer<String> said) {
    this.night = night;
    this.stores = night.stores();
    this.said = said;
  }

  /**
   * The audit of a night.
   *
   * @param plan what the night was asked for
   * @param said told what goes wrong with it
   * @throws NightjarException the task's gold cannot be read, and nothing of the night has been
   *     sent
   */
  static Audit beside(Night night, NightPlan plan, Opening opening, Consumer<String> said) {
    Audit audit = new Audit(night, said);
    if (opening.begins()) {
      audit.readGold(plan, opening.clock());
    }
    AuditSpec spec = night.task().audit();
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

  private void readGold(NightPlan plan, Clock clock) {
    TaskSpec task = night.task();
    String goldFile = task.goldFile();
    if (goldFile == null) {
      return;
    }
    Path file = plan.taskFile().toAbsolutePath().resolveSibling(goldFile);
    Runnable reading =
        () ->
            stores
                .audits()
                .keepGold(
                    plan.tenant(),
                    task.name(),
                    AuditStore.Giver.FILE,
                    goldFile,
                    GoldFile.read(file, task),
                    clock.instant());
    if (stores.runs().hasItems(night.runId())) {
      guarded(reading); // what was sent is brought home, whatever has become of the file
    } else {
      reading.run();
    }
  }

  private void open(NightPlan plan, AuditSpec spec, int pass, Opening opening) {
    TaskSpec reference = ReferenceTask.of(night.task(), pass);
    String runId =
        night.runId() + "-audit-" + reference.fingerprint().substring(0, FINGERPRINT_DIGITS);
    if (stores.runs().find(runId).isEmpty()) {
      Optional<String> earlier = // of a night before, which nobody has brought to its end
          Night.latest(plan, reference, stores).filter(run -> !run.finished()).map(Run::runId);
      if (earlier.isEmpty() && !opening.begins()) {
        return; // of a night that was submitted without
      }
      runId = earlier.orElse(runId);
    }
    BigDecimal usdMax =
        usdMax(spec, pass)
            .min(plan.budgetUsd().orElse(spec.usdMax()))
            .subtract(stores.audits().othersUsd(runId, night.runId()))
            .max(BigDecimal.ZERO);
    passes.put(pass, opening.open(plan.of(Optional.of(runId)).withBudget(usdMax), reference));
    stores.audits().audits(runId, night.runId(), pass);
  }

  /** What the passes up to one may cost together. */
  private static BigDecimal usdMax(AuditSpec spec, int pass) {
    return pass == AuditSpec.SECOND_PASS
        ? spec.usdMax()
        : spec.usdMax()
            .divide(
                BigDecimal.valueOf(1 + spec.againShare()), new MathContext(12, RoundingMode.DOWN));
  }

  /**
   * Drives the night, its audit beside it, and the audit to where the night is.
   *
   * @param driving what is done for the night, and then for each run of the audit
   */
  void around(Night.Driving driving) throws InterruptedException {
    night.beside(this::step);
    try {
      driving.drive(night);
    } catch (NightjarException e) {
      if (e.code() == ErrorCode.ANSWERS_REJECTED) {
        passes
            .values()
            .forEach(pass -> guarded(() -> pass.stop("the night that it audits was stopped")));
      }
      throw e;
    }
    for (Night pass : passes.values()) {
      try {
        driving.drive(pass);
      } catch (RuntimeException e) {
        say(e);
      }
    }
    compare();
  }

  /** What can be done now, once the night has taken what it wants of the money. */
  private void step() {
    for (Night pass : passes.values()) {
      guarded(
          () -> {
            pass.submit();
            if (!pass.finished()) {
              pass.step();
            }
          });
    }
  }

  /** Compares what has been answered by now. */
  private void compare() {
    guarded(
        () -> {
          AuditComparison comparison = new AuditComparison(stores.audits(), night.task());
          Night reference = passes.get(AuditSpec.FIRST_PASS);
          Night again = passes.get(AuditSpec.SECOND_PASS);
          if (reference != null) {
            comparison.withReference(night.runId(), reference.runId());
            stores
                .audits()
                .auditedBy(reference.runId())
                .filter(other -> !other.equals(night.runId()))
                .ifPresent(other -> comparison.withReference(other, reference.runId()));
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

  /** How many of the drawn documents are not answered yet. */
  long open() {
    return passes.values().stream().mapToLong(pass -> pass.progress().open()).sum();
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
