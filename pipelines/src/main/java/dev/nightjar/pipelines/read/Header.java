package dev.nightjar.pipelines.read;

import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.pipelines.model.Suggestion;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * The names of columns, as a file has them. Columns are found by their names, else by their names
 * without blanks and capitals.
 *
 * @param names in their order
 */
record Header(List<String> names) {
  private static final int CHARS_SHOWN = 300;

  /**
   * Where a task's columns are.
   *
   * @param positions of the columns by the task's names; empty if one is missing or there twice
   * @param assumptions which were found by another name than their own
   * @param reason why there are no positions
   */
  record Found(Optional<Map<String, Integer>> positions, List<String> assumptions, String reason) {}

  /** Whether each of the needed columns is there, once. */
  boolean holds(Columns columns) {
    return columns.needed().keySet().stream().allMatch(name -> positions(name).size() == 1);
  }

  /**
   * Finds the columns.
   *
   * @param written what is said of the header, as "separated by ';'"; may be empty
   */
  Found find(Columns columns, String written) {
    Map<String, Integer> found = new HashMap<>();
    List<String> assumptions = new ArrayList<>();
    for (String name : columns.all()) {
      List<Integer> positions = positions(name);
      String use = columns.needed().get(name);
      if (positions.size() > 1 || (positions.isEmpty() && use != null)) {
        return new Found(
            Optional.empty(),
            List.of(),
            "expected "
                + (positions.isEmpty() ? "a" : "one")
                + " column '"
                + name
                + "'"
                + (use == null ? "" : " (" + use + ")")
                + "; the header"
                + (written.isEmpty() ? "" : ", " + written + ",")
                + " is: "
                + shown()
                + (positions.isEmpty() ? Suggestion.among(name, names) : "")
                + "; correct it, or the task's 'input'; nothing of the file was read");
      }
      if (!positions.isEmpty()) {
        String own = names.get(positions.get(0));
        if (!own.equals(name)) {
          assumptions.add("the column '" + own + "' is '" + name + "'");
        }
        found.put(name, positions.get(0));
      }
    }
    return new Found(Optional.of(found), assumptions, "");
  }

  /** Finds the columns, or refuses the whole file. */
  Optional<Map<String, Integer>> find(Columns columns, String written, Records records) {
    Found found = find(columns, written);
    if (found.positions().isEmpty()) {
      records.refuse(0, "", ErrorCode.INPUT_FIELD_MISSING, found.reason());
    }
    found.assumptions().forEach(records::assume);
    return found.positions();
  }

  /** Where a column is: by its name as it stands, or else by what it comes to. */
  private List<Integer> positions(String name) {
    List<Integer> exact = new ArrayList<>();
    List<Integer> alike = new ArrayList<>();
    for (int i = 0; i < names.size(); i++) {
      if (names.get(i).equals(name)) {
        exact.add(i);
      }
      if (names.get(i).strip().toLowerCase(Locale.ROOT).equals(name.toLowerCase(Locale.ROOT))) {
        alike.add(i);
      }
    }
    return exact.isEmpty() ? alike : exact;
  }

  private String shown() {
    String all = String.join(", ", names).replaceAll("\\s+", " ");
    return all.length() > CHARS_SHOWN ? all.substring(0, CHARS_SHOWN) + "..." : all;
  }
}
