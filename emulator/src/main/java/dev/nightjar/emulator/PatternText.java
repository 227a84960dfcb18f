package dev.nightjar.emulator;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * A short text that a regular expression matches: literals, classes, groups, alternatives and
 * quantifiers, each taken as seldom as it may be. Looking around and back is not understood.
 */
final class PatternText {
  private static final int CHARACTERS_MAX = 1_000;
  private static final int STEPS_MAX = 20_000;

  private final String pattern;
  private long draw;
  private int at;

  private int steps;

  private PatternText(String pattern, long seed) {
    this.pattern = pattern;
    this.draw = Math.max(1, seed);
  }

  /**
   * A text in which the pattern is found.
   *
   * @param seed the same seed gives the same text
   * @return empty if none was found: the pattern is beyond what is understood, or matches nothing
   */
  static Optional<String> of(String pattern, long seed) {
    try {
      String text = new PatternText(pattern, seed).alternatives();
      return text.length() <= CHARACTERS_MAX && Pattern.compile(pattern).matcher(text).find()
          ? Optional.of(text)
          : Optional.empty();
    } catch (PatternSyntaxException | IndexOutOfBoundsException | NumberFormatException e) {
      return Optional.empty();
    }
  }

  /** Up to the end of the pattern, or of the group. */
  private String alternatives() {
    List<String> texts = new ArrayList<>(List.of(sequence()));
    while (at < pattern.length() && pattern.charAt(at) == '|') {
      at++;
      texts.add(sequence());
    }
    return texts.get(next(texts.size()));
  }

  private String sequence() {
    StringBuilder text = new StringBuilder();
    while (at < pattern.length() && "|)".indexOf(pattern.charAt(at)) < 0) {
      int begun = at;
      String one = atom();
      int atEnd = at;
      int times = times();
      int behind = at;
      for (int i = 0; i < Math.min(times, CHARACTERS_MAX); i++) {
        text.append(one);
        at = begun;
        one = atom(); // drawn anew, so that digits differ
      }
      at = Math.max(behind, atEnd);
    }
    return text.toString();
  }

  private String atom() {
    if (++steps > STEPS_MAX) {
      throw new IndexOutOfBoundsException("a pattern that repeats repetitions without end");
    }
    char c = pattern.charAt(at++);
    return switch (c) {
      case '^', '$' -> "";
      case '.' -> "x";
      case '\\' -> escaped(pattern.charAt(at++));
      case '[' -> one(characters());
      case '(' -> {
        if (pattern.startsWith("?:", at)) {
          at += 2;
        }
        String inside = alternatives();
        at++;
        yield inside;
      }
      default -> String.valueOf(c);
    };
  }

  private String escaped(char c) {
    return switch (c) {
      case 'd' -> one("0123456789");
      case 'w' -> one("abcdefghijklmnopqrstuvwxyz");
      case 's' -> " ";
      case 'D', 'S' -> "x";
      case 'W' -> "-";
      case 'b', 'B', 'A', 'z', 'Z' -> "";
      case 'n' -> "\n";
      case 't' -> "\t";
      default -> String.valueOf(c);
    };
  }

  /** What a class holds; of a negated one, a few characters that it does not exclude. */
  private String characters() {
    boolean isNegated = pattern.charAt(at) == '^';
    at += isNegated ? 1 : 0;
    StringBuilder held = new StringBuilder();
    do {
      char c = pattern.charAt(at++);
      if (c == '\\') {
        char e = pattern.charAt(at++);
        held.append(
            switch (e) {
              case 'd' -> "0123456789";
              case 'w' -> "abcdefghijklmnopqrstuvwxyz0123456789_";
              case 's' -> " \t\n";
              default -> String.valueOf(e);
            });
      } else if (pattern.charAt(at) == '-' && pattern.charAt(at + 1) != ']') {
        char last = pattern.charAt(at + 1);
        at += 2;
        for (int each = c; each <= last; each++) {
          held.append((char) each);
        }
      } else {
        held.append(c);
      }
    } while (pattern.charAt(at) != ']');
    at++;
    if (!isNegated) {
      return held.toString();
    }
    return "xyz0AB -"
        .chars()
        .filter(c -> held.indexOf(String.valueOf((char) c)) < 0)
        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
        .toString();
  }

  /** How often the atom before is taken: as seldom as its quantifier allows. */
  private int times() {
    if (at >= pattern.length()) {
      return 1;
    }
    int times =
        switch (pattern.charAt(at)) {
          case '?', '*' -> 0;
          case '{' -> {
            int end = pattern.indexOf('}', at);
            int least = Integer.parseInt(pattern.substring(at + 1, end).replaceFirst(",.*", ""));
            at = end;
            yield least;
          }
          case '+' -> 1;
          default -> -1;
        };
    if (times < 0) {
      return 1;
    }
    at++;
    if (at < pattern.length() && (pattern.charAt(at) == '?' || pattern.charAt(at) == '+')) {
      at++;
    }
    return times;
  }

  private String one(String characters) {
    if (characters.isEmpty()) {
      throw new IndexOutOfBoundsException("a class that holds nothing");
    }
    return String.valueOf(characters.charAt(next(characters.length())));
  }

  /** Park and Miller's generator, which is quick and the same everywhere. */
  private int next(int bound) {
    draw = draw * 48_271 % 2_147_483_647;
    return (int) (draw % bound);
  }
}
