package dev.nightjar.cachestore;

import java.io.Serializable;

/**
 * How often the semantic cache may be wrong.
 *
 * @param maxError largest share of wrong answers, in (0, 0.5]
 * @param isPerRequest whether of all texts looked up, or else of hits
 * @param confidence with which that holds, in [0.5, 1)
 */
public record ErrorBound(double maxError, boolean isPerRequest, double confidence)
    implements Serializable {
  public ErrorBound {
    if (!(maxError > 0 && maxError <= 0.5) || !(confidence >= 0.5 && confidence < 1)) {
      throw new IllegalArgumentException(
          "maxError must be in (0, 0.5] and confidence in [0.5, 1), but they were "
              + maxError
              + " and "
              + confidence);
    }
  }

  /** Whether both are the same as far as the database, which keeps them as floats, can tell. */
  public boolean isAs(ErrorBound other) {
    return (float) maxError == (float) other.maxError
        && (float) confidence == (float) other.confidence
        && isPerRequest == other.isPerRequest;
  }
}
