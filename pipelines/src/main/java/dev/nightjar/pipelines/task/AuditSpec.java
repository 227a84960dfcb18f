package dev.nightjar.pipelines.task;

import java.io.Serializable;
import java.math.BigDecimal;

/**
 * Which documents are also asked at the task's reference, to see what the delivered answers are
 * worth.
 *
 * @param share of all documents, in (0, 1]
 * @param usdMax most dollars that a night's audit may cost
 * @param againShare of the audited documents, how many are asked at the reference twice, in [0, 1]
 */
public record AuditSpec(double share, BigDecimal usdMax, double againShare)
    implements Serializable {
  /** The reference is asked. */
  public static final int FIRST_PASS = 1;

  /** The reference is asked once more, to see how often it agrees with itself. */
  public static final int SECOND_PASS = 2;

  /** Of all documents, the share that a pass asks. */
  public double share(int pass) {
    return pass == SECOND_PASS ? share * againShare : share;
  }
}
