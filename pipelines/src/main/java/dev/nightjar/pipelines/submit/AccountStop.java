package dev.nightjar.pipelines.submit;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * How providers say that they sell an account nothing more: no credit is left, a spend limit is
 * reached, or the account is on hold. Waiting does not help; a person has to do something. Sources
 * and grades stand in {@code docs/providers.md}.
 */
final class AccountStop {
  private static final Set<String> CODES =
      Set.of(
          // OpenAI, whose codes about money all have the type insufficient_quota
          "insufficient_quota",
          "credit_balance_exhausted",
          "organization_spend_limit_exceeded",
          "project_spend_limit_exceeded",
          "organization_usage_limit_exceeded",
          "billing_not_active",
          "billing_hard_limit_reached",
          // Anthropic
          "enforced_spend_limit_reached",
          "contract_spend_limit_reached",
          "organization_on_hold",
          "workspace_human_review_disabled",
          "cmek_key_disabled",
          "cmek_key_network_blocked",
          "linked_organization_billing_unavailable",
          "linked_organization_spend_limit_reached",
          "billing_error",
          // Alibaba
          "Arrearage",
          // Google
          "CONSUMER_SUSPENDED",
          "BILLING_DISABLED");

  /** Where there is no code. Google's ordinary quota speaks of billing, too, and passes. */
  private static final Pattern MESSAGE =
      Pattern.compile(
          "^Your credit balance is too low|^You have reached your (specified )?(workspace )?API usage limits"
              + "|prepayment credits are depleted|has exceeded its monthly spending cap"
              + "|^Your project has been denied access");

  private AccountStop() {}

  /** Whether a code, a type or a reason is one. */
  static boolean isOne(String code) {
    return CODES.contains(code);
  }

  /**
   * Whether an answer says so.
   *
   * @param body of an answer that is not 2xx
   */
  static boolean isIn(int status, JsonNode body) {
    JsonNode error = body.has("error") ? body.path("error") : body; // SDKs may take it out
    for (JsonNode name :
        List.of(error.path("code"), error.path("type"), error.path("details").path("error_code"))) {
      if (isOne(name.asText(""))) {
        return true;
      }
    }
    for (JsonNode detail : error.path("details")) {
      if (isOne(detail.path("reason").asText(""))) {
        return true;
      }
    }
    return status == 402 || MESSAGE.matcher(error.path("message").asText("")).find();
  }
}
