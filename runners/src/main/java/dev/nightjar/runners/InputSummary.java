package dev.nightjar.runners;

import dev.nightjar.cachestore.RunStore;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Says what became of a corpus since the night before, and of each file what was assumed of it and
 * what of it was refused.
 */
final class InputSummary {
  private static final int FILES_MAX = 10;
  private static final int NOTES_MAX = 5;

  private InputSummary() {}

  /** Prints nothing if there is nothing to say. */
  static void print(PrintWriter out, RunStore runs, String runId) {
    List<RunStore.InputNotes> files = runs.inputNotes(runId, FILES_MAX + 1);
    Optional<RunStore.CorpusChanges> changes = runs.corpusChanges(runId);
    if (files.isEmpty() && changes.isEmpty()) {
      return;
    }
    Terminal.heading(out, "Input");
    changes.ifPresent(
        since ->
            out.printf(
                Locale.ROOT,
                "since %s: %,d new, %,d changed, %,d renamed, %,d gone%n",
                since.formerRunId(),
                since.added(),
                since.changed(),
                since.renamed(),
                since.gone()));
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
