package dev.nightjar.pipelines.compress;

import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.apache.lucene.analysis.standard.StandardTokenizer;
import org.apache.lucene.analysis.tokenattributes.CharTermAttribute;
import org.apache.lucene.analysis.tokenattributes.OffsetAttribute;
import org.jspecify.annotations.Nullable;
import org.tartarus.snowball.SnowballStemmer;

/**
 * Which terms stand in which piece of a document. Words are found by Unicode's rules (Lucene's
 * StandardTokenizer), lower-cased and stemmed in the document's language; function words are left
 * out; numbers stay whole, without the commas between thousands; of Chinese and Japanese, single
 * characters and neighbouring pairs are terms. Not thread-safe: a query looks words up in it.
 */
final class TermIndex {
  private static final int NO_TERM = -1;
  private static final int IDEOGRAPH_FIRST = 0x2E80;

  private final Language language;
  private final @Nullable SnowballStemmer stemmer;
  private final Map<String, Integer> idOfWord = new HashMap<>();
  private final Map<String, Integer> idOfTerm = new HashMap<>();
  private final int[][] termsOfPiece;

  private TermIndex(Language language, int pieces) {
    this.language = language;
    this.stemmer = language.newStemmer();
    this.termsOfPiece = new int[pieces][];
  }

  /** The terms of a document. */
  static TermIndex of(Sentences sentences) {
    TermIndex index = new TermIndex(Language.of(sentences.document()), sentences.size());
    Terms terms = new Terms();
    int[] piece = {0};
    index.read(
        sentences.document(),
        true,
        (term, start) -> {
          while (start >= sentences.end(piece[0])) {
            index.termsOfPiece[piece[0]++] = terms.take();
          }
          terms.add(term);
        });
    while (piece[0] < sentences.size()) {
      index.termsOfPiece[piece[0]++] = terms.take();
    }
    return index;
  }

  int pieces() {
    return termsOfPiece.length;
  }

  /** Terms of a piece in their order, as numbers below {@link #vocabulary}. Not to be changed. */
  int[] terms(int piece) {
    return termsOfPiece[piece];
  }

  int vocabulary() {
    return idOfTerm.size();
  }

  /** The distinct terms of a query that the document has, in the query's order. */
  int[] query(String query) {
    Set<Integer> terms = new LinkedHashSet<>();
    read(query, false, (term, start) -> terms.add(term));
    return terms.stream().mapToInt(Integer::intValue).toArray();
  }

  /** Each distinct term's words as they are compared, by its number: for other indexes over it. */
  List<String> words() {
    List<String> words = new ArrayList<>(idOfTerm.size());
    for (int i = 0; i < idOfTerm.size(); i++) {
      words.add("");
    }
    idOfTerm.forEach((word, id) -> words.set(id, word));
    return words;
  }

  private interface Sink {
    void accept(int term, int start);
  }

  private void read(String text, boolean adds, Sink sink) {
    try (StandardTokenizer tokenizer = new StandardTokenizer()) {
      tokenizer.setReader(new StringReader(text));
      CharTermAttribute characters = tokenizer.addAttribute(CharTermAttribute.class);
      OffsetAttribute offsets = tokenizer.addAttribute(OffsetAttribute.class);
      tokenizer.reset();
      String before = "";
      int beforeEnd = NO_TERM;
      while (tokenizer.incrementToken()) {
        String word = characters.toString();
        int start = offsets.startOffset();
        int id = idOfWord(word, adds);
        if (id != NO_TERM) {
          sink.accept(id, start);
        }
        boolean isIdeograph =
            word.codePointAt(0) >= IDEOGRAPH_FIRST && word.codePointCount(0, word.length()) == 1;
        if (isIdeograph && beforeEnd == start) {
          int pair = idOfWord(before + word, adds);
          if (pair != NO_TERM) {
            sink.accept(pair, start);
          }
        }
        before = word;
        beforeEnd = isIdeograph ? offsets.endOffset() : NO_TERM;
      }
      tokenizer.end();
    } catch (IOException e) {
      throw new UncheckedIOException(e); // a reader of a string
    }
  }

  private int idOfWord(String word, boolean adds) {
    Integer known = idOfWord.get(word);
    if (known != null) {
      return known;
    }
    String term = term(word);
    Integer id = term.isEmpty() ? Integer.valueOf(NO_TERM) : idOfTerm.get(term);
    if (id == null) {
      if (!adds) {
        return NO_TERM;
      }
      id = idOfTerm.size();
      idOfTerm.put(term, id);
    }
    idOfWord.put(word, id);
    return id;
  }

  /** What a word is compared by; empty for a function word. */
  private String term(String word) {
    String lower = word.toLowerCase(Locale.ROOT);
    if (Character.isDigit(lower.charAt(0))) {
      return lower.replace(",", "");
    }
    if (language == Language.ENGLISH && (lower.endsWith("'s") || lower.endsWith("’s"))) {
      lower = lower.substring(0, lower.length() - 2);
    }
    if (lower.isEmpty() || language.isStopWord(lower)) {
      return "";
    }
    if (stemmer == null) {
      return lower;
    }
    stemmer.setCurrent(lower);
    stemmer.stem();
    return stemmer.getCurrent().isEmpty() ? lower : stemmer.getCurrent();
  }

  /** A growing list of numbers. */
  private static final class Terms {
    private int[] values = new int[64];
    private int size;

    void add(int value) {
      if (size == values.length) {
        values = Arrays.copyOf(values, size * 2);
      }
      values[size++] = value;
    }

    int[] take() {
      int[] taken = Arrays.copyOf(values, size);
      size = 0;
      return taken;
    }
  }
}
