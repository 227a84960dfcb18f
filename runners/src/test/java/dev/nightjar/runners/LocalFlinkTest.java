package dev.nightjar.runners;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.beam.sdk.Pipeline;
import org.apache.beam.sdk.transforms.Create;
import org.apache.beam.sdk.transforms.DoFn;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.transforms.Reshuffle;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** One Flink in this process serves its pipelines, one after the other and at the same time. */
class LocalFlinkTest {
  private static final ConcurrentLinkedQueue<Integer> SEEN = new ConcurrentLinkedQueue<>();
  private static final AtomicInteger CALLS = new AtomicInteger();

  private final PipelineLauncher launcher = new PipelineLauncher(engine());

  private static EngineOptions engine() {
    EngineOptions options = new EngineOptions();
    options.engine = EngineOptions.Engine.FLINK_LOCAL;
    return options;
  }

  @BeforeEach
  void forget() {
    SEEN.clear();
    CALLS.set(0);
  }

  private static final class See extends DoFn<Integer, Void> {
    @ProcessElement
    public void process(@Element Integer element) {
      SEEN.add(element);
    }
  }

  private static final class FailAtFirst extends DoFn<Integer, Integer> {
    @ProcessElement
    public void process(@Element Integer element, OutputReceiver<Integer> out) {
      if (CALLS.incrementAndGet() == 1) {
        throw new IllegalStateException("once");
      }
      out.output(element);
    }
  }

  private static final class Refuse extends DoFn<Integer, Void> {
    @ProcessElement
    public void process(@Element Integer element) {
      throw new NightjarException(
          ErrorCode.TASK_INVALID, "task.yaml", "says nothing", "say something");
    }
  }

  private static void see(Pipeline pipeline, Integer... elements) {
    pipeline
        .apply(Create.of(List.of(elements)))
        .apply(Reshuffle.viaRandomKey())
        .apply(ParDo.of(new See()));
  }

  @Test
  void pipelinesOfAProcessShareOneFlink() {
    launcher.run("first", pipeline -> see(pipeline, 1, 2, 3));
    LocalFlink first = LocalFlink.of(engine().parallelismOrDefault());
    launcher.run("second", pipeline -> see(pipeline, 4, 5));
    assertThat(LocalFlink.of(engine().parallelismOrDefault())).isSameAs(first);
    assertThat(SEEN).containsExactlyInAnyOrder(1, 2, 3, 4, 5);
  }

  @Test
  void aFailedSubtaskIsTriedAgain() {
    launcher.run(
        "retried",
        pipeline ->
            pipeline
                .apply(Create.of(1, 2, 3))
                .apply(Reshuffle.viaRandomKey())
                .apply(ParDo.of(new FailAtFirst()))
                .apply(ParDo.of(new See())));
    assertThat(CALLS.get()).isGreaterThan(3);
    assertThat(SEEN).contains(1, 2, 3);
  }

  @Test
  void whatAStageThrowsComesOutAsItIs() {
    assertThatThrownBy(
            () ->
                launcher.run(
                    "refused",
                    pipeline -> pipeline.apply(Create.of(1)).apply(ParDo.of(new Refuse()))))
        .isInstanceOfSatisfying(
            NightjarException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.TASK_INVALID));
    launcher.run("next", pipeline -> see(pipeline, 7));
    assertThat(SEEN).containsExactly(7);
  }

  @Test
  void pipelinesAtTheSameTimeAllEnd() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try {
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        int element = i;
        all.add(
            threads.submit(
                () -> launcher.run("beside-" + element, pipeline -> see(pipeline, element))));
      }
      for (Future<?> one : all) {
        one.get();
      }
    } finally {
      threads.shutdownNow();
    }
    assertThat(SEEN).containsExactlyInAnyOrder(0, 1, 2, 3);
  }
}
