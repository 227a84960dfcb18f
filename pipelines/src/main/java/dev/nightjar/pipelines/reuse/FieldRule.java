package dev.nightjar.pipelines.reuse;

import java.io.Serializable;

/**
 * When two values of one field of an answer are the same.
 *
 * @param kind in which way
 * @param value for {@link Kind#TOLERANCE} the largest difference of two numbers, at least 0; for
 *     {@link Kind#WORDS} the least F1 of the words, in (0, 1]; else 0
 */
public record FieldRule(Kind kind, double value) implements Serializable {
  /** Only if they are equal. */
  public static final FieldRule EXACT = new FieldRule(Kind.EXACT, 0);

  /** Arrays, if they have the same members, in whatever order and however often. */
  public static final FieldRule SET = new FieldRule(Kind.SET, 0);

  /** Always. */
  public static final FieldRule IGNORED = new FieldRule(Kind.IGNORED, 0);

  /** In which way two values are compared. */
  public enum Kind {
    EXACT,
    SET,
    TOLERANCE,
    WORDS,
    IGNORED
  }

  public FieldRule {
    boolean isValid =
        switch (kind) {
          case TOLERANCE -> value >= 0;
          case WORDS -> value > 0 && value <= 1;
          default -> value == 0;
        };
    if (!isValid) {
      throw new IllegalArgumentException("value must fit " + kind + ", but was " + value);
    }
  }

  /** Numbers that are at most so far apart. */
  public static FieldRule tolerance(double differenceMax) {
    return new FieldRule(Kind.TOLERANCE, differenceMax);
  }

  /** Texts, also in arrays and objects, whose words agree so far. */
  public static FieldRule words(double f1Min) {
    return new FieldRule(Kind.WORDS, f1Min);
  }
}
