package dev.nightjar.pipelines.submit;

import com.fasterxml.jackson.databind.JsonNode;
import dev.nightjar.pipelines.model.Provider;
import dev.nightjar.pipelines.task.TierSpec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/** Which {@link OnlineWay ways} a provider has refused of which models. Thread-safe. */
final class OnlineWays {
  private record Refused(String model, OnlineWay way) {}

  private final Set<Refused> refused = ConcurrentHashMap.newKeySet();

  /** Served models of which answers were accepted in the background, and then had no room. */
  private final Set<String> full = ConcurrentHashMap.newKeySet();

  /** The ways that meet a deadline and were not refused for good, the cheapest first. */
  List<OnlineWay> meeting(TierSpec tier, Duration left, int turns) {
    return OnlineWay.meeting(tier, left, turns).stream()
        .filter(way -> !refused.contains(new Refused(tier.model(), way)))
        .filter(
            way ->
                way != OnlineWay.FLEX || full.stream().noneMatch(m -> m.startsWith(tier.model())))
        .toList();
  }

  /**
   * Asks by the cheapest way that meets the deadline and is not refused. A refusal is not billed.
   *
   * @param left until the deadline
   * @param turns how many answers are waited for one after the other until all are there
   */
  ProviderClient.Response ask(
      TierSpec tier, Duration left, int turns, Function<OnlineWay, ProviderClient.Response> ask) {
    List<Refused> declined = new ArrayList<>();
    for (OnlineWay way : meeting(tier, left, turns)) {
      ProviderClient.Response response = ask.apply(way);
      Refusal refusal = way == OnlineWay.STANDARD ? Refusal.NONE : refusal(tier, response);
      if (refusal == Refusal.NONE) {
        if (response.status() / 100 == 2) { // so it was the way, and not the request
          refused.addAll(declined);
        }
        return response;
      }
      if (refusal == Refusal.DECLINED) {
        declined.add(new Refused(tier.model(), way));
      }
    }
    throw new IllegalStateException("the standard way is always one");
  }

  /** What an answer says about the way that a request was asked. */
  private enum Refusal {
    NONE,
    /** Not now. */
    NO_ROOM,
    /** The way, or the request itself: it is not told by words, which change. */
    DECLINED
  }

  private static Refusal refusal(TierSpec tier, ProviderClient.Response response) {
    int status = response.status();
    JsonNode body = RawHttp.lenient(response.body());
    JsonNode error = body.path("error");
    if (status == 429 && error.path("code").asText().equals("resource_unavailable")
        || status == 503
            && error.isObject()
            && tier.provider() == Provider.GEMINI) { // elsewhere it is any overload
      return Refusal.NO_ROOM;
    }
    return switch (status) {
      case 408, 409, 429 -> Refusal.NONE;
      default ->
          status / 100 == 4
                  && error.isObject()
                  && !RawHttp.refusesKey(status, response.body())
                  && !AccountStop.isIn(status, body)
              ? Refusal.DECLINED
              : Refusal.NONE;
    };
  }

  /**
   * Takes note that there was no room for an answer which had been accepted: it would be so again,
   * and time runs.
   */
  void wasFull(String servedModel) {
    full.add(servedModel);
  }
}
