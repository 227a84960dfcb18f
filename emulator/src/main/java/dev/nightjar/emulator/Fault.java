package dev.nightjar.emulator;

import java.util.EnumSet;
import java.util.Set;

/**
 * What can go wrong, as users of the real providers have reported it. Call faults spoil one HTTP
 * call; batch faults are drawn when a batch is created and stay with it, through a restart too.
 */
public enum Fault {
  /** The call is answered 408; nothing was done. */
  HTTP_408(408),
  /** The call is answered 409; nothing was done. */
  HTTP_409(409),
  /** The call is answered 429 with {@code Retry-After: 1}; nothing was done. */
  HTTP_429(429),
  /** There is no room for flex: 429, at Gemini 503; nothing was done. */
  FLEX_UNAVAILABLE(429),
  /** The call is answered 500; nothing was done. */
  HTTP_500(500),
  /** The call is answered 503; nothing was done. */
  HTTP_503(503),
  /** The call is answered 529, Anthropic's "overloaded"; nothing was done. */
  HTTP_529(529),
  /** The account has no credit left, or has reached its spend limit; nothing was done. */
  NO_CREDIT(402),
  /** The account is on hold; nothing was done. */
  ON_HOLD(403),
  /** The call is answered 500 although it was carried out. */
  HTTP_500_AFTER(500),
  /** The call is answered 503 although it was carried out. */
  HTTP_503_AFTER(503),
  /** No answer until the connection is closed; nothing was done. */
  TIMEOUT_BEFORE(0),
  /** No answer until the connection is closed, but the call was carried out. */
  TIMEOUT_AFTER(0),
  /** The connection is closed at once; nothing was done. */
  RESET_BEFORE(0),
  /** The connection is closed at once, but the call was carried out. */
  RESET_AFTER(0),
  /** The answer trickles. */
  SLOW_BODY(0),
  /** The answer announces its full length and ends in the middle. */
  TRUNCATED_BODY(0),
  /** What is there is said not to exist: 404. */
  NOT_FOUND(404),

  /** Stays in progress until its window is over, then expires with nothing done. */
  STUCK,
  /** Expires after its normal working time: half done; at Gemini nothing and nothing billed. */
  EXPIRES,
  /**
   * Fails as a whole: OpenAI's state {@code failed}, Gemini's {@code BATCH_STATE_FAILED}; at
   * Anthropic every line is an {@code invalid_request_error}. Nothing is billed.
   */
  FAILS_VALIDATION,
  /**
   * The provider's queue is full: at OpenAI the batch fails with {@code token_limit_exceeded}, at
   * Anthropic and Gemini its creation is refused with 429.
   */
  QUEUE_FULL,
  /** OpenAI: the batch fails with {@code billing_hard_limit_reached}. Nothing is billed. */
  BILLING_LIMIT,
  /** OpenAI: creation is refused with 400, "Cannot find file", although the file is there. */
  FILE_NOT_FOUND,
  /** Every line ends in a server error and the batch as usual; nothing is billed. */
  ALL_LINES_FAIL,
  /** OpenAI: {@code error_file_id} is an empty string where it should be null. */
  EMPTY_ERROR_FILE_ID,
  /** OpenAI: in {@code finalizing}, all requests counted as done, for 20 times as long as usual. */
  LONG_FINALIZING,
  /**
   * OpenAI: completed, but for five minutes without the output file that it has been billed for.
   */
  LATE_OUTPUT,
  /** OpenAI: one line of the output has status code 0 and no body; it is not billed. */
  LINE_STATUS_ZERO,
  /** One request is not executed, not billed and has no line anywhere. */
  MISSING_LINE,
  /** One result comes twice; it is billed once. */
  DUPLICATE_LINE,
  /** One more result comes, under an id that nobody sent; it is not billed. */
  UNKNOWN_LINE,
  /** Some lines end in a server error; they are not billed. */
  LINE_ERRORS,
  /** One answer comes without a usage; it is billed. */
  NO_USAGE,
  /** Gemini: further fields of a request line come back with their arrays emptied. */
  EMPTIED_ARRAYS,
  /** Anthropic: one line ends in an {@code api_error} that says nothing; it is not billed. */
  OPAQUE_ERROR,
  /** No cache is written or read although the requests ask for it. */
  CACHE_NOT_FORMED;

  /** Faults a call suffers before the provider looks at it. */
  private static final Set<Fault> BEFORE =
      EnumSet.of(
          HTTP_408,
          HTTP_409,
          HTTP_429,
          HTTP_500,
          HTTP_503,
          HTTP_529,
          FLEX_UNAVAILABLE,
          NO_CREDIT,
          ON_HOLD,
          TIMEOUT_BEFORE,
          RESET_BEFORE,
          NOT_FOUND);

  private static final Set<Fault> OPENAI_ONLY =
      EnumSet.of(
          BILLING_LIMIT,
          FILE_NOT_FOUND,
          EMPTY_ERROR_FILE_ID,
          LONG_FINALIZING,
          LATE_OUTPUT,
          LINE_STATUS_ZERO);
  private static final Set<Fault> GEMINI_ONLY = EnumSet.of(EMPTIED_ARRAYS);
  private static final Set<Fault> ANTHROPIC_ONLY = EnumSet.of(OPAQUE_ERROR);

  private final boolean ofBatch;
  private final int status;

  Fault() {
    ofBatch = true;
    status = 0;
  }

  Fault(int status) {
    ofBatch = false;
    this.status = status;
  }

  /** Whether it is drawn when a batch is created and stays with the batch. */
  public boolean ofBatch() {
    return ofBatch;
  }

  /** The HTTP status it answers with; 0 if it answers with none of its own. */
  int status() {
    return status;
  }

  /** Whether it stops a call before anything is done for it. */
  boolean isBefore() {
    return BEFORE.contains(this);
  }

  /** Whether this vendor refuses to create a batch with it: then there is no batch. */
  boolean refuses(Vendor vendor) {
    return this == FILE_NOT_FOUND || (this == QUEUE_FULL && vendor != Vendor.OPENAI);
  }

  /** Whether OpenAI, or who speaks its language, can have it. */
  public boolean suitsOpenAi() {
    return suits(Vendor.OPENAI) && this != HTTP_529;
  }

  /** Whether Anthropic can have it. */
  public boolean suitsAnthropic() {
    return suits(Vendor.ANTHROPIC);
  }

  /** Whether Gemini can have it. */
  public boolean suitsGemini() {
    return suits(Vendor.GEMINI) && this != HTTP_408 && this != HTTP_409 && this != HTTP_529;
  }

  /** Whether a batch of this vendor can have it. */
  boolean suits(Vendor vendor) {
    return switch (vendor) {
      case OPENAI -> !GEMINI_ONLY.contains(this) && !ANTHROPIC_ONLY.contains(this);
      case ANTHROPIC -> !GEMINI_ONLY.contains(this) && !OPENAI_ONLY.contains(this);
      case GEMINI -> !OPENAI_ONLY.contains(this) && !ANTHROPIC_ONLY.contains(this);
      case VLLM -> !ofBatch;
    };
  }
}
