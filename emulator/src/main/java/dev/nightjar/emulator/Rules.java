package dev.nightjar.emulator;

/**
 * The {@link Rule}s that an emulator keeps: all of them. A test takes one away, or a part of one,
 * and must then see a case pass that should not: else nothing would notice an emulator that has
 * become kinder than the provider. Immutable.
 */
final class Rules {
  static final Rules ALL = new Rules("");

  private final String missing;

  private Rules(String missing) {
    this.missing = missing;
  }

  /**
   * All but one.
   *
   * @param part what of it is missing, as a keyword of a list; empty for the whole rule
   */
  static Rules without(Rule rule, String part) {
    return new Rules(name(rule, part));
  }

  private static String name(Rule rule, String part) {
    return part.isEmpty() ? rule.name() : rule.name() + " " + part;
  }

  boolean keep(Rule rule) {
    return !missing.equals(rule.name());
  }

  boolean keep(Rule rule, String part) {
    return keep(rule) && !missing.equals(name(rule, part));
  }

  /** Refuses what breaks a rule. */
  void refuse(Rule rule, ApiError error) {
    if (keep(rule)) {
      throw error;
    }
  }

  /** Refuses what breaks a part of a rule. */
  void refuse(Rule rule, String part, ApiError error) {
    if (keep(rule, part)) {
      throw error;
    }
  }
}
