package dev.nightjar.notebooks;

import org.dflib.jjava.jupyter.kernel.BaseKernel;

/** What a notebook imports: the books, a way to show things, and a way to insist on them. */
public final class Notebook {
  private Notebook() {}

  /** Opens the books, and says so in one line if there is no night in them to look at. */
  public static Books open() {
    Books books = Books.open(System.getenv());
    if (books.isEmpty()) {
      System.out.println(
          "no finished nights yet; run 'runners/bin/nightjar demo', then 'notebooks/run --demo'");
    }
    return books;
  }

  /** Shows tables and figures, in their order; one without content is left out. */
  public static void show(Shown... things) {
    for (Shown thing : things) {
      if (!thing.isEmpty()) {
        BaseKernel.notebookKernel().display(thing.shown());
      }
    }
  }

  /**
   * Insists on what must hold of the figures above.
   *
   * @throws IllegalStateException if it does not; a notebook run by {@code notebooks/run --execute}
   *     fails by that
   */
  public static void check(boolean holds, String claim) {
    if (!holds) {
      throw new IllegalStateException("INCONSISTENT: it does not hold that " + claim);
    }
  }
}
