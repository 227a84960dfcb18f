package dev.nightjar.cachestore;

/**
 * How large one submission may be.
 *
 * @param requestsMax requests, at least 1
 * @param bytesMax bytes of request lines, line ends included
 */
public record PackingLimits(int requestsMax, long bytesMax) {
  public PackingLimits {
    if (requestsMax < 1 || bytesMax < 1) {
      throw new IllegalArgumentException(
          "requestsMax and bytesMax must be > 0, but were " + requestsMax + " and " + bytesMax);
    }
  }

  /** Whether one more request fits beside what is there. The first request always fits. */
  public boolean admits(int requests, long bytes, long nextBytes) {
    return requests == 0 || (requests < requestsMax && bytes + nextBytes <= bytesMax);
  }
}
