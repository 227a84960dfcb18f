package dev.nightjar.pipelines.dedupe;

import dev.nightjar.cachestore.Leader;
import dev.nightjar.cachestore.ReuseBounds;
import dev.nightjar.pipelines.JobContext;
import dev.nightjar.pipelines.beam.RecordCoder;
import dev.nightjar.pipelines.beam.StoreFn;
import dev.nightjar.pipelines.model.Candidate;
import dev.nightjar.pipelines.model.LeaderDocument;
import dev.nightjar.pipelines.task.NearDuplicateSpec;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.beam.sdk.coders.StringUtf8Coder;
import org.apache.beam.sdk.transforms.Create;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.transforms.Wait;
import org.apache.beam.sdk.values.PCollection;

/**
 * Waits until every miss of the run is recorded, elects leaders among them in one transaction, and
 * passes on the leaders. Followers wait in the database for their leader's answer.
 */
public final class ElectLeaders
    extends PTransform<PCollection<Candidate>, PCollection<LeaderDocument>> {
  private static final long serialVersionUID = 1L;
  private static final int LEADERS_BATCH_MAX = 500;

  private final JobContext context;

  private ElectLeaders(JobContext context) {
    this.context = context;
  }

  public static ElectLeaders of(JobContext context) {
    return new ElectLeaders(context);
  }

  @Override
  public PCollection<LeaderDocument> expand(PCollection<Candidate> misses) {
    PCollection<Void> elected =
        misses
            .getPipeline()
            .apply("One election", Create.of(context.runId()))
            .apply("Wait for every miss", Wait.on(misses))
            .setCoder(StringUtf8Coder.of())
            .apply("Elect", ParDo.of(new ElectFn(context)));
    return misses
        .apply("Wait for the election", Wait.on(elected))
        .setCoder(RecordCoder.of(Candidate.class))
        .apply("Keep leaders", ParDo.of(new KeepLeadersFn(context)))
        .setCoder(RecordCoder.of(LeaderDocument.class));
  }

  private static final class ElectFn extends StoreFn<String, Void> {
    private static final long serialVersionUID = 1L;

    ElectFn(JobContext context) {
      super(context, 1);
    }

    @Override
    protected void processBatch(List<String> runIds, Consumer<Void> output) {
      NearDuplicateSpec near = context.task().nearDuplicates();
      for (String runId : runIds) {
        stores()
            .work()
            .electLeaders(
                runId,
                near == null ? ReuseBounds.NEVER : near.similarityMin(),
                near == null ? ReuseBounds.NEVER : near.jaccardMin(),
                context.task().guards().positions());
      }
    }
  }

  private static final class KeepLeadersFn extends StoreFn<Candidate, LeaderDocument> {
    private static final long serialVersionUID = 1L;

    KeepLeadersFn(JobContext context) {
      super(context, LEADERS_BATCH_MAX);
    }

    @Override
    protected void processBatch(List<Candidate> candidates, Consumer<LeaderDocument> output) {
      Map<String, Leader> leaders =
          stores()
              .work()
              .leadersToPlan(context.runId(), candidates.stream().map(Candidate::itemKey).toList());
      for (Candidate candidate : candidates) {
        Leader leader = leaders.get(candidate.itemKey());
        if (leader != null) {
          output.accept(new LeaderDocument(candidate, leader.attemptNumber()));
        }
      }
    }
  }
}
