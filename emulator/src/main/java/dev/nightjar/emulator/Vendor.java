package dev.nightjar.emulator;

import com.fasterxml.jackson.databind.node.ObjectNode;

/** Whose API a call speaks: how it is told from its path, and how an error is written. */
enum Vendor {
  OPENAI,
  ANTHROPIC,
  GEMINI,
  VLLM;

  /** OpenAI and Gemini share paths; only Gemini's key travels under its own name. */
  static Vendor of(Exchange exchange) {
    String first = exchange.segment(0);
    String second = exchange.segment(1);
    if (first.equals("vllm")) {
      return VLLM;
    }
    if (first.equals("v1") && second.equals("messages")) {
      return ANTHROPIC;
    }
    if (first.equals("v1beta")
        || first.equals("upload")
        || first.equals("download")
        || exchange.header("x-goog-api-key").isPresent()
        || !exchange.query("key", "").isEmpty()) {
      return GEMINI;
    }
    return OPENAI;
  }

  String requestIdHeader() {
    return switch (this) {
      case ANTHROPIC -> "request-id";
      case OPENAI, VLLM -> "x-request-id";
      case GEMINI -> "x-goog-request-id";
    };
  }

  ObjectNode render(ApiError error, String requestId) {
    return switch (this) {
      case ANTHROPIC -> error.anthropic(requestId);
      case OPENAI, VLLM -> error.openAi();
      case GEMINI -> error.gemini();
    };
  }

  /** The kind of a call. */
  Call call(Exchange exchange) {
    return switch (this) {
      case OPENAI -> openAi(exchange, 1);
      case VLLM -> openAi(exchange, 2);
      case ANTHROPIC -> anthropic(exchange);
      case GEMINI -> gemini(exchange);
    };
  }

  private static Call openAi(Exchange exchange, int at) {
    if (exchange.segment(at).equals("batch")) { // Mistral: v1, batch, jobs, id
      boolean one = !exchange.segment(at + 2).isEmpty();
      return switch (exchange.method()) {
        case "POST" -> one ? Call.CANCEL : Call.CREATE;
        case "GET" -> one ? Call.STATUS : Call.LIST;
        default -> Call.OTHER;
      };
    }
    String last = exchange.segment(at + 2);
    boolean one = !exchange.segment(at + 1).isEmpty();
    return switch (exchange.method() + " " + exchange.segment(at)) {
      case "POST files" -> Call.UPLOAD;
      case "GET files" -> last.equals("content") ? Call.RESULTS : one ? Call.OTHER : Call.LIST;
      case "DELETE files" -> Call.DELETE;
      case "POST batches" -> one ? Call.CANCEL : Call.CREATE;
      case "GET batches" -> one ? Call.STATUS : Call.LIST;
      case "POST chat", "POST responses" -> Call.ASK;
      default -> Call.OTHER;
    };
  }

  private static Call anthropic(Exchange exchange) {
    boolean one = !exchange.segment(3).isEmpty();
    return switch (exchange.method() + " " + exchange.segment(2)) {
      case "POST " -> Call.ASK;
      case "POST batches" -> one ? Call.CANCEL : Call.CREATE;
      case "GET batches" ->
          exchange.segment(4).equals("results") ? Call.RESULTS : one ? Call.STATUS : Call.LIST;
      case "DELETE batches" -> Call.DELETE;
      default -> Call.OTHER;
    };
  }

  private static Call gemini(Exchange exchange) {
    if (exchange.segment(0).equals("upload")) {
      return Call.UPLOAD;
    }
    if (exchange.segment(0).equals("download")) {
      return Call.RESULTS;
    }
    String name = exchange.segment(2);
    String verb = name.substring(name.indexOf(':') + 1);
    return switch (exchange.method() + " " + exchange.segment(1)) {
      case "POST models" ->
          switch (verb) {
            case "batchGenerateContent" -> Call.CREATE;
            case "generateContent", "streamGenerateContent" -> Call.ASK;
            default -> Call.OTHER;
          };
      case "GET files" ->
          name.isEmpty() ? Call.LIST : name.endsWith(":download") ? Call.RESULTS : Call.OTHER;
      case "GET batches" -> name.isEmpty() ? Call.LIST : Call.STATUS;
      case "POST batches" -> verb.equals("cancel") ? Call.CANCEL : Call.OTHER;
      case "DELETE batches", "DELETE files" -> Call.DELETE;
      default -> Call.OTHER;
    };
  }
}
