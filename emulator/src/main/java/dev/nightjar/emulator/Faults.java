package dev.nightjar.emulator;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;

/** Decides what goes wrong next, and counts what did. Thread-safe. */
final class Faults {
  private static final class Injected {
    private final Fault fault;
    private final Call call;
    private int times;

    private Injected(Fault fault, Call call, int times) {
      this.fault = fault;
      this.call = call;
      this.times = times;
    }
  }

  private final FaultPlan plan;
  private final RandomGenerator random;
  private final List<Injected> injected = new ArrayList<>();
  private final Map<Fault, Integer> counts = new EnumMap<>(Fault.class);

  Faults(FaultPlan plan) {
    this.plan = plan;
    this.random = plan.generator();
  }

  synchronized void inject(Fault fault, Call call, int times) {
    if (fault.ofBatch() && call != Call.CREATE) {
      throw new IllegalArgumentException(
          fault + " is decided when a batch is created, but was injected into " + call);
    }
    if (times < 1) {
      throw new IllegalArgumentException("times must be > 0, but was " + times);
    }
    injected.add(new Injected(fault, call, times));
  }

  /** The fault of this call, if it has one: first what was injected, one fault a call. */
  synchronized Optional<Fault> forCall(Vendor vendor, Call call) {
    Optional<Fault> drawn = plan.drawForCall(random, vendor, call);
    for (Injected next : injected) {
      if (next.call == call && !next.fault.ofBatch() && next.fault.suits(vendor)) {
        use(next);
        drawn = Optional.of(next.fault);
        break;
      }
    }
    drawn.ifPresent(this::count);
    return drawn;
  }

  /**
   * The faults of the batch that is being created: what is drawn, and all that were injected. One
   * that refuses the creation comes alone; the others wait for a batch that is created.
   */
  synchronized Set<Fault> forBatch(Vendor vendor) {
    Set<Fault> faults = EnumSet.noneOf(Fault.class);
    Optional<Fault> drawn = plan.drawForBatch(random, vendor);
    for (Injected next : List.copyOf(injected)) {
      if (next.fault.ofBatch() && next.fault.suits(vendor) && next.fault.refuses(vendor)) {
        use(next);
        count(next.fault);
        return EnumSet.of(next.fault);
      }
    }
    drawn.ifPresent(faults::add);
    if (drawn.isEmpty() || !drawn.get().refuses(vendor)) {
      for (Injected next : List.copyOf(injected)) {
        if (next.fault.ofBatch() && next.fault.suits(vendor) && faults.add(next.fault)) {
          use(next);
        }
      }
    }
    faults.forEach(this::count);
    return faults;
  }

  private void use(Injected next) {
    next.times--;
    if (next.times == 0) {
      injected.remove(next);
    }
  }

  private void count(Fault fault) {
    counts.merge(fault, 1, Integer::sum);
  }

  synchronized Map<Fault, Integer> counts() {
    return counts.isEmpty() ? Map.of() : Map.copyOf(counts);
  }
}
