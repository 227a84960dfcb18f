package dev.nightjar.pipelines.read;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The columns that a task reads.
 *
 * @param needed without them a record is none; each with what it is for
 * @param wanted used if they are there
 */
public record Columns(Map<String, String> needed, Set<String> wanted) {
  public Columns {
    needed = new TreeMap<>(needed);
    wanted = new TreeSet<>(wanted);
  }

  Set<String> all() {
    Set<String> all = new TreeSet<>(needed.keySet());
    all.addAll(wanted);
    return all;
  }
}
