package dev.nightjar.pipelines.dedupe;

import dev.nightjar.cachestore.CacheHit;
import dev.nightjar.cachestore.EmbeddedText;
import dev.nightjar.cachestore.Embedding;
import dev.nightjar.cachestore.EmbeddingStore;
import dev.nightjar.cachestore.Fingerprint;
import dev.nightjar.cachestore.Miss;
import dev.nightjar.cachestore.Neighbour;
import dev.nightjar.cachestore.SemanticLookup;
import dev.nightjar.cachestore.embed.Embedder;
import dev.nightjar.cachestore.embed.EmbeddingModel;
import dev.nightjar.cachestore.embed.HyperplaneBands;
import dev.nightjar.cachestore.embed.ShingleSet;
import dev.nightjar.pipelines.JobContext;
import dev.nightjar.pipelines.beam.RecordCoder;
import dev.nightjar.pipelines.beam.SharedResource;
import dev.nightjar.pipelines.beam.StoreFn;
import dev.nightjar.pipelines.model.Candidate;
import dev.nightjar.pipelines.model.EmbeddedCandidate;
import dev.nightjar.pipelines.model.Watchdog;
import dev.nightjar.pipelines.reuse.Guards;
import dev.nightjar.pipelines.reuse.SemanticPolicy;
import dev.nightjar.pipelines.task.NearDuplicateSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.values.PCollection;
import org.jspecify.annotations.Nullable;

/**
 * Answers candidates from the cache: by exact key first, then by what their neighbours say, as the
 * run's {@link SemanticPolicy} decides. Outputs the misses, which are recorded with their
 * embeddings. Candidates that an earlier, interrupted pass of the same run has decided are dropped
 * here.
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
    PCollection<Candidate> unknown =
        candidates
            .apply("Answer exact hits", ParDo.of(new ExactFn(context)))
            .setCoder(RecordCoder.of(Candidate.class));
    if (!context.formers().isEmpty()) {
      unknown =
          unknown
              .apply("Keep answers of former versions", ParDo.of(new KeepAnswersFn(context)))
              .setCoder(RecordCoder.of(Candidate.class));
    }
    return unknown
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
          stores().cache().lookupExact(context.namespaceId(), fresh, context.reuseBounds());
      Set<String> answered =
          stores().cache().answerFromCache(context.runId(), List.copyOf(hits.values()), List.of());
      for (Candidate candidate : candidates) {
        if (undecided.contains(candidate.itemKey()) && !answered.contains(candidate.itemKey())) {
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
      Map<String, String> textsByHash = new LinkedHashMap<>();
      List<String> hashes = new ArrayList<>();
      boolean showsId = context.task().showsId();
      for (Candidate candidate : candidates) {
        String text = comparedText(candidate, showsId);
        String hash = Fingerprint.sha256(text);
        hashes.add(hash);
        textsByHash.put(hash, text);
      }
      EmbeddingStore store = stores().embeddings();
      Map<String, EmbeddedText> embedded =
          new HashMap<>(store.find(context.namespaceId(), textsByHash.keySet()));
      textsByHash.keySet().removeAll(embedded.keySet());
      if (!textsByHash.isEmpty()) {
        if (embedder == null) {
          embedder = context.embedder(); // on first use: a night of known texts loads no model
        }
        Map<String, EmbeddedText> fresh = new LinkedHashMap<>();
        Instant begun = context.clock().instant();
        Iterator<EmbeddedText> results = embedded(List.copyOf(textsByHash.values())).iterator();
        stores()
            .runs()
            .addEmbeddingTime(
                context.runId(),
                textsByHash.size(),
                Duration.between(begun, context.clock().instant()));
        textsByHash.keySet().forEach(hash -> fresh.put(hash, results.next()));
        embedded.putAll(fresh);
        fresh.values().removeIf(EmbeddedText.FAILED::equals); // another time it may be had
        store.save(context.namespaceId(), fresh);
      }
      for (int i = 0; i < candidates.size(); i++) {
        output.accept(
            new EmbeddedCandidate(
                candidates.get(i), Optional.ofNullable(embedded.get(hashes.get(i)))));
      }
    }

    /** A text that the model fails of gets no vector, if it is not the model that fails. */
    private List<EmbeddedText> embedded(List<String> texts) {
      Embedder model = Objects.requireNonNull(embedder).get();
      try {
        return model.embed(texts);
      } catch (RuntimeException | StackOverflowError failure) {
        model.embed(List.of("a")); // or it is the model that fails, and the run ends
        List<EmbeddedText> one = new ArrayList<>();
        for (String text : texts) {
          try {
            one.addAll(model.embed(List.of(text)));
          } catch (RuntimeException | StackOverflowError e) {
            one.add(EmbeddedText.FAILED);
          }
        }
        return one;
      }
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
      NearDuplicateSpec near = context.task().nearDuplicates();
      if (near != null) {
        bands = new HyperplaneBands(EmbeddingModel.DIMENSIONS, near.similarityMin());
      }
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
      Map<String, List<String>> guardMarks = new HashMap<>();
      if (context.task().usesLikeness()) {
        boolean showsId = context.task().showsId();
        candidates.forEach(
            c ->
                guardMarks.put(
                    c.candidate().itemKey(),
                    Watchdog.contained(
                        () ->
                            Guards.marks(
                                context.task().embeddingModel(),
                                shownFields(c.candidate(), showsId),
                                comparedText(c.candidate(), showsId)),
                        reason -> Guards.marksOfItself(c.candidate().itemKey()))));
      }
      SemanticPolicy policy = context.semanticPolicy();
      List<SemanticLookup> lookups = lookUp(policy, candidates, guardMarks);
      Set<String> answered =
          stores()
              .cache()
              .answerFromCache(
                  context.runId(),
                  lookups.stream().flatMap(lookup -> policy.hit(lookup).stream()).toList(),
                  lookups);
      List<EmbeddedCandidate> missed =
          candidates.stream().filter(c -> !answered.contains(c.candidate().itemKey())).toList();
      // Outputs follow the commit: what is downstream is recorded.
      stores()
          .work()
          .recordMisses(
              context.runId(),
              missed.stream()
                  .map(
                      c ->
                          new Miss(
                              c.candidate().itemKey(),
                              c.candidate().document().id(),
                              c.embedded().flatMap(EmbeddedText::embedding),
                              guardMarks.getOrDefault(c.candidate().itemKey(), List.of()),
                              likeness(c)))
                  .toList(),
              context.reuseBounds());
      missed.forEach(c -> output.accept(c.candidate()));
    }

    private List<SemanticLookup> lookUp(
        SemanticPolicy policy,
        List<EmbeddedCandidate> candidates,
        Map<String, List<String>> guardMarks) {
      if (!policy.isUsed()) {
        return List.of();
      }
      Map<String, Embedding> queries = new LinkedHashMap<>();
      candidates.forEach(
          c ->
              c.embedded()
                  .flatMap(EmbeddedText::embedding)
                  .ifPresent(e -> queries.put(c.candidate().itemKey(), e)));
      queries.keySet().removeAll(leadersOf(candidates));
      Map<String, List<Neighbour>> neighbours =
          stores()
              .cache()
              .nearest(
                  context.namespaceId(),
                  queries,
                  policy.neighboursMax(),
                  context.reuseBounds().writtenAfter());
      return queries.keySet().stream()
          .map(
              key ->
                  policy.decide(
                      key,
                      neighbours.getOrDefault(key, List.of()),
                      guardMarks.getOrDefault(key, List.of())))
          .toList();
    }

    private Optional<Miss.Likeness> likeness(EmbeddedCandidate candidate) {
      if (bands == null) {
        return Optional.empty();
      }
      HyperplaneBands planes = bands;
      return candidate
          .embedded()
          .map(
              embedded ->
                  embedded.isWhole()
                      ? new Miss.Likeness.Cosine(planes.of(embedded.embedding().orElseThrow()))
                      : new Miss.Likeness.Jaccard(
                          ShingleSet.of(
                              comparedText(candidate.candidate(), context.task().showsId()))));
    }
  }

  private static Map<String, String> shownFields(Candidate candidate, boolean showsId) {
    Map<String, String> fields = new TreeMap<>(candidate.document().fields());
    if (showsId) {
      fields.put("id", candidate.document().id());
    }
    return fields;
  }

  /**
   * Everything the task reads of a document, because all of it can change the answer. Where a field
   * is blank the others come with their names: a debit without a credit is not the reverse.
   */
  private static String comparedText(Candidate candidate, boolean showsId) {
    StringBuilder text = new StringBuilder();
    if (showsId) {
      text.append(candidate.document().id()).append('\n');
    }
    Map<String, String> fields = new TreeMap<>(candidate.document().fields());
    boolean isNamed = fields.values().stream().anyMatch(String::isBlank);
    fields.forEach(
        (name, value) -> {
          if (!value.isBlank()) {
            text.append(isNamed ? name + ": " : "").append(value).append('\n');
          }
        });
    return text.append(candidate.document().text()).toString();
  }
}
