package dev.nightjar.emulator;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Set;

/** An answer that is an HTTP error; each provider renders it in its own form. */
final class ApiError extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Codes that stand in the details of an error. */
  private static final Set<String> ACCOUNT_CODES =
      Set.of("organization_on_hold", "enforced_spend_limit_reached", "CONSUMER_SUSPENDED");

  final int status;
  final String type;
  final String code;
  final String param;

  ApiError(int status, String type, String code, String message) {
    this(status, type, code, message, "");
  }

  ApiError(int status, String type, String code, String message, String param) {
    super(message, null, false, false);
    this.status = status;
    this.type = type;
    this.code = code;
    this.param = param;
  }

  static ApiError invalid(String message) {
    return new ApiError(400, "invalid_request_error", "", message);
  }

  static ApiError notFound(String message) {
    return new ApiError(404, "not_found_error", "", message);
  }

  /** What a provider says when it answers this status without a reason of the request's own. */
  static ApiError ofStatus(int status) {
    return switch (status) {
      case 404 -> notFound("Not found.");
      case 408 -> new ApiError(status, "timeout_error", "", "The request timed out.");
      case 409 -> new ApiError(status, "conflict_error", "", "The request conflicts with another.");
      case 429 ->
          new ApiError(status, "rate_limit_error", "rate_limit_exceeded", "Rate limit reached.");
      case 503 ->
          new ApiError(status, "api_error", "", "The service is unavailable. Try again later.");
      case 529 -> new ApiError(status, "overloaded_error", "", "Overloaded");
      default -> server("Internal server error");
    };
  }

  /** What a flex request hears that finds no room. */
  static ApiError flexUnavailable(Vendor vendor) {
    return vendor == Vendor.GEMINI
        ? ofStatus(503)
        : new ApiError(
            429,
            "rate_limit_error",
            "resource_unavailable",
            "Resource unavailable. Try again later.");
  }

  /** What an account hears that is sold nothing more. */
  static ApiError accountStopped(Vendor vendor, boolean onHold) {
    return switch (vendor) {
      case OPENAI, VLLM ->
          onHold
              ? new ApiError(
                  429,
                  "billing_not_active",
                  "billing_not_active",
                  "Your account is not active, please check your billing details on our website.")
              : new ApiError(
                  429,
                  "insufficient_quota",
                  "credit_balance_exhausted",
                  "You have no credits remaining. Add credits to continue using the API.");
      case ANTHROPIC ->
          onHold
              ? new ApiError(
                  400,
                  "invalid_request_error",
                  "organization_on_hold",
                  "This organization has been disabled.")
              : new ApiError(
                  429,
                  "rate_limit_error",
                  "enforced_spend_limit_reached",
                  "You have reached your API usage limits: your organization has crossed its monthly API"
                      + " usage threshold.");
      case GEMINI ->
          onHold
              ? new ApiError(
                  403,
                  "permission_error",
                  "CONSUMER_SUSPENDED",
                  "Permission denied: Consumer has been suspended.")
              : new ApiError(
                  402,
                  "billing_error",
                  "",
                  "Your prepayment credits are depleted. Please go to AI Studio to manage your project"
                      + " and billing.");
    };
  }

  static ApiError server(String message) {
    return new ApiError(500, "api_error", "", message);
  }

  private String text() {
    return String.valueOf(getMessage());
  }

  private static void put(ObjectNode object, String name, String value) {
    if (value.isEmpty()) {
      object.putNull(name);
    } else {
      object.put(name, value);
    }
  }

  /** {@code {"error":{message,type,param,code}}}. */
  ObjectNode openAi() {
    ObjectNode body = Json.object();
    ObjectNode error = body.putObject("error");
    error.put("message", text());
    error.put(
        "type",
        switch (type) {
          case "not_found_error" -> "invalid_request_error";
          case "api_error", "overloaded_error" -> "server_error";
          case "rate_limit_error" -> "requests";
          default -> type;
        });
    put(error, "param", param);
    put(error, "code", code);
    return body;
  }

  /** {@code {"type":"error","error":{type,message},"request_id"}}. */
  ObjectNode anthropic(String requestId) {
    ObjectNode body = Json.object();
    body.put("type", "error");
    ObjectNode error = body.putObject("error");
    error.put("type", type);
    error.put("message", text());
    if (ACCOUNT_CODES.contains(code)) {
      error.putObject("details").put("error_code", code);
    }
    body.put("request_id", requestId);
    return body;
  }

  /** {@code {"error":{code,message,status}}}. */
  ObjectNode gemini() {
    ObjectNode body = Json.object();
    body.set("error", geminiStatus());
    return body;
  }

  /** {@code {code,message,status}}, as it also stands in a result line. */
  ObjectNode geminiStatus() {
    ObjectNode error = Json.object();
    if (ACCOUNT_CODES.contains(code)) {
      error
          .putArray("details")
          .addObject()
          .put("@type", "type.googleapis.com/google.rpc.ErrorInfo")
          .put("reason", code)
          .put("domain", "googleapis.com");
    }
    return error
        .put("code", status)
        .put("message", text())
        .put(
            "status",
            switch (status) {
              case 401 -> "UNAUTHENTICATED";
              case 403 -> "PERMISSION_DENIED";
              case 404 -> "NOT_FOUND";
              case 408, 504 -> "DEADLINE_EXCEEDED";
              case 409 -> "ABORTED";
              case 416 -> "OUT_OF_RANGE";
              case 402, 429 -> "RESOURCE_EXHAUSTED";
              case 500 -> "INTERNAL";
              case 503, 529 -> "UNAVAILABLE";
              default -> "INVALID_ARGUMENT";
            });
  }
}
