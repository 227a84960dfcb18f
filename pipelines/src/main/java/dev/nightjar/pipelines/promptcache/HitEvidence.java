package dev.nightjar.pipelines.promptcache;

/**
 * What requests have shown about how often a marked prefix is served that was written before. Old
 * nights count less: hit rates drift.
 *
 * @param hits requests that were served, weighed by age
 * @param trials requests that could have been, weighed by age
 */
public record HitEvidence(double hits, double trials) {
  /** What a night's requests count for a night later; half is forgotten in a week. */
  public static final double KEPT_A_NIGHT = 0.9;

  /** A night counts as this many at most: its requests share their luck. */
  public static final double TRIALS_MAX_A_NIGHT = 40;

  /** Nothing is known. */
  public static final HitEvidence NONE = new HitEvidence(0, 0);

  /** Standard deviations of a bound that losses are measured by: it holds in 19 of 20 cases. */
  private static final double FEAR = 1.645;

  /** Of a bound that tries are made by, which cost money if it is too high. */
  private static final double HOPE = 1;

  public HitEvidence {
    if (!(hits >= 0) || hits > trials + 1e-9) {
      throw new IllegalArgumentException("expected 0 <= hits <= trials: " + hits + ", " + trials);
    }
  }

  /**
   * With the requests of one night.
   *
   * @param nightsAgo how old it is; 0 for tonight
   * @param nightHits requests that were served
   * @param nightTrials requests that could have been
   */
  public HitEvidence plus(int nightsAgo, double nightHits, double nightTrials) {
    double weight =
        Math.pow(KEPT_A_NIGHT, nightsAgo)
            * (nightTrials > TRIALS_MAX_A_NIGHT ? TRIALS_MAX_A_NIGHT / nightTrials : 1);
    return new HitEvidence(hits + weight * nightHits, trials + weight * nightTrials);
  }

  /** As it counts a night later. */
  public HitEvidence aNightLater() {
    return new HitEvidence(hits * KEPT_A_NIGHT, trials * KEPT_A_NIGHT);
  }

  /** The share to expect; a half where nothing is known. */
  public double mean() {
    return (hits + 0.5) / (trials + 1);
  }

  /** The least that is plausible: Wilson's lower bound. */
  public double low() {
    return trials == 0 ? 0 : Math.max(0, centre(FEAR) - spread(FEAR));
  }

  /** The most that may be hoped for: Wilson's upper bound. */
  public double high() {
    return trials == 0 ? 1 : Math.min(1, centre(HOPE) + spread(HOPE));
  }

  private double centre(double z) {
    return (hits + z * z / 2) / (trials + z * z);
  }

  private double spread(double z) {
    double share = hits / trials;
    return z * Math.sqrt(trials * share * (1 - share) + z * z / 4) / (trials + z * z);
  }
}
