package dev.nightjar.runners;

import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.Lease;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.Submission;
import dev.nightjar.cachestore.SubmissionState;
import dev.nightjar.cachestore.SubmissionStore;
import dev.nightjar.cachestore.postgres.PostgresStores;
import dev.nightjar.pipelines.submit.Providers;
import java.io.PrintWriter;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** What is at the providers, and what an operator can do about it. */
@Command(
    name = "submissions",
    mixinStandardHelpOptions = true,
    header = "Lists, shows, cancels and retries submissions.",
    description = {
      "",
      "A cancelled batch is still billed for what the provider did before it heard of it; that is charged, and"
          + " its answers are kept, when 'run' or 'collect' finds that it has ended.",
      ""
    })
final class SubmissionsCommand implements Runnable {
  private static final int LISTED_MAX = 200;
  private static final int OPERATORS_LEASE_SECONDS = 60;

  @Mixin private final StoreOptions store = new StoreOptions();
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    list(null, false);
  }

  private PrintWriter out() {
    return spec.commandLine().getOut();
  }

  private PostgresStores open() {
    return StoreOptions.open(store.migrated(Optional.empty()));
  }

  @Command(
      name = "list",
      mixinStandardHelpOptions = true,
      description = "Lists open submissions, newest first (the default).")
  void list(
      @Option(names = "--run-id", paramLabel = "ID", description = "Only those of this run.")
          @Nullable String runId,
      @Option(names = "--all", description = "Also those with nothing left to do.") boolean all) {
    try (PostgresStores stores = open()) {
      List<Submission> found =
          stores.submissions().list(Optional.ofNullable(runId), !all, LISTED_MAX);
      out()
          .printf(
              "%-40s %-12s %-11s %-20s %8s %8s  %s%n",
              "submission", "state", "provider", "model", "requests", "MB", "note");
      for (Submission submission : found) {
        out()
            .printf(
                "%-40s %-12s %-11s %-20s %8s %8.1f  %s%n",
                submission.submissionId(),
                submission.state().label(),
                submission.provider(),
                submission.model(),
                Terminal.count(submission.requests()),
                submission.requestBytes() / 1e6,
                note(submission, MachineClock.utc().instant()));
      }
      if (found.size() == LISTED_MAX) {
        out()
            .println(
                "only the newest " + LISTED_MAX + " are listed; the view open_submissions has all");
      } else if (found.isEmpty()) {
        out().println(all ? "there are none" : "none is open; --all lists the others");
      }
    }
  }

  /** What is worth knowing of it now, in a few words. */
  static String note(Submission submission, Instant now) {
    if (!submission.failure().isEmpty()) {
      return submission.failure();
    }
    Optional<Instant> wait = submission.notBefore().filter(now::isBefore);
    if (wait.isPresent()) {
      return "waits until " + wait.get() + " (try " + (submission.tries() + 1) + ")";
    }
    if (submission.state() == SubmissionState.CREATING) {
      return "whether the provider has it is being asked";
    }
    if (submission.cancelRequestedAt().isPresent() && submission.state().isOpen()) {
      return "cancellation asked for at " + submission.cancelRequestedAt().get();
    }
    return submission.state().isOpen()
        ? submission
            .lease()
            .filter(lease -> lease.until().isAfter(now))
            .map(lease -> "in work by " + lease.owner())
            .orElse("")
        : "";
  }

  @Command(
      name = "show",
      mixinStandardHelpOptions = true,
      description = "Shows everything about one submission.")
  void show(@Parameters(paramLabel = "SUBMISSION") String submissionId) {
    try (PostgresStores stores = open()) {
      Submission submission = find(stores, submissionId);
      line("submission", submission.submissionId());
      line("run", submission.runId());
      line("state", submission.state().label());
      line("asked", submission.mode().label());
      line(
          "provider",
          submission.provider() + ", " + submission.model() + " (tier " + submission.tier() + ")");
      line(
          "size",
          Terminal.count(submission.requests())
              + " requests, "
              + Terminal.count(submission.requestBytes())
              + " bytes, about "
              + Terminal.count(submission.promptTokens())
              + " prompt tokens");
      submission.inputFileId().ifPresent(id -> line("upload", id));
      submission.providerBatchId().ifPresent(id -> line("batch", id));
      line("planned", submission.plannedAt().toString());
      submission.creatingAt().ifPresent(at -> line("creating", at.toString()));
      submission.inProgressAt().ifPresent(at -> line("in progress", at.toString()));
      submission.ending().ifPresent(ending -> line("ended as", ending.label()));
      line("unsettled", Terminal.count(stores.submissions().unsettled(submissionId).size()));
      submission.lease().map(Lease::owner).ifPresent(owner -> line("held by", owner));
      if (submission.state().isOpen()) {
        Providers.resultsLostAt(submission)
            .ifPresent(at -> line("results kept until", at + " at the least"));
      }
      String note = note(submission, MachineClock.utc().instant());
      if (!note.isEmpty()) {
        line("note", note);
      }
    }
  }

  private void line(String name, String value) {
    out().printf("%-20s%s%n", name, value);
  }

  private static Submission find(PostgresStores stores, String submissionId) {
    return stores
        .submissions()
        .find(submissionId)
        .orElseThrow(
            () ->
                new NightjarException(
                    ErrorCode.OPTION_INVALID,
                    submissionId,
                    "there is no such submission",
                    "see 'nightjar submissions list --all'"));
  }

  @Command(
      name = "cancel",
      mixinStandardHelpOptions = true,
      description = "Withdraws what no provider has yet, and has a provider stop what it works on.")
  void cancel(@Parameters(paramLabel = "SUBMISSION") String submissionId) {
    try (PostgresStores stores = open()) {
      SubmissionStore submissions = stores.submissions();
      Submission submission = find(stores, submissionId);
      if (submissions.withdraw(
          submissionId, ErrorCode.SUBMISSION_CANCELLED, "an operator cancelled its submission")) {
        out().println("withdrawn; no provider had it, nothing is billed");
      } else if (submissions.requestCancel(
          submissionId, ErrorCode.SUBMISSION_CANCELLED, MachineClock.utc().instant())) {
        out()
            .println(
                "to be cancelled at "
                    + submission.provider()
                    + " by the next 'run' or 'collect' of its task; what it has done by then is billed,"
                    + " charged and kept (up to "
                    + Terminal.count(submission.requests())
                    + " requests)");
      } else {
        out().println("nothing to cancel: it is " + find(stores, submissionId).state().label());
      }
    }
  }

  @Command(
      name = "not-created",
      mixinStandardHelpOptions = true,
      description = {
        "Says that a provider has no batch of a submission whose create was interrupted.",
        "Only a person can know that, who has looked at the account that it was sent with, when that account's"
            + " key is gone. If it is wrong, its requests are bought twice."
      })
  void notCreated(@Parameters(paramLabel = "SUBMISSION") String submissionId) {
    try (PostgresStores stores = open()) {
      Submission submission = find(stores, submissionId);
      if (submission.state() != SubmissionState.CREATING) {
        throw new NightjarException(
            ErrorCode.OPTION_INVALID,
            submissionId,
            "it is " + submission.state().label() + ", and not about to be created",
            "see 'nightjar submissions show " + submissionId + "'");
      }
      String owner = "operator-" + UUID.randomUUID();
      Instant now = MachineClock.utc().instant();
      SubmissionStore submissions = stores.submissions();
      if (submissions
              .claim(submissionId, new Lease(owner, now.plusSeconds(OPERATORS_LEASE_SECONDS)), now)
              .isEmpty()
          || !submissions.giveBack(submissionId, owner, now, false)) {
        throw new NightjarException(
            ErrorCode.OPTION_INVALID,
            submissionId,
            "a run is at work on it",
            "stop that run, or wait until it has ended");
      }
      out().println("it is planned again; the next run of its task sends it");
    }
  }

  @Command(
      name = "retry",
      mixinStandardHelpOptions = true,
      description =
          "Has a waiting submission tried at once, and the documents of a failed one asked again.")
  void retry(@Parameters(paramLabel = "SUBMISSION") String submissionId) {
    try (PostgresStores stores = open()) {
      Submission submission = find(stores, submissionId);
      if (stores.submissions().hurry(submissionId)) {
        out().println("tried at the next poll, without a wait");
        return;
      }
      long documents = stores.submissions().reopen(submissionId);
      if (documents > 0) {
        out()
            .println(
                Terminal.count(documents)
                    + " documents are open again; the same command as before asks them, with run "
                    + submission.runId());
      } else {
        out()
            .println(
                "nothing to retry: it is "
                    + submission.state().label()
                    + ", and none of its documents has failed");
      }
    }
  }
}
