package dev.nightjar.pipelines.model;

import com.knuddels.jtokkit.Encodings;
import com.knuddels.jtokkit.api.Encoding;
import com.knuddels.jtokkit.api.EncodingType;

/**
 * Counts tokens with OpenAI's o200k vocabulary. An estimate for other providers, whose tokenizers
 * are not public: plans and reservations use it, bills never. Thread-safe.
 */
public final class Tokens {
  private static final Encoding ENCODING =
      Encodings.newLazyEncodingRegistry().getEncoding(EncodingType.O200K_BASE);

  /** Tokens that a chat request has beyond its texts: two messages and the reply's start. */
  public static final int REQUEST_FRAME = 11;

  private Tokens() {}

  public static int count(String text) {
    return text.isEmpty() ? 0 : ENCODING.countTokensOrdinary(text);
  }

  /**
   * Whether a text has at most so many tokens. Counts no further than that: a long text is told at
   * the price of a short one.
   *
   * @param tokensMax at least 0
   */
  public static boolean fits(String text, int tokensMax) {
    // A token is at least a byte, and a UTF-16 unit at most three.
    return text.length() <= tokensMax / 3
        || !ENCODING.encodeOrdinary(text, tokensMax).isTruncated();
  }
}
