package dev.nightjar.emulator;

/**
 * Tokens of one request; the classes exclude one another.
 *
 * @param input neither read from a prompt cache nor written to one
 * @param cached read from one
 * @param write5m written to one, for the shorter time
 * @param write1h written to one, for the longer
 * @param output what is read as the answer
 * @param reasoning output that nobody reads
 */
public record Usage(
    long input, long cached, long write5m, long write1h, long output, long reasoning) {
  /** All input, cached or not. */
  public long prompt() {
    return input + cached + write5m + write1h;
  }

  /** Whether nothing is charged. */
  boolean isFree() {
    return prompt() + completion() == 0;
  }

  /** All output, read or not. */
  public long completion() {
    return output + reasoning;
  }
}
