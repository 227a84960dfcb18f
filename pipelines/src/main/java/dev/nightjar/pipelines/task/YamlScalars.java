package dev.nightjar.pipelines.task;

import dev.nightjar.pipelines.task.TaskInvalidException.Problem;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.events.AliasEvent;
import org.yaml.snakeyaml.events.DocumentStartEvent;
import org.yaml.snakeyaml.events.Event;
import org.yaml.snakeyaml.events.ScalarEvent;

/**
 * What in a YAML file means one thing to one reader and another to the next. Versions 1.1 and 1.2
 * take a bare {@code no} for a boolean and for a word, {@code 010} for 8 and for 10, {@code 12:30}
 * for 750 and for a text; the reader of tasks knows no aliases. All of it is refused.
 */
final class YamlScalars {
  private static final Pattern BOOLEAN_IN_1_1 = Pattern.compile("(?i)yes|no|on|off|y|n");
  private static final Pattern NUMBER_IN_ONE_VERSION =
      Pattern.compile(
          "[-+]?(?:0[0-7]+|0o[0-7]+|0b[01_]+|[0-9]+(?::[0-5]?[0-9])+(?:\\.[0-9_]*)?|[0-9]+_[0-9_]*"
              + "|\\.inf|\\.Inf|\\.INF)|\\.nan|\\.NaN|\\.NAN");

  private YamlScalars() {}

  static List<Problem> problems(String file, String yaml) {
    List<Problem> problems = new ArrayList<>();
    int documents = 0;
    try {
      for (Event event : new Yaml(new LoaderOptions()).parse(new StringReader(yaml))) {
        if (event instanceof DocumentStartEvent && ++documents > 1) {
          problems.add(problem(file, event, "expected one document, found a second behind '---'"));
        }
        if (event instanceof AliasEvent alias) {
          problems.add(
              problem(
                  file,
                  event,
                  "aliases are not read; write out what '*" + alias.getAnchor() + "' stands for"));
        }
        if (event instanceof ScalarEvent scalar) {
          check(file, scalar, problems);
        }
      }
    } catch (YAMLException e) {
      return List.of(); // whoever reads it says where it is wrong
    }
    return problems;
  }

  private static void check(String file, ScalarEvent scalar, List<Problem> problems) {
    if (scalar.getScalarStyle() != DumperOptions.ScalarStyle.PLAIN || scalar.getTag() != null) {
      return;
    }
    String value = scalar.getValue();
    if (value.equals("<<")) {
      problems.add(problem(file, scalar, "merges ('<<') are not read; write out what is merged"));
    } else if (BOOLEAN_IN_1_1.matcher(value).matches()) {
      problems.add(
          problem(
              file,
              scalar,
              "'"
                  + value
                  + "' is a boolean in YAML 1.1 and a word in 1.2; quote it, or write true or false"));
    } else if (NUMBER_IN_ONE_VERSION.matcher(value).matches()) {
      problems.add(
          problem(
              file,
              scalar,
              "'"
                  + value
                  + "' is one number in YAML 1.1 and another, or a word, in 1.2; quote it"
                  + " or write it in decimals"));
    }
  }

  private static Problem problem(String file, Event event, String expected) {
    return new Problem(file, event.getStartMark().getLine() + 1, "", expected);
  }
}
