package dev.nightjar.pipelines.submit;

import dev.failsafe.CircuitBreaker;
import dev.failsafe.CircuitBreakerOpenException;
import dev.failsafe.Failsafe;
import dev.failsafe.FailsafeExecutor;
import dev.failsafe.RetryPolicy;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * How often, and how soon, one provider is called again. Thread-safe; one for each provider and
 * JVM.
 *
 * <ul>
 *   <li>Calls without an effect on the bill are repeated up to five times: after what the provider
 *       asks for in {@code Retry-After}, but no longer than the bound, else after a delay that
 *       doubles, with jitter.
 *   <li>Calls with an effect are never repeated here.
 *   <li>After eight failures in a row a circuit breaker refuses further calls for a while, so that
 *       an outage costs neither patience nor quota.
 * </ul>
 */
final class ProviderCalls {
  private static final int RETRIES_MAX = 5;
  private static final int FAILURES_IN_A_ROW_MAX = 8;
  private static final Duration FIRST_DELAY = Duration.ofMillis(500);
  private static final Duration DELAY_MAX = Duration.ofSeconds(60);
  private static final Duration BREAKER_DELAY = Duration.ofSeconds(30);
  private static final double JITTER = 0.25;

  private final String provider;
  private final Duration waitMax;
  private final CircuitBreaker<Object> breaker;
  private final FailsafeExecutor<Object> repeating;
  private final FailsafeExecutor<Object> once;

  /**
   * Calls to one provider.
   *
   * @param waitMax no wait between two tries is longer than this
   */
  ProviderCalls(String provider, Duration waitMax) {
    this.provider = provider;
    this.waitMax = waitMax;
    Duration delayMax = min(DELAY_MAX, waitMax);
    Duration firstDelay = min(FIRST_DELAY, delayMax.dividedBy(2));
    this.breaker =
        CircuitBreaker.builder()
            .handleIf(ProviderCalls::isOutage)
            .withFailureThreshold(FAILURES_IN_A_ROW_MAX)
            .withDelay(min(BREAKER_DELAY, waitMax))
            .build();
    RetryPolicy<Object> retries =
        RetryPolicy.builder()
            .handleIf(ProviderCalls::mayPass)
            .withMaxRetries(RETRIES_MAX)
            .withBackoff(firstDelay, delayMax)
            .withJitter(JITTER)
            .withDelayFnOn(
                context -> {
                  Optional<Duration> asked =
                      context.getLastException() instanceof ProviderException e
                          ? e.retryAfter()
                          : Optional.empty();
                  // -1 keeps the policy's own delay.
                  return asked.map(delay -> min(delay, delayMax)).orElse(Duration.ofMillis(-1));
                },
                ProviderException.class)
            .build();
    this.repeating = Failsafe.with(retries, breaker);
    this.once = Failsafe.with(breaker);
  }

  private static Duration min(Duration a, Duration b) {
    return a.compareTo(b) < 0 ? a : b;
  }

  private static boolean mayPass(Throwable failure) {
    return failure instanceof ProviderException e
        && (e.kind() == ProviderException.Kind.UNAVAILABLE
            || e.kind() == ProviderException.Kind.OUTCOME_UNKNOWN);
  }

  /** A provider that says "later" (429 with a time) is not out of order. */
  private static boolean isOutage(Throwable failure) {
    return failure instanceof ProviderException e && mayPass(e) && e.retryAfter().isEmpty();
  }

  /** A call without an effect on the bill. */
  <T> T reading(Supplier<T> call) {
    return through(repeating, call);
  }

  /**
   * Looks again and again until there is something to see.
   *
   * @param every the pause between two looks, or the bound on waits if that is less
   * @param max when it is given up
   */
  <T> Optional<T> awaiting(Supplier<Optional<T>> look, Duration every, Duration max) {
    RetryPolicy<Optional<T>> looks =
        RetryPolicy.<Optional<T>>builder()
            .handleIf((seen, failure) -> failure == null && seen.isEmpty())
            .withMaxRetries(-1)
            .withDelay(min(every, waitMax))
            .withMaxDuration(max)
            .build();
    return Failsafe.with(looks).get(look::get);
  }

  /** A call with an effect: sent once. */
  <T> T once(Supplier<T> call) {
    return through(once, call);
  }

  private <T> T through(FailsafeExecutor<Object> executor, Supplier<T> call) {
    try {
      return executor.get(call::get);
    } catch (CircuitBreakerOpenException e) {
      throw new ProviderException(
          ProviderException.Kind.UNAVAILABLE,
          provider
              + " failed "
              + FAILURES_IN_A_ROW_MAX
              + " times in a row and is left alone for "
              + Math.max(1, breaker.getRemainingDelay().toSeconds())
              + " s",
          e);
    }
  }
}
