package dev.nightjar.emulator;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.zip.CRC32;

/**
 * Which lines of a batch its faults hit. Follows from the batch's id alone, so that an execution
 * that was killed and starts again hits the same ones. Immutable.
 */
final class LineFaults {
  private static final int ERROR_EVERY = 5;

  private final String batchId;
  private final Set<Fault> faults;
  private final int requests;

  /**
   * Faults of a batch.
   *
   * @param requests how many of its lines are executed
   */
  LineFaults(Storage.Batch batch, int requests) {
    this.batchId = batch.id();
    this.faults = batch.faults();
    this.requests = requests;
  }

  boolean has(Fault fault) {
    return faults.contains(fault);
  }

  /** Whether a fault that hits one line, or for {@link Fault#LINE_ERRORS} some, hits this one. */
  boolean hits(Fault fault, int index, String customId) {
    if (!faults.contains(fault) || requests == 0) {
      return false;
    }
    return index == hash(batchId + fault) % requests
        || (fault == Fault.LINE_ERRORS && hash(batchId + "\n" + customId) % ERROR_EVERY == 0);
  }

  /** Whether the provider's servers fail on this line. */
  boolean fails(int index, String customId) {
    return has(Fault.ALL_LINES_FAIL) || hits(Fault.LINE_ERRORS, index, customId);
  }

  /** An answer, which may come without what it was billed by. */
  ObjectNode body(Models.Completion completion, String usageField, int index, String customId) {
    return hits(Fault.NO_USAGE, index, customId)
        ? completion.body().deepCopy().without(usageField)
        : completion.body();
  }

  private static long hash(String text) {
    CRC32 crc = new CRC32();
    crc.update(text.getBytes(StandardCharsets.UTF_8));
    return crc.getValue();
  }
}
