package dev.nightjar.pipelines.forecast;

import dev.nightjar.cachestore.Forecast;
import dev.nightjar.cachestore.ForecastStore;
import dev.nightjar.cachestore.Stores;
import dev.nightjar.pipelines.JobContext;
import dev.nightjar.pipelines.beam.StoreFn;
import java.util.List;
import java.util.function.Consumer;
import org.apache.beam.sdk.coders.StringUtf8Coder;
import org.apache.beam.sdk.transforms.Create;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.transforms.Wait;
import org.apache.beam.sdk.values.PCollection;

/**
 * Waits until every attempt is worked out, then keeps what the night is expected to cost. Outputs
 * nothing; wait on the output to know that it is kept. Safe to repeat: the first forecast stays.
 */
public final class ForecastCost extends PTransform<PCollection<Void>, PCollection<Void>> {
  private static final long serialVersionUID = 1L;

  private final JobContext context;

  private ForecastCost(JobContext context) {
    this.context = context;
  }

  public static ForecastCost of(JobContext context) {
    return new ForecastCost(context);
  }

  @Override
  public PCollection<Void> expand(PCollection<Void> planned) {
    return planned
        .getPipeline()
        .apply("One forecast", Create.of(context.runId()))
        .apply("Wait for every plan", Wait.on(planned))
        .setCoder(StringUtf8Coder.of())
        .apply("Forecast", ParDo.of(new ForecastFn(context)));
  }

  /** Works a run's forecast out from what the store knows of it. */
  private static Forecast forecast(Stores stores, JobContext context, String runId) {
    ForecastStore store = stores.forecasts();
    List<ForecastStore.TierOption> tiers =
        context.task().tiers().stream()
            .map(
                tier ->
                    new ForecastStore.TierOption(
                        tier.name(), tier.provider().label(), tier.model(), context.mode(tier)))
            .toList();
    return CostForecast.of(
        context.task().tiers(),
        store.work(runId, tiers),
        store.reuse(runId),
        store.history(runId, tiers, CostForecast.NIGHTS_MAX),
        context.task().uncappedOutputTokens(),
        store.worstCaseUsd(runId),
        context.task().fingerprint().hashCode()); // the same night planned twice reads the same
  }

  private static final class ForecastFn extends StoreFn<String, Void> {
    private static final long serialVersionUID = 1L;

    ForecastFn(JobContext context) {
      super(context, 1);
    }

    @Override
    protected void processBatch(List<String> runIds, Consumer<Void> output) {
      for (String runId : runIds) {
        stores().forecasts().save(runId, forecast(stores(), context, runId));
      }
    }
  }
}
