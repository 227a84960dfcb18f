package dev.nightjar.pipelines.submit;

import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.Stores;
import dev.nightjar.cachestore.StrayStore;
import dev.nightjar.cachestore.StrayStore.Charge;
import dev.nightjar.cachestore.Submission;
import dev.nightjar.cachestore.SubmissionState;
import dev.nightjar.cachestore.SubmissionStore;
import dev.nightjar.pipelines.model.AnswerEnd;
import dev.nightjar.pipelines.model.Provider;
import dev.nightjar.pipelines.model.ResultLine;
import dev.nightjar.pipelines.route.CustomIds;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds batches that providers have for us and that this database does not know, and reads what
 * they were billed for: see {@link StrayStore}. To be called before anything is sent, and again
 * until nothing is left; what goes wrong is said once and tried again. Not thread-safe.
 */
public final class StrayBatches {
  private static final Logger LOG = LoggerFactory.getLogger(StrayBatches.class);

  /** How long answers that a provider has counted are looked for. */
  private static final Duration LINES_LATE_MAX = Duration.ofHours(1);

  private static final Duration GONE_AFTER_LOSS = Duration.ofDays(1);

  private final StrayStore strays;
  private final SubmissionStore submissions;
  private final ProviderClients clients;
  private final Clock clock;
  private final Set<String> said = new HashSet<>();

  public StrayBatches(Stores stores, ProviderClients clients, Clock clock) {
    this.strays = stores.strays();
    this.submissions = stores.submissions();
    this.clients = clients;
    this.clock = clock;
  }

  /**
   * Looks at some providers, and at those that are waited for.
   *
   * @param providers that something is to be sent to
   */
  public void look(Collection<Provider> providers) {
    Set<String> all = new TreeSet<>();
    providers.forEach(provider -> all.add(provider.label()));
    strays.pending().forEach(pending -> all.add(pending.provider()));
    all.forEach(
        label -> guarded(label + ": its batches", () -> reconcile(Provider.ofLabel(label))));
    for (StrayStore.Stray stray : strays.working()) {
      guarded(stray.provider() + ": " + stray.batchId(), () -> read(stray));
    }
    Map<List<String>, String> waited = new LinkedHashMap<>();
    strays
        .pending()
        .forEach(
            one -> waited.put(List.of(one.provider(), one.account()), "is yet to be asked for"));
    strays.working().stream()
        .filter(one -> one.holds() && !isOfThisAccount(one))
        .forEach(one -> waited.put(List.of(one.provider(), one.account()), "has"));
    waited.forEach(this::sayWaited);
  }

  private boolean isOfThisAccount(StrayStore.Stray stray) {
    try {
      return clients.account(Provider.ofLabel(stray.provider())).equals(stray.account());
    } catch (NightjarException e) {
      return false; // no key of this provider is set
    }
  }

  private void sayWaited(List<String> account, String what) {
    sayOnce(
        account.get(0)
            + ": a backup was put back, and the account "
            + account.get(1)
            + " "
            + what
            + " batches that were sent after it; until they are read nothing is sent to "
            + account.get(0)
            + ": run 'nightjar collect' with that account's key and base URL, or, if that is not possible,"
            + " 'nightjar db reconciled "
            + String.join(" ", account)
            + "'");
  }

  /** What goes wrong with one holds up no other. */
  private void guarded(String what, Runnable look) {
    try {
      look.run();
    } catch (ProviderException | NightjarException e) {
      sayOnce(what + ": not looked at: " + e.getMessage());
    }
  }

  private void sayOnce(String line) {
    if (said.add(line)) {
      LOG.warn("{}", line);
    }
  }

  private void reconcile(Provider provider) {
    String label = provider.label();
    String account = clients.account(provider);
    if (!strays.isToReconcile(label, account)) {
      return;
    }
    Instant since = clock.instant().minus(Providers.of(provider).resultsKept());
    List<ProviderClient.Listed> listed = new ArrayList<>();
    clients.of(provider).forEachBatch(since, listed::add);
    List<StrayStore.Found> unknown = unknown(label, listed);
    strays.found(label, account, true, unknown);
    strays.reconciled(label, account);
    if (!unknown.isEmpty()) {
      LOG.warn(
          "{}: {} batches were sent after the backup that was put back; nothing is sent until they have"
              + " ended and their answers are taken over",
          label,
          unknown.size());
    }
  }

  /** One whose create is in doubt is found by its submission. */
  private List<StrayStore.Found> unknown(String provider, List<ProviderClient.Listed> listed) {
    Set<String> known =
        new HashSet<>(
            submissions.knownBatchIds(
                provider, listed.stream().map(ProviderClient.Listed::batchId).toList()));
    return listed.stream()
        .filter(one -> !known.contains(one.batchId()))
        .filter(
            one ->
                one.submissionId()
                    .flatMap(submissions::find)
                    .map(Submission::state)
                    .filter(state -> state == SubmissionState.CREATING)
                    .isEmpty())
        .map(one -> new StrayStore.Found(one.batchId(), one.createdAt()))
        .toList();
  }

  private void read(StrayStore.Stray stray) {
    Provider provider = Provider.ofLabel(stray.provider());
    try {
      read(clients.of(provider), stray);
    } catch (ProviderException e) {
      boolean gone =
          e.kind() == ProviderException.Kind.REFUSED
              && isOfThisAccount(stray)
              && clock
                  .instant()
                  .isAfter(
                      stray
                          .createdAt()
                          .plus(Providers.of(provider).resultsKept())
                          .plus(GONE_AFTER_LOSS));
      if (!gone) {
        throw e;
      }
      strays.read(stray.provider(), stray.batchId(), List.of());
      LOG.error(
          "{}: {} is gone before it was read: what it cost is on the invoice only",
          stray.provider(),
          stray.batchId());
    }
  }

  private void read(ProviderClient client, StrayStore.Stray stray) {
    ProviderBatch batch = client.status(stray.batchId());
    if (batch.ending().isEmpty()) {
      if (stray.holds()) {
        sayOnce(
            stray.provider()
                + ": "
                + stray.batchId()
                + " is still at work, and nothing is sent meanwhile");
      } else {
        client.cancel(stray.batchId()); // whoever created it may not have come to that
      }
      return;
    }
    Instant endedSeen = strays.endedSeen(stray.provider(), stray.batchId());
    Map<String, Charge> charges = new LinkedHashMap<>();
    Set<String> answered = new HashSet<>();
    // Of what cannot be read only the number is known: it is counted and not answered.
    client.results("", batch, line -> take(line, charges, answered), unreadable -> {});
    if (answered.size() < batch.answered()) {
      if (clock.instant().isBefore(endedSeen.plus(LINES_LATE_MAX))) {
        return; // they are counted, hence billed, and in no file yet
      }
      LOG.error(
          "{}: {}: {} answers are counted and {} can be read: what the others cost is on the invoice only",
          stray.provider(),
          stray.batchId(),
          batch.answered(),
          answered.size());
    }
    strays.read(stray.provider(), stray.batchId(), charges.values());
    LOG.warn(
        "{}: {}: {} answers are paid for and no submission has them; documents that ask for them get them,"
            + " and 'nightjar spend unknown' lists the others",
        stray.provider(),
        stray.batchId(),
        charges.size());
  }

  /** An answer without a usage is paid for, too, and nobody knows how much. */
  private static void take(ResultLine line, Map<String, Charge> charges, Set<String> answered) {
    if (line.error().isEmpty()) {
      answered.add(line.customId());
    }
    boolean isFree = line.error().isPresent() || line.end() == AnswerEnd.DECLINED;
    if (CustomIds.isOne(line.customId()) && (line.usage().isBilled() || !isFree)) {
      charges.putIfAbsent(line.customId(), charge(line));
    }
  }

  private static Charge charge(ResultLine line) {
    return new Charge(line.customId(), line.served().model(), line.billedAt(), line.usage());
  }
}
