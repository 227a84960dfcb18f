package dev.nightjar.cachestore.embed;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What a model's tokeniser leaves of a text. The models come with BERT's uncased vocabulary (Devlin
 * and others 2019), whose tokeniser drops accents and characters that show nothing, spells words
 * that it does not have, and puts one token in the place of every word with a character that it
 * does not know: all of them have the same vector. Immutable and thread-safe.
 */
public final class WordPieces {
  /** Longer words are unknown whatever they are made of. */
  private static final int WORD_CHARS_MAX = 100;

  private static final Map<EmbeddingModel, WordPieces> LOADED = new ConcurrentHashMap<>();

  private final Set<String> vocabulary;

  private WordPieces(Set<String> vocabulary) {
    this.vocabulary = vocabulary;
  }

  /** Of a model. */
  public static WordPieces of(EmbeddingModel model) {
    return LOADED.computeIfAbsent(model, WordPieces::load);
  }

  private static WordPieces load(EmbeddingModel model) {
    try (InputStream file =
        Objects.requireNonNull(
            WordPieces.class.getResourceAsStream("/" + model.resource() + "-tokenizer.json"))) {
      JsonNode vocabulary = new ObjectMapper().readTree(file).path("model").path("vocab");
      Set<String> pieces = new HashSet<>();
      vocabulary.fieldNames().forEachRemaining(pieces::add);
      return new WordPieces(pieces);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // it is on the class path
    }
  }

  /**
   * What is lost of a text.
   *
   * @param words in their order, as they were written, those of which a character is dropped or
   *     that are unknown as a whole
   * @param unreadShare of the characters that are no blanks, those in words that are unknown or
   *     spelled letter by letter; in [0, 1]
   */
  public record Loss(List<String> words, double unreadShare) {
    public Loss {
      words = List.copyOf(words);
    }
  }

  /** What the tokeniser loses of a text. */
  public Loss loss(String text) {
    Scan scan = new Scan();
    text.codePoints().forEach(scan::take);
    scan.endWord();
    return new Loss(scan.lost, scan.characters == 0 ? 0 : (double) scan.unread / scan.characters);
  }

  /** Goes through a text, a character at a time: no run of marks is ever put in order. */
  private final class Scan {
    final List<String> lost = new ArrayList<>();
    long characters;
    long unread;
    private final StringBuilder written = new StringBuilder();
    private final StringBuilder left = new StringBuilder();
    private boolean isDropped;

    void take(int c) {
      if (c == '\t'
          || c == '\n'
          || c == '\r'
          || Character.getType(c) == Character.SPACE_SEPARATOR) {
        endWord();
      } else if (isChinese(c) || isPunctuation(c)) {
        endWord();
        add(c);
        endWord();
      } else {
        add(c);
      }
    }

    private void add(int c) {
      written.appendCodePoint(c);
      characters++;
      if (c < 0x80) {
        left.append((char) Character.toLowerCase(c));
        isDropped |= Character.isISOControl(c);
        return;
      }
      String parts = Normalizer.normalize(Character.toString(c), Normalizer.Form.NFD);
      parts
          .codePoints()
          .forEach(
              part -> {
                int type = Character.getType(part);
                if (type == Character.NON_SPACING_MARK
                    || type == Character.CONTROL
                    || type == Character.FORMAT
                    || type == Character.PRIVATE_USE
                    || type == Character.UNASSIGNED
                    || part == 0xFFFD) {
                  isDropped = true;
                } else {
                  left.append(Character.toString(part).toLowerCase(java.util.Locale.ROOT));
                }
              });
    }

    void endWord() {
      if (written.length() == 0) {
        return;
      }
      String word = left.toString();
      int spelled = spelled(word);
      if (spelled < 0 || isDropped) {
        lost.add(written.toString());
      }
      if (spelled < 0) {
        unread += written.codePointCount(0, written.length());
      } else if (isForeign(word)) {
        unread += spelled;
      }
      written.setLength(0);
      left.setLength(0);
      isDropped = false;
    }
  }

  /** Of a known word in letters that are not Latin, even one piece is one letter. */
  private static boolean isForeign(String word) {
    return word.codePoints().anyMatch(c -> c > 0x24F && Character.isLetter(c));
  }

  /**
   * How many characters of a word stand in pieces of one character; -1 if it is unknown. By the
   * longest piece first, as the tokeniser cuts.
   */
  private int spelled(String word) {
    int length = word.codePointCount(0, word.length());
    if (length == 0 || length > WORD_CHARS_MAX) {
      return -1;
    }
    int spelled = 0;
    for (int from = 0; from < word.length(); ) {
      int to = word.length();
      while (to > from
          && !vocabulary.contains((from == 0 ? "" : "##") + word.substring(from, to))) {
        to = word.offsetByCodePoints(to, -1);
      }
      if (to == from) {
        return -1;
      }
      if (word.codePointCount(from, to) == 1) {
        spelled++;
      }
      from = to;
    }
    return spelled;
  }

  private static boolean isPunctuation(int c) {
    if (c < 0x80) {
      return c > ' ' && c < 0x7F && !Character.isLetterOrDigit(c);
    }
    int type = Character.getType(c);
    return type == Character.CONNECTOR_PUNCTUATION
        || type == Character.DASH_PUNCTUATION
        || type == Character.START_PUNCTUATION
        || type == Character.END_PUNCTUATION
        || type == Character.INITIAL_QUOTE_PUNCTUATION
        || type == Character.FINAL_QUOTE_PUNCTUATION
        || type == Character.OTHER_PUNCTUATION;
  }

  /** The blocks that the tokeniser sets apart. */
  private static boolean isChinese(int c) {
    return (c >= 0x4E00 && c <= 0x9FFF)
        || (c >= 0x3400 && c <= 0x4DBF)
        || (c >= 0x20000 && c <= 0x2A6DF)
        || (c >= 0x2A700 && c <= 0x2B73F)
        || (c >= 0x2B740 && c <= 0x2B81F)
        || (c >= 0x2B820 && c <= 0x2CEAF)
        || (c >= 0xF900 && c <= 0xFAFF)
        || (c >= 0x2F800 && c <= 0x2FA1F);
  }
}
