package dev.nightjar.pipelines.dedupe;

import dev.nightjar.cachestore.CacheHit;
import dev.nightjar.cachestore.Embedding;
import dev.nightjar.cachestore.Miss;
import dev.nightjar.cachestore.embed.Embedder;
import dev.nightjar.cachestore.embed.HyperplaneBands;
import dev.nightjar.cachestore.embed.MiniLmEmbedder;
import dev.nightjar.pipelines.JobContext;
import dev.nightjar.pipelines.beam.RecordCoder;
import dev.nightjar.pipelines.beam.SharedResource;
import dev.nightjar.pipelines.beam.StoreFn;
import dev.nightjar.pipelines.model.Candidate;
import dev.nightjar.pipelines.model.EmbeddedCandidate;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.values.PCollection;
import org.jspecify.annotations.Nullable;

/**
 * Answers candidates from the cache: by exact key first, then, for a task with a threshold of its
 * own, by the nearest neighbour. Outputs the misses, which are recorded with their embeddings.
 * Candidates that an earlier, interrupted pass of the same run has decided are dropped here.
 */
public final class ResolveFromCache
    extends PTransform<PCollection<Candidate>, PCollection<Candidate>> {
  private static final long serialVersionUID = 1L;
  private static final int LOOKUP_BATCH_MAX = 500;
  private static final int EMBED_BATCH_MAX = 64;

  private final JobContext context;

  private ResolveFromCache(JobContext context) {
    this.context = context;
  }

  public static ResolveFromCache of(JobContext context) {
    return new ResolveFromCache(context);
  }

  @Override
  public PCollection<Candidate> expand(PCollection<Candidate> candidates) {
    return candidates
        .apply("Answer exact hits", ParDo.of(new ExactFn(context)))
        .setCoder(RecordCoder.of(Candidate.class))
        .apply("Embed what no hash has settled", ParDo.of(new EmbedFn(context)))
        .setCoder(RecordCoder.of(EmbeddedCandidate.class))
        .apply("Answer semantic hits", ParDo.of(new NearestFn(context)))
        .setCoder(RecordCoder.of(Candidate.class));
  }

  private static final class ExactFn extends StoreFn<Candidate, Candidate> {
    private static final long serialVersionUID = 1L;

    ExactFn(JobContext context) {
      super(context, LOOKUP_BATCH_MAX);
    }

    @Override
    protected void processBatch(List<Candidate> candidates, Consumer<Candidate> output) {
      List<String> keys = candidates.stream().map(Candidate::itemKey).toList();
      Set<String> undecided = stores().work().undecided(context.runId(), keys);
      // A leader that an interrupted pass elected stays one: others may follow it already.
      Set<String> fresh = new HashSet<>(undecided);
      fresh.removeAll(stores().work().leadersToPlan(context.runId(), undecided).keySet());
      Map<String, CacheHit> hits =
          stores().cache().lookupExact(context.namespaceId(), fresh, context.borrowSimilarityMin());
      stores().cache().answerFromCache(context.runId(), List.copyOf(hits.values()));
      for (Candidate candidate : candidates) {
        if (undecided.contains(candidate.itemKey()) && !hits.containsKey(candidate.itemKey())) {
          output.accept(candidate);
        }
      }
    }
  }

  /** One model per JVM; thread-safe; closed by the last teardown. */
  private static final class EmbedFn extends StoreFn<Candidate, EmbeddedCandidate> {
    private static final long serialVersionUID = 1L;

    private transient SharedResource.@Nullable Lease<Embedder> embedder;

    EmbedFn(JobContext context) {
      super(context, EMBED_BATCH_MAX);
    }

    @Override
    protected void processBatch(List<Candidate> candidates, Consumer<EmbeddedCandidate> output) {
      if (!context.task().usesLikeness()) {
        candidates.forEach(c -> output.accept(new EmbeddedCandidate(c, Optional.empty())));
        return;
      }
      if (embedder == null) {
        embedder = JobContext.embedder(); // on first use: a night of exact hits loads no model
      }
      List<Optional<Embedding>> embeddings =
          embedder.get().embed(candidates.stream().map(EmbedFn::embedded).toList());
      for (int i = 0; i < candidates.size(); i++) {
        output.accept(new EmbeddedCandidate(candidates.get(i), embeddings.get(i)));
      }
    }

    /** Everything the task reads of a document, because all of it can change the answer. */
    private static String embedded(Candidate candidate) {
      StringBuilder text = new StringBuilder();
      new java.util.TreeMap<>(candidate.document().fields())
          .values()
          .forEach(value -> text.append(value).append('\n'));
      return text.append(candidate.document().text()).toString();
    }

    @Override
    protected void close() {
      if (embedder != null) {
        embedder.close();
        embedder = null;
      }
      super.close();
    }
  }

  private static final class NearestFn extends StoreFn<EmbeddedCandidate, Candidate> {
    private static final long serialVersionUID = 1L;

    private transient @Nullable HyperplaneBands bands;

    NearestFn(JobContext context) {
      super(context, LOOKUP_BATCH_MAX);
    }

    @Override
    protected void open() {
      super.open();
      bands = new HyperplaneBands(MiniLmEmbedder.DIMENSIONS);
    }

    private Set<String> leadersOf(List<EmbeddedCandidate> candidates) {
      return stores()
          .work()
          .leadersToPlan(
              context.runId(), candidates.stream().map(c -> c.candidate().itemKey()).toList())
          .keySet();
    }

    @Override
    protected void processBatch(List<EmbeddedCandidate> candidates, Consumer<Candidate> output) {
      Map<String, CacheHit> hits = Map.of();
      Double similarityMin = context.task().semanticSimilarityMin();
      if (similarityMin != null) {
        Map<String, Embedding> queries = new LinkedHashMap<>();
        candidates.forEach(
            c -> c.embedding().ifPresent(e -> queries.put(c.candidate().itemKey(), e)));
        queries.keySet().removeAll(leadersOf(candidates));
        hits = stores().cache().lookupNearest(context.namespaceId(), queries, similarityMin);
        stores().cache().answerFromCache(context.runId(), List.copyOf(hits.values()));
      }
      List<Miss> misses = new ArrayList<>();
      boolean banded = context.task().nearDuplicateSimilarityMin() != null && bands != null;
      for (EmbeddedCandidate candidate : candidates) {
        if (!hits.containsKey(candidate.candidate().itemKey())) {
          misses.add(
              new Miss(
                  candidate.candidate().itemKey(),
                  candidate.candidate().document().id(),
                  candidate.embedding(),
                  banded && bands != null
                      ? candidate.embedding().map(bands::of).orElse(List.of())
                      : List.of()));
        }
      }
      // Outputs follow the commit: what is downstream is recorded.
      stores().work().recordMisses(context.runId(), misses, context.borrowSimilarityMin());
      Set<String> missed =
          misses.stream().map(Miss::itemKey).collect(java.util.stream.Collectors.toSet());
      for (EmbeddedCandidate candidate : candidates) {
        if (missed.contains(candidate.candidate().itemKey())) {
          output.accept(candidate.candidate());
        }
      }
    }
  }
}
