package dev.nightjar.pipelines.submit;

import com.fasterxml.jackson.databind.JsonNode;
import dev.nightjar.pipelines.model.Provider;
import dev.nightjar.pipelines.task.TierSpec;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Which {@link OnlineWay ways} a provider has refused of which models. Thread-safe. */
final class OnlineWays {
  private record Refused(String model, OnlineWay way) {}

  private final Set<Refused> refused = ConcurrentHashMap.newKeySet();

  /** The ways that meet a deadline and were not refused for good, the cheapest first. */
  List<OnlineWay> meeting(TierSpec tier, Duration left) {
    return OnlineWay.meeting(tier, left).stream()
        .filter(way -> !refused.contains(new Refused(tier.model(), way)))
        .toList();
  }

  /**
   * Whether an answer refuses the way, and not the request: it has no room now, or the model is not
   * sold so, which is kept in mind. Neither is billed.
   */
  boolean isRefused(TierSpec tier, OnlineWay way, ProviderClient.Response response) {
    JsonNode error = RawHttp.lenient(response.body()).path("error");
    if (response.status() == 429 && error.path("code").asText().equals("resource_unavailable")
        || response.status() == 503
            && error.isObject()
            && tier.provider() == Provider.GEMINI) { // elsewhere it is any overload
      return true;
    }
    String param = error.path("param").asText("");
    boolean notSold =
        response.status() == 400
            && (param.equals("service_tier")
                || param.startsWith("background_options")
                || error.path("message").asText("").startsWith("Flex API is not supported"));
    if (notSold) {
      refused.add(new Refused(tier.model(), way));
    }
    return notSold;
  }
}
