package dev.nightjar.emulator;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/** How often an emulator goes wrong by itself, and from which seed. Immutable. */
public final class FaultPlan {
  private final long seed;
  private final double callRate;
  private final double batchRate;
  private final boolean stuckAllowed;
  private final boolean unknownSpendAllowed;

  private FaultPlan(
      long seed,
      double callRate,
      double batchRate,
      boolean stuckAllowed,
      boolean unknownSpendAllowed) {
    this.seed = seed;
    this.callRate = callRate;
    this.batchRate = batchRate;
    this.stuckAllowed = stuckAllowed;
    this.unknownSpendAllowed = unknownSpendAllowed;
  }

  /** Nothing goes wrong unless it is {@link Emulator#inject injected}. */
  public static FaultPlan none() {
    return new FaultPlan(0, 0, 0, false, false);
  }

  /**
   * Faults at random, each one that makes sense for the call and the provider. The same seed gives
   * the same faults as long as the calls come in the same order.
   *
   * @param seed of the generator
   * @param callRate share of calls that get a call fault, 0–1
   * @param batchRate share of created batches that get a batch fault, 0–1
   */
  public static FaultPlan seeded(long seed, double callRate, double batchRate) {
    return new FaultPlan(
        seed, share("callRate", callRate), share("batchRate", batchRate), false, false);
  }

  /** Whether {@link Fault#STUCK} may be drawn; false by default, as it takes a day to end. */
  public FaultPlan allowStuck(boolean value) {
    return new FaultPlan(seed, callRate, batchRate, value, unknownSpendAllowed);
  }

  /**
   * Whether faults may be drawn that bill what a client cannot know of: a lost answer to a
   * synchronous request, an answer without a usage. False by default, for then ledger and invoice
   * are equal only after a person has looked at the invoice.
   */
  public FaultPlan allowUnknownSpend(boolean value) {
    return new FaultPlan(seed, callRate, batchRate, stuckAllowed, value);
  }

  private static double share(String name, double value) {
    if (!(value >= 0 && value <= 1)) {
      throw new IllegalArgumentException(name + " must be 0–1, but was " + value);
    }
    return value;
  }

  RandomGenerator generator() {
    return RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
  }

  Optional<Fault> drawForCall(RandomGenerator random, Vendor vendor, Call call) {
    if (random.nextDouble() >= callRate) {
      return Optional.empty();
    }
    List<Fault> choices =
        new ArrayList<>(
            List.of(
                Fault.HTTP_429,
                Fault.HTTP_500,
                Fault.HTTP_503,
                Fault.TIMEOUT_BEFORE,
                Fault.RESET_BEFORE,
                Fault.SLOW_BODY));
    if (vendor != Vendor.GEMINI) {
      choices.add(Fault.HTTP_408);
      choices.add(Fault.HTTP_409);
    }
    if (vendor == Vendor.ANTHROPIC) {
      choices.add(Fault.HTTP_529);
    }
    if (call != Call.ASK || unknownSpendAllowed) {
      choices.add(Fault.TIMEOUT_AFTER);
      choices.add(Fault.RESET_AFTER);
    }
    if (call == Call.CREATE) {
      choices.add(Fault.HTTP_500_AFTER);
      choices.add(Fault.HTTP_503_AFTER);
    }
    if (call == Call.RESULTS || call == Call.STATUS) {
      choices.add(Fault.TRUNCATED_BODY);
    }
    if (call == Call.STATUS) {
      choices.add(Fault.NOT_FOUND);
    }
    return Optional.of(choices.get(random.nextInt(choices.size())));
  }

  Optional<Fault> drawForBatch(RandomGenerator random, Vendor vendor) {
    if (random.nextDouble() >= batchRate) {
      return Optional.empty();
    }
    List<Fault> choices = new ArrayList<>();
    for (Fault fault : EnumSet.allOf(Fault.class)) {
      if (fault.ofBatch()
          && fault.suits(vendor)
          && (stuckAllowed || fault != Fault.STUCK)
          && fault != Fault.BILLING_LIMIT // a person has to do something
          && (unknownSpendAllowed || fault != Fault.NO_USAGE)) {
        choices.add(fault);
      }
    }
    return Optional.of(choices.get(random.nextInt(choices.size())));
  }
}
