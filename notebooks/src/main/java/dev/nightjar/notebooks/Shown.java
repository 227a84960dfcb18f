package dev.nightjar.notebooks;

import org.dflib.jjava.jupyter.kernel.display.DisplayData;
import org.dflib.jjava.jupyter.kernel.display.DisplayDataRenderable;
import org.dflib.jjava.jupyter.kernel.display.RenderContext;

/** What a notebook can show: as the last value of a cell, or by {@link Notebook#show}. */
public interface Shown extends DisplayDataRenderable {
  DisplayData shown();

  /** Whether there is nothing to show. */
  boolean isEmpty();

  @Override
  default void render(RenderContext context) {
    context.getOutputContainer().assign(shown());
  }
}
