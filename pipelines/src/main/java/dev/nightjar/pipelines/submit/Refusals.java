package dev.nightjar.pipelines.submit;

import dev.nightjar.cachestore.ErrorCode;
import java.util.regex.Pattern;

/** What providers say of a request that they find wrong, in one form. */
final class Refusals {
  /**
   * OpenAI: "maximum context length", vLLM the same; Anthropic: "prompt is too long"; Gemini:
   * "exceeds the maximum number of tokens".
   */
  private static final Pattern TOO_LONG =
      Pattern.compile(
          "maximum context length|prompt is too long|exceeds the maximum number of tokens|exceed context limit",
          Pattern.CASE_INSENSITIVE);

  /** What is said with 400 of an account or a key, and is no fault of the request. */
  private static final Pattern OF_THE_ACCOUNT =
      Pattern.compile("credit|billing|quota|api key|overloaded", Pattern.CASE_INSENSITIVE);

  private Refusals() {}

  /**
   * What became of a request that was not answered.
   *
   * @param status of HTTP; 0 if there is none
   * @param type the provider's name for the error, if it has no status
   * @param message the provider's words, of which nothing is kept
   */
  static ErrorCode codeOf(int status, String type, String message) {
    if (AccountStop.isOne(type)) {
      return ErrorCode.PROVIDER_ACCOUNT_STOPPED;
    }
    boolean isWrong =
        status == 400
            || status == 413
            || status == 422
            || type.equals("invalid_request_error")
            || type.equals("request_too_large")
            || type.equals("INVALID_ARGUMENT");
    if (!isWrong || OF_THE_ACCOUNT.matcher(message).find()) {
      return ErrorCode.REQUEST_ERRORED;
    }
    return TOO_LONG.matcher(message).find() || status == 413
        ? ErrorCode.REQUEST_TOO_LONG
        : ErrorCode.REQUEST_INVALID;
  }
}
