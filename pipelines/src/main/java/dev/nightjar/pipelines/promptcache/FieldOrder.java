package dev.nightjar.pipelines.promptcache;

import dev.nightjar.pipelines.model.Texts;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.PriorityQueue;

/**
 * Orders the fields of each row of a table so that as much as can be of its text, from its start,
 * is that of another row. The cells are text as it stands in the prompt, the field's name with
 * them.
 *
 * <p>Greedy, as in Liu and others 2024 ("Optimizing LLM queries in relational data analytics"): the
 * value that most characters are saved by goes first in all rows that have it, and so on within
 * them and in the rest. What is left of a row begins with the cell that begins most like another's:
 * names of fields, dates and numbers are shared in part. Not reusable; {@link #of} is thread-safe.
 */
public final class FieldOrder {
  /** So many of the rows at one place decide which cell is written next. */
  private static final int COMPARED_MAX = 500;

  private final int rows;
  private final int fields;
  private final int[][] cells; // by field, by row: a number for each different text
  private final int[] lengths; // of a cell's text
  private final int[] fieldOf; // of a cell
  private final String[] texts;
  private final int[][] orders;
  private final int[] counts;
  private final int[] taken; // by row: 1 + the depth of the group that has it

  private FieldOrder(List<String[]> table, int fields) {
    this.rows = table.size();
    this.fields = fields;
    this.cells = new int[fields][rows];
    List<String> distinct = new ArrayList<>();
    List<Integer> owners = new ArrayList<>();
    for (int field = 0; field < fields; field++) {
      Map<String, Integer> numbers = new HashMap<>();
      for (int row = 0; row < rows; row++) {
        String text = table.get(row)[field];
        Integer number = numbers.get(text);
        if (number == null) {
          number = distinct.size();
          numbers.put(text, number);
          distinct.add(text);
          owners.add(field);
        }
        cells[field][row] = number;
      }
    }
    this.texts = distinct.toArray(String[]::new);
    this.lengths = distinct.stream().mapToInt(String::length).toArray();
    this.fieldOf = owners.stream().mapToInt(Integer::intValue).toArray();
    this.counts = new int[texts.length];
    this.taken = new int[rows];
    this.orders = new int[rows][fields];
  }

  /**
   * Orders a table's fields.
   *
   * @param table rows of cells, each as many as the first has
   * @return for each row its fields' numbers, in the order in which to write them
   */
  public static int[][] of(List<String[]> table) {
    if (table.isEmpty()) {
      return new int[0][];
    }
    int fields = table.get(0).length;
    for (String[] row : table) {
      if (row.length != fields) {
        throw new IllegalArgumentException(
            "a row has " + row.length + " cells, the first " + fields);
      }
    }
    FieldOrder order = new FieldOrder(table, fields);
    int[] all = new int[order.rows];
    Arrays.setAll(all, row -> row);
    order.group(all, new boolean[fields], new int[fields], 0);
    return order.orders;
  }

  // ---- groups ----

  private record Group(long saved, int cell, int size) {}

  /** Orders rows that share what is in {@code before}. */
  private void group(int[] members, boolean[] used, int[] before, int depth) {
    if (members.length == 2) {
      pair(members, used, before, depth);
      return;
    }
    Map<Integer, int[]> lists = lists(members, used);
    PriorityQueue<Group> largest =
        new PriorityQueue<>(
            Comparator.comparingLong(Group::saved).reversed().thenComparingInt(Group::cell));
    lists.forEach((cell, list) -> largest.add(group(cell, list.length)));
    List<Integer> begun = new ArrayList<>();
    while (!largest.isEmpty()) {
      Group group = largest.poll();
      int[] list = left(Objects.requireNonNull(lists.get(group.cell)), depth);
      lists.put(group.cell, list);
      if (list.length < 2) {
        continue;
      }
      if (list.length < group.size) {
        largest.add(group(group.cell, list.length)); // others have taken some of it
        continue;
      }
      for (int row : list) {
        taken[row] = depth + 1;
      }
      begun.add(group.cell);
      int field = fieldOf[group.cell];
      used[field] = true;
      before[depth] = field;
      group(list, used, before, depth + 1);
      used[field] = false;
    }
    end(left(members, depth), begun, used, before, depth);
  }

  /** Two rows: all that they share, and then the rest. */
  private void pair(int[] members, boolean[] used, int[] before, int depth) {
    boolean[] usedNow = used.clone();
    int[] now = before.clone();
    int end = depth;
    for (int field = 0; field < fields; field++) {
      if (!used[field] && cells[field][members[0]] == cells[field][members[1]]) {
        usedNow[field] = true;
        now[end++] = field;
      }
    }
    end(members, List.of(), usedNow, now, end);
  }

  private Group group(int cell, int size) {
    return new Group((size - 1L) * lengths[cell], cell, size);
  }

  /** Those of the rows that no group at this depth has taken. */
  private int[] left(int[] list, int depth) {
    int kept = 0;
    for (int row : list) {
      kept += taken[row] > depth ? 0 : 1;
    }
    if (kept == list.length) {
      return list;
    }
    int[] left = new int[kept];
    int at = 0;
    for (int row : list) {
      if (taken[row] <= depth) {
        left[at++] = row;
      }
    }
    return left;
  }

  /** The rows of each cell that two or more of the members have. */
  private Map<Integer, int[]> lists(int[] members, boolean[] used) {
    Map<Integer, int[]> lists = new HashMap<>();
    for (int field = 0; field < fields; field++) {
      if (used[field]) {
        continue;
      }
      int[] column = cells[field];
      for (int row : members) {
        counts[column[row]]++;
      }
      for (int row : members) {
        int cell = column[row];
        if (counts[cell] == 1) {
          counts[cell] = 0;
        } else if (counts[cell] > 1) {
          lists.put(cell, new int[counts[cell]]);
          counts[cell] = -counts[cell];
        }
        if (counts[cell] < 0) { // so many of its rows are still to come
          int[] list = Objects.requireNonNull(lists.get(cell));
          list[list.length + counts[cell]++] = row;
        }
      }
    }
    return lists;
  }

  // ---- what no other row has ----

  /**
   * Ends the orders of rows with what they have alone: the cell first that begins like a cell of
   * another of them, or like one that a group at the same place begins with.
   */
  private void end(int[] alone, List<Integer> groups, boolean[] used, int[] before, int depth) {
    int first = mostAlike(alone, groups, used);
    for (int row : alone) {
      int[] order = orders[row];
      System.arraycopy(before, 0, order, 0, depth);
      int at = depth;
      if (first >= 0) {
        order[at++] = first;
      }
      for (int field = 0; field < fields; field++) {
        if (!used[field] && field != first) {
          order[at++] = field;
        }
      }
    }
  }

  /** The field whose cells have the longest beginnings in common; -1 if none is left. */
  private int mostAlike(int[] alone, List<Integer> groups, boolean[] used) {
    int best = -1;
    long most = -1;
    for (int field = 0; field < fields; field++) {
      if (used[field]) {
        continue;
      }
      List<String> begun = new ArrayList<>();
      for (int cell : groups) {
        if (fieldOf[cell] == field) {
          begun.add(texts[cell]);
        }
      }
      for (int i = 0; i < Math.min(alone.length, COMPARED_MAX); i++) {
        begun.add(texts[cells[field][alone[i]]]);
      }
      Collections.sort(begun);
      long alike = 0;
      for (int i = 1; i < begun.size(); i++) {
        alike += Texts.sharedStart(begun.get(i - 1), begun.get(i));
      }
      if (alike > most) {
        most = alike;
        best = field;
      }
    }
    return best;
  }
}
