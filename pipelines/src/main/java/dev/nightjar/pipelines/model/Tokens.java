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

  private static final int BEGINNING_PER_TOKEN = 16;
  private static final int CUT_TOKENS = 16;

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
    if (text.length() <= tokensMax / 3) {
      return true;
    }
    // A beginning tells of most long texts; one word of five million letters takes half a minute.
    long beginning = (long) tokensMax * BEGINNING_PER_TOKEN;
    if (beginning < text.length()) {
      int cut = (int) beginning;
      cut -= cut > 0 && Character.isLowSurrogate(text.charAt(cut)) ? 1 : 0;
      // The token at the cut may be one in the whole text, and some more here.
      if (count(text.substring(0, cut)) > tokensMax + CUT_TOKENS) {
        return false;
      }
    }
    return !ENCODING.encodeOrdinary(text, tokensMax).isTruncated();
  }
}
