package dev.nightjar.pipelines.compress;

import dev.nightjar.pipelines.compress.Excerpt.Span;
import dev.nightjar.pipelines.task.RetrievalSpec;
import dev.nightjar.pipelines.task.TaskSpec;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What of a document a task sends: first compressed, then cut to what the task looks for. Immutable
 * and thread-safe.
 */
public final class Shortener {
  private final Compressor compressor;
  private final @Nullable ChunkRetriever retriever;
  private final int tokensMax;

  /** As a task says. */
  public Shortener(TaskSpec task) {
    RetrievalSpec retrieval = task.retrieval();
    this.compressor = new Compressor(task.compression());
    this.retriever =
        retrieval == null ? null : new ChunkRetriever(retrieval.chunkTokens(), retrieval.queries());
    this.tokensMax = retrieval == null ? Integer.MAX_VALUE : retrieval.documentTokensMax();
  }

  /** What is sent, with its places in the document. */
  public Excerpt shorten(String document) {
    return shorten(document, tokensMax);
  }

  /** The same with a budget of its own. */
  Excerpt shorten(String document, int tokensMax) {
    Excerpt compressed = compressor.compress(document);
    return retriever == null
        ? compressed
        : within(compressed, retriever.excerpt(compressed.text(), tokensMax));
  }

  /** An excerpt of an excerpt, with its places in the document that the outer one is of. */
  private static Excerpt within(Excerpt outer, Excerpt inner) {
    List<Span> spans = new ArrayList<>();
    int before = 0; // code points of the outer text before the stretch
    int next = 0;
    for (Span stretch : outer.spans()) {
      int length = stretch.end() - stretch.start();
      while (next < inner.spans().size() && inner.spans().get(next).start() < before + length) {
        Span wanted = inner.spans().get(next);
        int from = Math.max(wanted.start(), before) - before;
        int to = Math.min(wanted.end(), before + length) - before;
        add(spans, new Span(stretch.start() + from, stretch.start() + to));
        if (wanted.end() > before + length) {
          break; // it goes on in the next stretch
        }
        next++;
      }
      before += length;
    }
    return new Excerpt(inner.text(), spans);
  }

  private static void add(List<Span> spans, Span span) {
    int last = spans.size() - 1;
    if (last >= 0 && spans.get(last).end() == span.start()) {
      spans.set(last, new Span(spans.get(last).start(), span.end()));
    } else {
      spans.add(span);
    }
  }
}
