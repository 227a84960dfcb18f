package dev.nightjar.emulator;

import com.knuddels.jtokkit.Encodings;
import com.knuddels.jtokkit.api.Encoding;
import com.knuddels.jtokkit.api.EncodingType;

/** How the emulated providers count: o200k for both, with a few tokens for each message's frame. */
final class Tokens {
  static final Encoding ENCODING =
      Encodings.newLazyEncodingRegistry().getEncoding(EncodingType.O200K_BASE);

  private static final int MESSAGE_FRAME = 4;
  private static final int REPLY_FRAME = 3;

  private Tokens() {}

  static int of(String text) {
    return text.isEmpty() ? 0 : ENCODING.countTokensOrdinary(text);
  }

  static int ofMessage(String text) {
    return of(text) + MESSAGE_FRAME;
  }

  static int replyFrame() {
    return REPLY_FRAME;
  }

  /** The text of the first {@code tokensMax} tokens. */
  static String cut(String text, int tokensMax) {
    var tokens = ENCODING.encodeOrdinary(text, tokensMax);
    return tokens.isTruncated() ? ENCODING.decode(tokens.getTokens()) : text;
  }
}
