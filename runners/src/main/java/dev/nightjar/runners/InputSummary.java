package dev.nightjar.runners;

import dev.nightjar.cachestore.RunStore;
import java.io.PrintWriter;
import java.util.List;

/** Says of each file of a run what was assumed of it, and what of it was refused. */
final class InputSummary {
  private static final int FILES_MAX = 10;
  private static final int NOTES_MAX = 5;

  private InputSummary() {}

  /** Prints nothing if there is nothing to say. */
  static void print(PrintWriter out, RunStore runs, String runId) {
    List<RunStore.InputNotes> files = runs.inputNotes(runId, FILES_MAX + 1);
    if (files.isEmpty()) {
      return;
    }
    Terminal.heading(out, "Input");
    for (RunStore.InputNotes file : files.subList(0, Math.min(FILES_MAX, files.size()))) {
      out.println(file.sourceUri());
      file.notes().stream().limit(NOTES_MAX).forEach(note -> out.println("  " + note));
      if (file.notes().size() > NOTES_MAX) {
        out.println("  and " + (file.notes().size() - NOTES_MAX) + " more");
      }
    }
    if (files.size() > FILES_MAX) {
      out.println("and more files: select * from input_notes where run_id = '" + runId + "'");
    }
  }
}
