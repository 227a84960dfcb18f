package dev.nightjar.cachestore.postgres;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nightjar.cachestore.AttemptPlan;
import java.math.BigDecimal;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What an attempt may become when it is funded, and what that costs at most. Kept with an attempt
 * as JSON while it waits.
 */
record Funded(
    String tier,
    String provider,
    String model,
    String mode,
    int outputTokensMax,
    int requestBytes,
    String usd) {
  private static final ObjectMapper JSON = new ObjectMapper();

  static Funded of(AttemptPlan.Alternative other, BigDecimal worstCaseUsd) {
    return new Funded(
        other.tier(),
        other.provider(),
        other.model(),
        other.mode().label(),
        other.outputTokensMax(),
        other.requestBytes(),
        worstCaseUsd.toPlainString());
  }

  BigDecimal worstCaseUsd() {
    return new BigDecimal(usd);
  }

  static String toJson(List<Funded> alternatives) {
    try {
      return JSON.writeValueAsString(alternatives);
    } catch (JsonProcessingException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  static List<Funded> fromJson(@Nullable String json) {
    try {
      return json == null ? List.of() : JSON.readValue(json, new TypeReference<>() {});
    } catch (JsonProcessingException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
