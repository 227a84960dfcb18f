package dev.nightjar.pipelines.compress;

import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.lucene.analysis.CharArraySet;
import org.apache.lucene.analysis.ar.ArabicAnalyzer;
import org.apache.lucene.analysis.da.DanishAnalyzer;
import org.apache.lucene.analysis.de.GermanAnalyzer;
import org.apache.lucene.analysis.en.EnglishAnalyzer;
import org.apache.lucene.analysis.es.SpanishAnalyzer;
import org.apache.lucene.analysis.fi.FinnishAnalyzer;
import org.apache.lucene.analysis.fr.FrenchAnalyzer;
import org.apache.lucene.analysis.it.ItalianAnalyzer;
import org.apache.lucene.analysis.nl.DutchAnalyzer;
import org.apache.lucene.analysis.no.NorwegianAnalyzer;
import org.apache.lucene.analysis.pt.PortugueseAnalyzer;
import org.apache.lucene.analysis.ru.RussianAnalyzer;
import org.apache.lucene.analysis.sv.SwedishAnalyzer;
import org.jspecify.annotations.Nullable;
import org.tartarus.snowball.SnowballStemmer;
import org.tartarus.snowball.ext.ArabicStemmer;
import org.tartarus.snowball.ext.DanishStemmer;
import org.tartarus.snowball.ext.DutchStemmer;
import org.tartarus.snowball.ext.EnglishStemmer;
import org.tartarus.snowball.ext.FinnishStemmer;
import org.tartarus.snowball.ext.FrenchStemmer;
import org.tartarus.snowball.ext.German2Stemmer;
import org.tartarus.snowball.ext.ItalianStemmer;
import org.tartarus.snowball.ext.NorwegianStemmer;
import org.tartarus.snowball.ext.PortugueseStemmer;
import org.tartarus.snowball.ext.RussianStemmer;
import org.tartarus.snowball.ext.SpanishStemmer;
import org.tartarus.snowball.ext.SwedishStemmer;

/**
 * Languages whose words are stemmed and whose function words are left out; words of any other are
 * compared as they stand.
 */
enum Language {
  ARABIC(ArabicStemmer::new, ArabicAnalyzer.getDefaultStopSet()),
  DANISH(DanishStemmer::new, DanishAnalyzer.getDefaultStopSet()),
  DUTCH(DutchStemmer::new, DutchAnalyzer.getDefaultStopSet()),
  ENGLISH(EnglishStemmer::new, englishStopWords()),
  FINNISH(FinnishStemmer::new, FinnishAnalyzer.getDefaultStopSet()),
  FRENCH(FrenchStemmer::new, FrenchAnalyzer.getDefaultStopSet()),
  GERMAN(German2Stemmer::new, GermanAnalyzer.getDefaultStopSet()),
  ITALIAN(ItalianStemmer::new, ItalianAnalyzer.getDefaultStopSet()),
  NORWEGIAN(NorwegianStemmer::new, NorwegianAnalyzer.getDefaultStopSet()),
  PORTUGUESE(PortugueseStemmer::new, PortugueseAnalyzer.getDefaultStopSet()),
  RUSSIAN(RussianStemmer::new, RussianAnalyzer.getDefaultStopSet()),
  SPANISH(SpanishStemmer::new, SpanishAnalyzer.getDefaultStopSet()),
  SWEDISH(SwedishStemmer::new, SwedishAnalyzer.getDefaultStopSet()),
  OTHER(() -> null, CharArraySet.EMPTY_SET);

  /** So many characters tell the language. */
  private static final int SAMPLE_CHARACTERS = 20_000;

  /** Of running text a third or more are function words; less than this is chance. */
  private static final double STOP_WORD_SHARE_MIN = 0.1;

  private static final Pattern WORD = Pattern.compile("[\\p{L}\\p{M}]+");

  private final Supplier<? extends @Nullable SnowballStemmer> stemmer;
  private final CharArraySet stopWords;

  Language(Supplier<? extends @Nullable SnowballStemmer> stemmer, CharArraySet stopWords) {
    this.stemmer = stemmer;
    this.stopWords = stopWords;
  }

  /** The language of whose function words most stand in the beginning of a text. */
  static Language of(String text) {
    Map<Language, Integer> hits = new EnumMap<>(Language.class);
    int words = 0;
    Matcher word = WORD.matcher(text.substring(0, Math.min(text.length(), SAMPLE_CHARACTERS)));
    while (word.find()) {
      words++;
      String lower = word.group().toLowerCase(Locale.ROOT);
      for (Language language : values()) {
        if (language.stopWords.contains(lower)) {
          hits.merge(language, 1, Integer::sum);
        }
      }
    }
    Language best = OTHER;
    int most = (int) Math.ceil(words * STOP_WORD_SHARE_MIN);
    for (Map.Entry<Language, Integer> entry : hits.entrySet()) {
      if (entry.getValue() >= most && (best == OTHER || entry.getValue() > most)) {
        best = entry.getKey();
        most = entry.getValue();
      }
    }
    return best;
  }

  boolean isStopWord(String lower) {
    return stopWords.contains(lower);
  }

  /** A new stemmer, which is not thread-safe; null for words that stay as they are. */
  @Nullable SnowballStemmer newStemmer() {
    return stemmer.get();
  }

  private static CharArraySet englishStopWords() {
    CharArraySet words = new CharArraySet(EnglishAnalyzer.ENGLISH_STOP_WORDS_SET, true);
    // What questions are made of: Lucene's 33 words leave it in.
    for (String word :
        ("what which who whom whose when where why how do does did has have had can could should"
                + " would may might must shall i you he she we his her its our your my me him them"
                + " us from were been being about some any according than so also between during"
                + " after before over under out up down more most other each both only same too"
                + " very just own")
            .split(" ")) {
      words.add(word);
    }
    return words;
  }
}
