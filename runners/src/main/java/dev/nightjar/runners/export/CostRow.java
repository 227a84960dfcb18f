package dev.nightjar.runners.export;

import java.math.BigDecimal;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * One line of the view {@code item_costs}, whose columns its components are; USD. {@code
 * attributedUsd} and {@code machineUsd} are null until the run is posted.
 */
public record CostRow(
    String runId,
    String documentId,
    Instant night,
    String itemKey,
    String tenant,
    String task,
    String state,
    @Nullable String answeredBy,
    @Nullable String failureCode,
    @Nullable String tier,
    @Nullable String provider,
    @Nullable String model,
    @Nullable BigDecimal baselineUsd,
    @Nullable BigDecimal savedByExactDuplicatesUsd,
    @Nullable BigDecimal savedByExactCacheUsd,
    @Nullable BigDecimal savedBySemanticCacheUsd,
    @Nullable BigDecimal savedByNearDuplicatesUsd,
    @Nullable BigDecimal savedByRetrievalUsd,
    @Nullable BigDecimal savedByRoutingUsd,
    @Nullable BigDecimal savedByPromptCachingUsd,
    @Nullable BigDecimal savedByOutputControlUsd,
    @Nullable BigDecimal savedByBatchUsd,
    @Nullable BigDecimal savedByEscalationUsd,
    @Nullable BigDecimal savedByFailingUsd,
    BigDecimal actualUsd,
    @Nullable BigDecimal attributedUsd,
    @Nullable BigDecimal machineUsd,
    @Nullable BigDecimal savedByAuditUsd) {}
