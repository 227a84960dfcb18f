package dev.nightjar.emulator;

import com.fasterxml.jackson.databind.node.ObjectNode;

/** An answer that is an HTTP error; each provider renders it in its own form. */
final class ApiError extends RuntimeException {
  private static final long serialVersionUID = 1L;

  final int status;
  final String type;
  final String code;

  ApiError(int status, String type, String code, String message) {
    super(message, null, false, false);
    this.status = status;
    this.type = type;
    this.code = code;
  }

  static ApiError invalid(String message) {
    return new ApiError(400, "invalid_request_error", "", message);
  }

  static ApiError notFound(String message) {
    return new ApiError(404, "not_found_error", "", message);
  }

  private String text() {
    return String.valueOf(getMessage());
  }

  /** {@code {"error":{message,type,param,code}}}. */
  ObjectNode openAi() {
    ObjectNode body = Json.object();
    ObjectNode error = body.putObject("error");
    error.put("message", text());
    error.put("type", type.equals("not_found_error") ? "invalid_request_error" : type);
    error.putNull("param");
    if (code.isEmpty()) {
      error.putNull("code");
    } else {
      error.put("code", code);
    }
    return body;
  }

  /** {@code {"type":"error","error":{type,message},"request_id"}}. */
  ObjectNode anthropic(String requestId) {
    ObjectNode body = Json.object();
    body.put("type", "error");
    ObjectNode error = body.putObject("error");
    error.put("type", type);
    error.put("message", text());
    body.put("request_id", requestId);
    return body;
  }
}
