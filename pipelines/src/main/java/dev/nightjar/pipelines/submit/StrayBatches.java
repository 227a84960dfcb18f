package dev.nightjar.pipelines.submit;

import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.Stores;
import dev.nightjar.cachestore.StrayStore;
import dev.nightjar.cachestore.StrayStore.Charge;
import dev.nightjar.cachestore.Submission;
import dev.nightjar.cachestore.SubmissionState;
import dev.nightjar.cachestore.SubmissionStore;
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
    Set<String> all = new TreeSet<>(strays.providersWorking());
    providers.forEach(provider -> all.add(provider.label()));
    strays.pending().forEach(pending -> all.add(pending.provider()));
    for (String label : all) {
      try {
        look(Provider.ofLabel(label));
      } catch (ProviderException | NightjarException e) {
        sayOnce(label + ": its batches were not looked at: " + e.getMessage());
      }
    }
    for (StrayStore.Pending pending : strays.pending()) {
      sayOnce(
          pending.provider()
              + ": a backup was put back at "
              + pending.restoredAt()
              + ", and the account "
              + pending.account()
              + " is yet to be asked for batches that were sent after it; until then nothing is sent to "
              + pending.provider()
              + ": run 'nightjar collect' with that account's key and base URL, or, if it has none,"
              + " 'nightjar db reconciled "
              + pending.provider()
              + " "
              + pending.account()
              + "'");
    }
  }

  private void sayOnce(String line) {
    if (said.add(line)) {
      LOG.warn("{}", line);
    }
  }

  private void look(Provider provider) {
    String label = provider.label();
    String account = clients.account(provider);
    ProviderClient client = clients.of(provider);
    if (strays.isToReconcile(label, account)) {
      Instant since = clock.instant().minus(Providers.of(provider).resultsKept());
      List<ProviderClient.Listed> listed = new ArrayList<>();
      client.forEachBatch(since, listed::add);
      List<String> unknown = unknown(label, listed);
      strays.found(label, account, unknown);
      strays.reconciled(label, account);
      if (!unknown.isEmpty()) {
        LOG.warn(
            "{}: {} batches were sent after the backup that was put back; nothing is sent until they have"
                + " ended and their answers are taken over",
            label,
            unknown.size());
      }
    }
    for (String batchId : strays.working(label, account)) {
      read(client, label, batchId);
    }
  }

  /** One whose create is in doubt is found by its submission. */
  private List<String> unknown(String provider, List<ProviderClient.Listed> listed) {
    List<String> unknown =
        new ArrayList<>(
            listed.stream()
                .filter(
                    one ->
                        one.submissionId()
                            .flatMap(submissions::find)
                            .map(Submission::state)
                            .filter(state -> state == SubmissionState.CREATING)
                            .isEmpty())
                .map(ProviderClient.Listed::batchId)
                .toList());
    unknown.removeAll(new HashSet<>(submissions.knownBatchIds(provider, List.copyOf(unknown))));
    return unknown;
  }

  private void read(ProviderClient client, String provider, String batchId) {
    ProviderBatch batch = client.status(batchId);
    if (batch.ending().isEmpty()) {
      sayOnce(provider + ": " + batchId + " is still at work, and nothing is sent meanwhile");
      return;
    }
    Map<String, Charge> charges = new LinkedHashMap<>();
    Set<String> answered = new HashSet<>();
    client.results(
        "",
        batch,
        line -> {
          if (line.error().isEmpty()) {
            answered.add(line.customId());
          }
          if (line.usage().isBilled() && CustomIds.isOne(line.customId())) {
            charges.putIfAbsent(line.customId(), charge(line));
          }
        });
    if (answered.size() < batch.answered()
        && clock.instant().isBefore(batch.workedAt().plus(LINES_LATE_MAX))) {
      return; // they are counted, hence billed, and in no file yet
    }
    strays.read(provider, batchId, charges.values());
    LOG.warn(
        "{}: {}: {} answers are paid for and no submission has them; documents that ask for them get them,"
            + " and 'nightjar spend unknown' lists the others",
        provider,
        batchId,
        charges.size());
  }

  private static Charge charge(ResultLine line) {
    return new Charge(line.customId(), line.model(), line.billedAt(), line.usage());
  }
}
