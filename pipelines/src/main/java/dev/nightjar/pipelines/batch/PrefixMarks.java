package dev.nightjar.pipelines.batch;

import dev.nightjar.cachestore.AttemptMode;
import dev.nightjar.cachestore.CacheMarking;
import dev.nightjar.cachestore.Price;
import dev.nightjar.cachestore.PromptCacheStore;
import dev.nightjar.cachestore.PromptCacheStore.Shown;
import dev.nightjar.cachestore.PromptCacheStore.Standing;
import dev.nightjar.cachestore.Stores;
import dev.nightjar.cachestore.SubmissionStore.Unpacked;
import dev.nightjar.pipelines.JobContext;
import dev.nightjar.pipelines.model.CacheTtl;
import dev.nightjar.pipelines.model.Tokens;
import dev.nightjar.pipelines.promptcache.CachePolicy;
import dev.nightjar.pipelines.promptcache.CacheTerms;
import dev.nightjar.pipelines.promptcache.HitEvidence;
import dev.nightjar.pipelines.promptcache.PrefixNode;
import dev.nightjar.pipelines.submit.RequestLines;
import dev.nightjar.pipelines.task.TaskSpec;
import dev.nightjar.pipelines.task.TierSpec;
import java.util.List;
import java.util.Optional;

/**
 * Whether the requests of a tier that wait are marked for the provider's prompt cache, and which of
 * them go now: asked before each packing, so that what one wave has shown decides the next.
 * Stateless but for its stores; thread-safe.
 */
final class PrefixMarks {
  /** Batches that follow one another: each may take an hour. */
  private static final int WAVES_MAX = 6;

  /** Requests wait for others in the first quarter of the time to a run's deadline only. */
  private static final double WAITED_MAX = 0.25;

  /** What a provider keeps at the least that the price list does not say. */
  private static final int TOKENS_MIN = 1_024;

  private final Stores stores;
  private final JobContext context;
  private final RequestLines lines;

  PrefixMarks(Stores stores, JobContext context) {
    this.stores = stores;
    this.context = context;
    this.lines = new RequestLines(context.task());
  }

  /** What is packed next of a tier. */
  CacheMarking of(Unpacked what) {
    TierSpec tier = context.task().tier(what.tier());
    List<CacheTtl> ttls = lines.cacheTtls(tier);
    if (!context.attended() || what.mode() != AttemptMode.BATCH || ttls.isEmpty()) {
      return CacheMarking.NONE;
    }
    Optional<Price> price =
        stores.prices().list(Optional.of(context.clock().instant())).stream()
            .filter(row -> row.provider().equals(tier.provider().label()))
            .filter(row -> row.model().equals(tier.model()) && row.inputTokensAbove() == 0)
            .findFirst();
    int tokens = sharedTokens(context.task());
    if (price.isEmpty() || tokens < price.get().cacheableTokensMin().orElse(TOKENS_MIN)) {
      return CacheMarking.NONE;
    }
    Standing standing = stores.promptCaches().standing(context.namespaceId(), tier.name());
    if (standing.waiting() < 2
        || stores.promptCaches().areRefused(tier.provider().label(), tier.model())) {
      return CacheMarking.NONE;
    }
    return decided(tier, tokens, standing, ways(tier, ttls, price.get()));
  }

  /** Tokens that all requests of a task begin with, by our count. */
  static int sharedTokens(TaskSpec task) {
    return Tokens.count(task.system()) + Tokens.count(task.sharedHead());
  }

  private CacheMarking decided(
      TierSpec tier, int tokens, Standing standing, List<CachePolicy.Way> ways) {
    List<String> tried =
        standing.tried().stream().map(PromptCacheStore.Tried::mark).distinct().toList();
    boolean mayWait = standing.waited() < WAITED_MAX;
    long waves = standing.tried().stream().filter(PromptCacheStore.Tried::held).count();
    PrefixNode shared = PrefixNode.leaf("shared", tokens, standing.waiting());
    double nightUsd = ways.isEmpty() ? 0 : shared.tokensInAll() * ways.get(0).terms().plain();
    CachePolicy.Step step =
        CachePolicy.next(
            shared,
            ways,
            CachePolicy.risk(nightUsd, 0, standing.savedUsd().doubleValue()),
            // What is warm needs no wait.
            mayWait ? (int) Math.max(1, WAVES_MAX - waves) : tried.isEmpty() ? 1 : 2,
            tried);
    if (step.way() == null) {
      return CacheMarking.NONE;
    }
    String mark = step.way().name();
    CacheTtl ttl = CacheTtl.ofLabel(mark);
    boolean isWarm =
        standing.tried().stream()
            .filter(earlier -> earlier.mark().equals(mark))
            .flatMap(earlier -> earlier.sinceEnd().stream())
            .anyMatch(since -> since.compareTo(ttl.duration()) < 0);
    if (!mayWait && (!isWarm || step.through() != null)) {
      return CacheMarking.NONE;
    }
    if (!isWarm) {
      return CacheMarking.primer(mark, markBytes(tier, ttl));
    }
    return step.through() == null
        ? CacheMarking.all(mark, markBytes(tier, ttl))
        : CacheMarking.probe(mark, step.requests(), markBytes(tier, ttl));
  }

  /** The same for each request: all of them begin with the same text. */
  private int markBytes(TierSpec tier, CacheTtl ttl) {
    String prompt = context.task().sharedHead() + "x";
    return RequestLines.write(lines.marked(tier, "", prompt, ttl)).length()
        - RequestLines.write(lines.of(tier, "", prompt)).length();
  }

  private List<CachePolicy.Way> ways(TierSpec tier, List<CacheTtl> ttls, Price price) {
    List<Shown> shown = stores.promptCaches().shown(tier.provider().label(), tier.model());
    Price.Rates rates = price.batch();
    double plain = rates.input().doubleValue() * 1e-6;
    return ttls.stream()
        .filter(ttl -> isPriced(ttl, rates))
        .map(
            ttl ->
                new CachePolicy.Way(
                    ttl.label(),
                    new CacheTerms(
                        plain,
                        Math.min(plain, rates.cachedInput().doubleValue() * 1e-6),
                        Math.max(
                            plain,
                            (ttl.isLong() ? rates.cacheWriteLong() : rates.cacheWrite())
                                    .doubleValue()
                                * 1e-6),
                        1,
                        1),
                    evidence(shown, ttl.label()),
                    HitEvidence.NONE))
        .toList();
  }

  /** A list that gives the long time the short one's price does not know it. */
  private static boolean isPriced(CacheTtl ttl, Price.Rates rates) {
    return ttl.isLong()
        ? rates.cacheWriteLong().compareTo(rates.cacheWrite()) > 0
        : rates.cacheWrite().signum() > 0;
  }

  /** What a way has shown, older nights counting less. */
  private static HitEvidence evidence(List<Shown> shown, String mark) {
    HitEvidence evidence = HitEvidence.NONE;
    for (Shown night : shown) {
      if (night.mark().equals(mark)) {
        evidence = evidence.plus(night.nightsAgo(), night.served(), night.findable());
      }
    }
    return evidence;
  }
}
