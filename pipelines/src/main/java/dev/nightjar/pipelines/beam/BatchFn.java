package dev.nightjar.pipelines.beam;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.apache.beam.sdk.transforms.DoFn;
import org.apache.beam.sdk.transforms.windowing.BoundedWindow;
import org.apache.beam.sdk.transforms.windowing.GlobalWindow;

/**
 * Hands elements over in lists, so that a stage makes one statement per list. A list is handed over
 * when it is full, not only at the end of a bundle: on Flink a bundle is the whole partition.
 *
 * <p>One instance per subtask, used by one thread. The buffer never outlives its bundle.
 */
public abstract class BatchFn<I, O> extends DoFn<I, O> {
  private static final long serialVersionUID = 1L;

  /** 16 MB of a heap, and of a statement: 500 documents of 2 MB would be a gigabyte. */
  private static final long CHARACTERS_MAX = 8_000_000;

  private final int elementsMax;
  private transient long characters;
  private transient List<I> buffer = new ArrayList<>();

  /**
   * Sets the size of a list.
   *
   * @param elementsMax most elements in one list, at least 1
   */
  protected BatchFn(int elementsMax) {
    if (elementsMax < 1) {
      throw new IllegalArgumentException("elementsMax must be > 0, but was " + elementsMax);
    }
    this.elementsMax = elementsMax;
  }

  /** Processes one list; whatever it outputs belongs to the same bundle. */
  protected abstract void processBatch(List<I> elements, Consumer<O> output);

  /**
   * Characters that an element holds, where that may be many: a list ends once it holds {@link
   * #CHARACTERS_MAX}.
   */
  protected long characters(I element) {
    return 0;
  }

  /** Opens what this instance needs; overriders call it first. */
  protected void open() {}

  /** Closes what {@link #open} opened, also after a failure; overriders call it last. */
  protected void close() {}

  @Setup
  public final void setup() {
    open();
  }

  @Teardown
  public final void teardown() {
    close();
  }

  @StartBundle
  public void startBundle() {
    characters = 0;
    buffer = new ArrayList<>(); // transient: null after deserialization
  }

  @ProcessElement
  public void processElement(@Element I element, OutputReceiver<O> receiver) {
    buffer.add(element);
    characters += characters(element);
    if (buffer.size() >= elementsMax || characters >= CHARACTERS_MAX) {
      flush(receiver::output);
    }
  }

  @FinishBundle
  public void finishBundle(FinishBundleContext context) {
    flush(
        output -> context.output(output, BoundedWindow.TIMESTAMP_MIN_VALUE, GlobalWindow.INSTANCE));
  }

  private void flush(Consumer<O> output) {
    if (!buffer.isEmpty()) {
      List<I> full = buffer;
      buffer = new ArrayList<>();
      characters = 0;
      processBatch(full, output);
    }
  }
}
