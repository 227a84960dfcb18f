package dev.nightjar.pipelines.task;

import java.util.List;
import java.util.stream.Collectors;

/** A task file that cannot be used, with every problem in it. */
public final class TaskInvalidException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * One problem.
   *
   * @param file the task file
   * @param line line in it, from 1; 0 if the whole file is meant
   * @param field path of the field, empty for the whole file
   * @param expected what was expected
   */
  public record Problem(String file, int line, String field, String expected)
      implements java.io.Serializable {
    private static final int SHOWN_MAX = 500;

    public Problem {
      field = shown(field);
      expected = shown(expected);
    }

    /** One line, whatever a file has for a key or a value. */
    private static String shown(String text) {
      String line = text.replaceAll("[\\s\\p{Cntrl}]+", " ").strip();
      return line.length() <= SHOWN_MAX ? line : line.substring(0, SHOWN_MAX) + "…";
    }

    @Override
    public String toString() {
      return "TASK_INVALID: "
          + file
          + (line > 0 ? ":" + line : "")
          + (field.isEmpty() ? "" : ": " + field)
          + ": "
          + expected;
    }
  }

  private final List<Problem> problems;

  public TaskInvalidException(List<Problem> problems) {
    super(problems.stream().map(Problem::toString).collect(Collectors.joining("\n")));
    this.problems = List.copyOf(problems);
  }

  public List<Problem> problems() {
    return problems;
  }
}
