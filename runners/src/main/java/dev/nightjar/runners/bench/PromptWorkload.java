package dev.nightjar.runners.bench;

import dev.nightjar.emulator.PromptCache;
import dev.nightjar.pipelines.promptcache.CacheTerms;
import dev.nightjar.pipelines.promptcache.PrefixNode;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * A task that is asked every night, drawn at random: what its prompts share, what tokens cost, and
 * how its provider's cache behaves, which nobody tells whoever plans.
 *
 * @param root what the prompts share
 * @param ownTokens what each request has for itself, its answer counted at its price in input
 * @param shortTerms prices of the short time to live
 * @param longTerms prices of the long one
 * @param shortHits share of requests that find a prefix that is warm for the short time
 * @param longHits the same for the long one
 * @param seesOwnBatch whether requests of one batch read each other's writes
 */
record PromptWorkload(
    PrefixNode root,
    int ownTokens,
    CacheTerms shortTerms,
    CacheTerms longTerms,
    double shortHits,
    double longHits,
    boolean seesOwnBatch) {
  private static final int[] TOKENS_MIN = {512, 1_024, 2_048, 4_096};
  private static final double[] READ = {0.025, 0.05, 0.1, 0.25};
  private static final int MARKS_MAX = 4;
  private static final double DRIFT = 0.01; // a night, standard deviation

  /** Draws one. */
  static PromptWorkload draw(RandomGenerator random) {
    int requests = (int) logUniform(random, 40, 600);
    PrefixNode root = node(random, "p", requests, 1 + random.nextInt(3));
    int tokensMin = TOKENS_MIN[random.nextInt(TOKENS_MIN.length)];
    double read = READ[random.nextInt(READ.length)];
    double shortHits = share(random);
    return new PromptWorkload(
        root,
        (int) logUniform(random, 50, 4_000),
        new CacheTerms(1, read, 1.25, tokensMin, MARKS_MAX),
        new CacheTerms(1, read, 2, tokensMin, MARKS_MAX),
        shortHits,
        Math.max(shortHits, share(random)), // what is kept longer is found as often or more
        random.nextBoolean());
  }

  private static PrefixNode node(RandomGenerator random, String name, int requests, int levels) {
    List<PrefixNode> children = new ArrayList<>();
    int left = random.nextInt(10) == 0 ? requests / 2 : requests; // some requests may end here
    int groups = levels == 1 ? 0 : 1 + random.nextInt(5);
    for (int group = 0; group < groups && left > 1; group++) {
      int share = group == groups - 1 ? left : 1 + random.nextInt(left);
      if (share > 1) {
        children.add(node(random, name + "." + group, share, levels - 1));
      }
      left -= share;
    }
    return new PrefixNode(name, (int) logUniform(random, 100, 20_000), requests, children);
  }

  /** Never, always, or anything between. */
  private static double share(RandomGenerator random) {
    double kind = random.nextDouble();
    return kind < 0.2 ? 0 : kind < 0.5 ? 1 : random.nextDouble();
  }

  private static double logUniform(RandomGenerator random, double from, double to) {
    return from * Math.pow(to / from, random.nextDouble());
  }

  /** How the cache behaves a night later: slowly otherwise. */
  PromptWorkload drifted(RandomGenerator random) {
    double later = within(shortHits + DRIFT * random.nextGaussian());
    return new PromptWorkload(
        root,
        ownTokens,
        shortTerms,
        longTerms,
        later,
        Math.max(later, within(longHits + DRIFT * random.nextGaussian())),
        seesOwnBatch);
  }

  private static double within(double share) {
    return Math.max(0, Math.min(1, share));
  }

  /** The cache of one night: what the night before has written is cold. */
  PromptCache.World world(long seed) {
    return new PromptCache.World(shortHits, longHits, seesOwnBatch, seed);
  }

  CacheTerms terms(boolean longTime) {
    return longTime ? longTerms : shortTerms;
  }
}
