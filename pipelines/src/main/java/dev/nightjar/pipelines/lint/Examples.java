package dev.nightjar.pipelines.lint;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** The examples in a prompt. Stateless and thread-safe. */
final class Examples {
  private static final Pattern BEGIN =
      Pattern.compile(
          "(?:#+ *|\\*\\*|[-*] *|<)?(?:examples?|beispiele?|exemples?|ejemplos?|esempi[o]?|input)"
              + "(?: +\\d+)?(?:>|\\*\\*)? *:?.*",
          Pattern.CASE_INSENSITIVE);

  private static final Pattern HEAD =
      Pattern.compile(
          "(?:#+ *|\\*\\*|<)?(?:examples|beispiele|exemples|ejemplos|esempi)(?:>|\\*\\*)? *:?",
          Pattern.CASE_INSENSITIVE);

  private Examples() {}

  /** Whether a line, stripped, begins an example or a list of them. */
  static boolean begins(String line) {
    return BEGIN.matcher(line).matches() && (line.endsWith(":") || line.matches(".*[:>*#\\d].*"));
  }

  /** Each example's text: from its first line to the next one's, or the second blank line. */
  static List<String> in(String prompt) {
    List<String> examples = new ArrayList<>();
    StringBuilder open = null;
    for (String line : prompt.split("\\R")) {
      String content = line.strip();
      if (HEAD.matcher(content).matches()) {
        continue;
      }
      if (begins(content)) {
        if (open != null) {
          examples.add(open.toString().strip());
        }
        open = new StringBuilder();
      } else if (open != null && content.startsWith("#")) {
        examples.add(open.toString().strip());
        open = null;
      }
      if (open != null) {
        open.append(line).append('\n');
      }
    }
    if (open != null) {
      examples.add(open.toString().strip());
    }
    return examples;
  }
}
