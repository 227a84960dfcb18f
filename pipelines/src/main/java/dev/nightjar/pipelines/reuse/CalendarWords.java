package dev.nightjar.pipelines.reuse;

import java.time.DayOfWeek;
import java.time.Month;
import java.time.format.TextStyle;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Names of months and days of the week, as the JDK has them (CLDR), and words for days near today.
 * English ones are the date guard's own. Immutable and thread-safe.
 */
final class CalendarWords {
  private static final List<String> LANGUAGES =
      List.of("de", "fr", "es", "it", "pt", "nl", "pl", "sv", "da", "nb", "fi", "cs", "tr");

  private static final int CHARS_MIN = 4;

  /** English words that are something else more often. */
  private static final Set<String> AMBIGUOUS =
      Set.of("may", "march", "august", "mars", "sett", "lord", "sabado", "post", "long", "mare");

  private static final List<String> NEAR =
      List.of(
          "heute",
          "morgen",
          "gestern",
          "übermorgen",
          "vorgestern",
          "demain",
          "hier",
          "aujourd'hui",
          "mañana",
          "ayer",
          "domani",
          "oggi",
          "ieri",
          "amanhã",
          "ontem",
          "hoje",
          "vandaag",
          "gisteren");

  private static final Map<String, String> WORDS = words();

  private CalendarWords() {}

  /** What a word in lower case names, if it does. */
  static Optional<String> of(String word) {
    return Optional.ofNullable(WORDS.get(word));
  }

  private static Map<String, String> words() {
    Map<String, String> words = new HashMap<>();
    for (String language : LANGUAGES) {
      Locale locale = Locale.forLanguageTag(language);
      for (TextStyle style : List.of(TextStyle.FULL, TextStyle.FULL_STANDALONE)) {
        for (Month month : Month.values()) {
          add(words, month.getDisplayName(style, locale), "month " + month.getValue(), locale);
        }
        for (DayOfWeek day : DayOfWeek.values()) {
          add(words, day.getDisplayName(style, locale), "day " + day.getValue(), locale);
        }
      }
    }
    NEAR.forEach(word -> words.put(word, word));
    return Map.copyOf(words);
  }

  private static void add(Map<String, String> words, String name, String meaning, Locale locale) {
    // The first word of "segunda-feira": the guard's words end at a hyphen.
    String word = name.toLowerCase(locale).split("[- ]")[0];
    if (word.length() >= CHARS_MIN && !AMBIGUOUS.contains(word) && !isEnglish(word)) {
      words.putIfAbsent(word, meaning);
    }
  }

  private static boolean isEnglish(String word) {
    for (Month month : Month.values()) {
      if (month.name().equalsIgnoreCase(word)) {
        return true;
      }
    }
    return false;
  }
}
