package dev.nightjar.pipelines.reuse;

import dev.nightjar.cachestore.Fingerprint;
import dev.nightjar.cachestore.embed.EmbeddingModel;
import dev.nightjar.cachestore.embed.WordPieces;
import dev.nightjar.pipelines.model.Texts;
import dev.nightjar.pipelines.model.Watchdog;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Vetoes against the classic wrong hit: two texts that differ in one number, date, amount, name of
 * a thing or "not" are near-identical as vectors and opposite as questions. A text is reduced to
 * one mark for each guard, a digest of what that guard sees; two texts may share an answer only if
 * the marks of all guards that the task uses are equal. Marks of all guards are always kept, so
 * that a task may change its guards without reading its cache again.
 *
 * <p>Numbers, units, numeric dates, signs, emoji and codes are read in every language; months and
 * days of the week by their names in those of {@link CalendarWords}; negation in English, German,
 * French, Spanish, Italian, Portuguese and Dutch; the rest of the words in English. Two guards are
 * in force whatever a task asks for: nothing that the embedding model does not read may differ, nor
 * a short field. Immutable and thread-safe.
 */
public final class Guards implements Serializable {
  private static final long serialVersionUID = 1L;

  /** What may not differ. The order is that of the marks. */
  public enum Guard {
    /** Plain numbers, written as digits or as words up to a hundred. */
    NUMBERS,
    /** Dates, months, weekdays, times of day, and words such as yesterday. */
    DATES,
    /** Sums of money, with their currency, and percentages. */
    AMOUNTS,
    /**
     * How often a sentence negates, which things it excepts, and which side of pairs such as enable
     * and disable it takes; where it takes both, in its order.
     */
    NEGATION,
    /** Codes with digits or of capitals, versions, addresses of mail and web, file paths. */
    IDENTIFIERS,
    /** Capitalised words inside a sentence: people, places, products. Not used unless asked for. */
    NAMES,
    /**
     * What the model's tokeniser loses, and emoji. A text that it reads less than half of is equal
     * to itself only. Always used.
     */
    UNREAD,
    /** Fields of few characters, which a long text drowns. Always used. */
    FIELDS;

    /** The name in task files and in the database. */
    public String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** What a task gets that says nothing. */
  public static final Guards DEFAULT =
      new Guards(
          EnumSet.of(Guard.NUMBERS, Guard.DATES, Guard.AMOUNTS, Guard.NEGATION, Guard.IDENTIFIERS));

  /** Changes whenever a text gets other marks than before. */
  private static final String VERSION = "5:";

  private static final String NOTHING = "-";
  private static final int DIGEST_DIGITS = 12;

  /**
   * What is longer is no amount, and parsing it takes the square of its length: 10 s a megabyte.
   */
  private static final int NUMBER_CHARS_MAX = 1_000;

  /** A language's code, a year, a rating: what is longer is seen in the text's vector. */
  private static final int FIELD_CHARS_MAX = 12;

  private static final int UNIT_CHARS_SHORT = 3;
  private static final int MARKS_MAX = 3;
  private static final double UNREAD_SHARE_MAX = 0.5;

  private static final String CURRENCY = "[$€£¥₹]|usd|eur|gbp|jpy|inr|chf|dollars?|euros?|pounds?";

  /**
   * With marks between its groups: points, commas, apostrophes, Arabic ones, and blanks that do not
   * break. Possessive, or its depth would be that of the stack.
   */
  private static final String NUMBER =
      "\\d++(?:[.,'’٫٬]\\d++|[\\u00A0\\u2009\\u202F]\\d{3}(?!\\d))*+";

  private static final Pattern AMOUNT =
      Pattern.compile(
          "(?:(?<before>"
              + CURRENCY
              + ")\\s*(?<first>"
              + NUMBER
              + ")(?<scale>\\s?(?:k|m|bn|million|billion)\\b)?)"
              + "|(?:(?<![\\d.,])(?<second>"
              + NUMBER
              + ")(?<scale2>\\s?(?:k|m|bn|million|billion)\\b)?\\s*(?<after>%|per ?cent\\b|(?:"
              + CURRENCY
              + ")(?!\\p{L})))",
          Pattern.CASE_INSENSITIVE);
  private static final String MONTH =
      "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)";
  private static final Pattern DATE =
      Pattern.compile(
          "\\b(?:\\d{4}-\\d{1,2}-\\d{1,2}(?:t\\d{2}:\\d{2}(?::\\d{2})?z?)?"
              + "|\\d{1,2}[/.]\\d{1,2}[/.]\\d{2,4}"
              + "|\\d{1,2}(?:st|nd|rd|th)?(?: of)? "
              + MONTH
              + "(?:,? \\d{4})?"
              + "|"
              + MONTH
              + "\\.? \\d{1,4}(?:st|nd|rd|th)?(?:,? \\d{4})?"
              + "|(?:mon|tues?|wednes|thurs?|fri|satur|sun)day|today|tonight|tomorrow|yesterday"
              + "|(?:last|next|this) (?:week|month|year|night|quarter)"
              + "|\\d{1,2}:\\d{2}(?::\\d{2})?(?: ?[ap]\\.?m\\b)?|\\d{1,2} ?[ap]m\\b|midnight|noon"
              + "|january|february|april|june|july|august|september|october|november|december"
              + "|(?-i:(?<=[\\p{Ll},;] )(?:March|May))"
              + "|q[1-4]\\b)",
          Pattern.CASE_INSENSITIVE);

  /**
   * Of scripts that put blanks between words: a digit in a Chinese sentence is a number, no code.
   */
  private static final String LETTER =
      "[\\p{L}&&[^\\p{IsHan}\\p{IsHiragana}\\p{IsKatakana}\\p{IsThai}\\p{IsLao}\\p{IsKhmer}]]";

  private static final Pattern IDENTIFIER =
      Pattern.compile(
          "(?<![\\p{L}\\p{N}._%+-])[\\p{L}\\p{N}._%+-]++@[\\p{L}\\p{N}.-]+\\.\\p{L}{2,}"
              + "|https?://\\S+|www\\.\\S+"
              + "|(?<![\\p{L}\\p{N}])#\\p{N}[\\p{N}-]*"
              + "|(?<![\\p{L}\\p{N}._/-])/[\\p{L}\\p{N}._-]++/[\\p{L}\\p{N}._/-]++"
              + "|\\bv?\\d+\\.\\d+\\.\\d+(?:[.-][\\p{L}\\p{N}]+)*+\\b"
              + "|\\p{IsHan}\\p{Lu}(?=[\\p{Lu}\\d]{4})(?:"
              + LETTER
              + "|[\\p{N}_-])++"
              + "|(?<!"
              + LETTER
              + "|[\\p{N}_-])(?=[\\p{N}_-]*+"
              + LETTER
              + ")(?=(?:"
              + LETTER
              + "|[_-])*+\\d)(?:"
              + LETTER
              + "|[\\p{N}_-])++"
              + "|\\b\\p{Lu}{2,}\\b");

  private static final Pattern ORDINAL =
      Pattern.compile("(?<!\\d)(\\d++)(?:st|nd|rd|th)", Pattern.CASE_INSENSITIVE);
  private static final Pattern PLAIN_NUMBER =
      Pattern.compile("(?<!" + LETTER + "|\\d)(?:[<>≤≥±~≈]=?\\s?)?[-−]?" + NUMBER);

  /** What is counted: the sign or the word behind a number, articles apart. */
  private static final Pattern UNIT =
      Pattern.compile(
          "\\.?[\\s\\u00A0\\u2009\\u202F-]{0,2}(?:(?:de|di|do|da|of|the) )?(?<unit>[°º]?\\s?[\\p{L}µ][\\p{L}\\p{M}/²³]{0,19}+|[°º‰%′″])");

  /** Behind a number they count nothing. */
  private static final Set<String> NO_UNITS =
      Set.of(
          "a", "an", "and", "are", "as", "at", "but", "by", "for", "from", "has", "have", "i", "if",
          "in", "is", "it", "my", "not", "of", "on", "or", "so", "that", "the", "then", "to", "was",
          "we", "were", "when", "which", "who", "will", "with", "you");

  private static final Pattern EMOTICON =
      Pattern.compile("(?<![\\p{L}\\p{N}])[:;=8xX]['o-]?[()\\[\\]DPpOo/\\\\|3*](?![\\p{L}\\p{N}])");

  private static final Pattern BLANKS = Pattern.compile("\\s+");
  private static final Pattern WORD = Pattern.compile("[\\p{L}]+(?:['’]\\p{L}+)?");
  private static final Pattern NAME =
      Pattern.compile("(?<=[\\p{Ll}\\p{N},;:)] )\\p{Lu}\\p{Ll}+(?: \\p{Lu}\\p{Ll}+)*");

  private static final Set<String> NEGATIONS =
      Set.of(
          "not",
          "no",
          "never",
          "none",
          "nobody",
          "nothing",
          "neither",
          "nor",
          "nowhere",
          "cannot",
          "without",
          "hardly",
          "barely",
          "unable",
          "except",
          "dont",
          "cant",
          "wont",
          "didnt",
          "doesnt",
          "isnt",
          "wasnt",
          "havent",
          "shouldnt",
          // German
          "nicht",
          "kein",
          "keine",
          "keinen",
          "keinem",
          "keiner",
          "keines",
          "nie",
          "niemals",
          "nichts",
          "niemand",
          "ohne",
          "weder",
          // French; "ne" comes with another, and before a verb without it
          "pas",
          "jamais",
          "aucun",
          "aucune",
          "sans",
          "rien",
          "personne",
          "ni",
          // Spanish
          "nunca",
          "jamás",
          "sin",
          "ningún",
          "ninguno",
          "ninguna",
          "nada",
          "nadie",
          "tampoco",
          // Italian
          "non",
          "senza",
          "nessun",
          "nessuno",
          "nessuna",
          "niente",
          "mai",
          // Portuguese
          "não",
          "sem",
          "nenhum",
          "nenhuma",
          "ninguém",
          // Dutch
          "niet",
          "geen",
          "nooit",
          "zonder",
          "niets");

  private static final Map<String, String> NUMBER_WORDS =
      Map.ofEntries(
          Map.entry("zero", "0"),
          Map.entry("two", "2"),
          Map.entry("three", "3"),
          Map.entry("four", "4"),
          Map.entry("five", "5"),
          Map.entry("six", "6"),
          Map.entry("seven", "7"),
          Map.entry("eight", "8"),
          Map.entry("nine", "9"),
          Map.entry("ten", "10"),
          Map.entry("eleven", "11"),
          Map.entry("twelve", "12"),
          Map.entry("thirteen", "13"),
          Map.entry("fourteen", "14"),
          Map.entry("fifteen", "15"),
          Map.entry("sixteen", "16"),
          Map.entry("seventeen", "17"),
          Map.entry("eighteen", "18"),
          Map.entry("nineteen", "19"),
          Map.entry("seventy", "70"),
          Map.entry("eighty", "80"),
          Map.entry("once", "1"),
          Map.entry("twenty", "20"),
          Map.entry("thirty", "30"),
          Map.entry("forty", "40"),
          Map.entry("fifty", "50"),
          Map.entry("sixty", "60"),
          Map.entry("ninety", "90"),
          Map.entry("hundred", "100"),
          Map.entry("twice", "2"),
          Map.entry("half", "0.5"),
          Map.entry("dozen", "12"),
          Map.entry("thousand", "1000"),
          Map.entry("million", "1000000"),
          Map.entry("billion", "1000000000"),
          Map.entry("second", "2nd"),
          Map.entry("third", "3rd"),
          Map.entry("fourth", "4th"),
          Map.entry("fifth", "5th"),
          // German
          Map.entry("zwei", "2"),
          Map.entry("drei", "3"),
          Map.entry("vier", "4"),
          Map.entry("fünf", "5"),
          Map.entry("sechs", "6"),
          Map.entry("sieben", "7"),
          Map.entry("acht", "8"),
          Map.entry("neun", "9"),
          Map.entry("zehn", "10"),
          Map.entry("zwölf", "12"),
          Map.entry("hundert", "100"),
          Map.entry("tausend", "1000"),
          // French
          Map.entry("deux", "2"),
          Map.entry("trois", "3"),
          Map.entry("quatre", "4"),
          Map.entry("cinq", "5"),
          Map.entry("sept", "7"),
          Map.entry("huit", "8"),
          Map.entry("neuf", "9"),
          Map.entry("dix", "10"),
          Map.entry("douze", "12"),
          Map.entry("cent", "100"),
          Map.entry("mille", "1000"),
          // Spanish, Italian, Portuguese
          Map.entry("dos", "2"),
          Map.entry("tres", "3"),
          Map.entry("cuatro", "4"),
          Map.entry("cinco", "5"),
          Map.entry("seis", "6"),
          Map.entry("siete", "7"),
          Map.entry("ocho", "8"),
          Map.entry("nueve", "9"),
          Map.entry("diez", "10"),
          Map.entry("tre", "3"),
          Map.entry("quattro", "4"),
          Map.entry("cinque", "5"),
          Map.entry("sei", "6"),
          Map.entry("sette", "7"),
          Map.entry("otto", "8"),
          Map.entry("nove", "9"),
          Map.entry("dieci", "10"),
          Map.entry("dois", "2"),
          Map.entry("três", "3"),
          Map.entry("quatro", "4"),
          Map.entry("sete", "7"),
          Map.entry("oito", "8"),
          Map.entry("dez", "10"),
          // Dutch
          Map.entry("twee", "2"),
          Map.entry("drie", "3"),
          Map.entry("vijf", "5"),
          Map.entry("zes", "6"),
          Map.entry("zeven", "7"),
          Map.entry("negen", "9"),
          Map.entry("tien", "10"),
          Map.entry("honderd", "100"));

  /** Pairs of opposites that vectors take for the same; the stem decides, so that forms agree. */
  private static final List<List<String>> OPPOSITES =
      List.of(
          List.of("enabl", "disabl"),
          List.of("activat", "deactivat"),
          List.of("increas", "decreas"),
          List.of("buy", "sell"),
          List.of("accept", "reject"),
          List.of("lock", "unlock"),
          List.of("includ", "exclud"),
          List.of("allow", "forbid"),
          List.of("approv", "declin"),
          List.of("before", "after"),
          List.of("above", "below"),
          List.of("minimum", "maximum"),
          List.of("upgrad", "downgrad"),
          List.of("subscrib", "unsubscrib"),
          List.of("install", "uninstall"),
          List.of("import", "export"),
          List.of("encrypt", "decrypt"),
          List.of("arriv", "depart"),
          List.of("incoming", "outgoing"),
          List.of("deposit", "withdraw"),
          List.of("freez", "unfreez"),
          List.of("connect", "disconnect"),
          List.of("legal", "illegal"),
          List.of("success", "unsuccess"),
          List.of("start", "stop"),
          List.of("add", "remov"),
          List.of("hire", "fire"),
          List.of("open", "clos"),
          List.of("debit", "credit"),
          List.of("pass", "fail"),
          List.of("ascend", "descend"));

  private static final String FILLERS =
      "(?:(?:the|a|an|my|your|his|her|our|their|this|that|any|for|from|to|in|on|by|with|of) )*+";

  private static final String WORDS = "\\p{L}++";

  /** Where a sentence sets one thing against another, and which of them it excepts. */
  private static final List<Pattern> EXCEPTIONS =
      List.of(
          Pattern.compile(
              "(?:(?:\\b(?:but|and)|,) not|\\binstead of|\\brather than|\\bapart from|\\bother than|\\bexcept|\\bexcluding) "
                  + FILLERS
                  + "(?<thing>"
                  + WORDS
                  + ")"),
          Pattern.compile("\\bno (?:" + WORDS + " ){0,2}?(?<thing>" + WORDS + ") but\\b"),
          Pattern.compile(
              "\\bbut "
                  + FILLERS
                  + "(?<thing>"
                  + WORDS
                  + ") (?:(?:did|does|do|has|have|is|are|was|were|will|would|can|could) ?(?:not\\b|n't)|cannot\\b)"));

  /** What forms of one word differ in. */
  private static final Pattern FORM = Pattern.compile("(?<=\\p{L}{3})(?:ing|ments?|ed|es|s)$");

  /** What an English word may end in and mean the same; "address" does not add. */
  private static final Pattern ENDING =
      Pattern.compile(
          "(?:e|es|ed|d|ing|s|ure|ures|ion|ions|al|als|ment|ments|ance|able|ful|fully|ly|er|ers|or|e?ment)?");

  private final EnumSet<Guard> used;

  /** Guards of a task. */
  public Guards(Collection<Guard> used) {
    this.used = EnumSet.of(Guard.UNREAD, Guard.FIELDS);
    this.used.addAll(used);
  }

  /** Positions, from 1, of the marks that must be equal. */
  public List<Integer> positions() {
    return used.stream().map(guard -> guard.ordinal() + 1).toList();
  }

  /** Names this choice of guards, and how they read. */
  public String digest() {
    return VERSION + used.stream().map(Guard::label).collect(Collectors.joining(","));
  }

  /**
   * The first guard that sees a difference between two texts, by their marks. Unknown marks, of an
   * entry from before there were any, differ from all.
   */
  public Optional<String> difference(List<String> marks, List<String> others) {
    for (Guard guard : used) {
      int at = guard.ordinal();
      if (at >= marks.size() || at >= others.size() || !marks.get(at).equals(others.get(at))) {
        return Optional.of(guard.label());
      }
    }
    return Optional.empty();
  }

  /**
   * The marks of what a task reads of a document: one for each guard there is, in their order, used
   * or not.
   *
   * @param model by which texts are compared
   * @param fields what the prompt shows beside the text, by name
   * @param text all that is compared, fields included
   */
  public static List<String> marks(EmbeddingModel model, Map<String, String> fields, String text) {
    // Each guard takes what it sees out of the text, so that no difference is seen by two and the
    // reason for a veto is the one a reader would give.
    String composed = Texts.composed(text);
    StringBuilder rest = plain(composed);
    List<String> dates = take(rest, DATE, match -> ORDINAL.matcher(match).replaceAll("$1"));
    List<String> amounts = take(rest, AMOUNT, Guards::amount);
    List<String> identifiers = take(rest, IDENTIFIER, match -> match);
    List<String> numbers = takeNumbers(rest);
    rest.codePoints()
        .filter(Guards::isNumberSign)
        .forEach(sign -> numbers.add(Character.toString(sign)));
    List<String> negations = new ArrayList<>();
    Map<Integer, List<String>> sides = new TreeMap<>();
    Matcher words = WORD.matcher(Watchdog.watched(rest));
    while (words.find()) {
      String word = words.group().toLowerCase(Locale.ROOT).replace('’', '\'');
      if (NEGATIONS.contains(word) || word.endsWith("n't")) {
        negations.add("not");
      }
      String number = NUMBER_WORDS.get(word);
      if (number != null) {
        numbers.add(number);
      }
      CalendarWords.of(word).ifPresent(dates::add);
      addSide(word, sides);
    }
    addExceptions(rest, negations);
    // Which side a sentence takes first matters where it takes both; of two pairs it does not.
    sides.values().forEach(negations::addAll);
    Set<String> names = new TreeSet<>();
    Matcher capitalised = NAME.matcher(Watchdog.watched(rest));
    while (capitalised.find()) {
      if (CalendarWords.of(capitalised.group().toLowerCase(Locale.ROOT)).isEmpty()) {
        names.add(capitalised.group());
      }
    }
    return List.of(
        mark(numbers),
        mark(dates),
        mark(amounts),
        mark(negations),
        mark(identifiers),
        mark(names),
        unread(model, composed),
        mark(shortFields(fields)));
  }

  /** The marks of a text of which there are none to be had: equal to its own only. */
  public static List<String> marksOfItself(String itemKey) {
    return Collections.nCopies(Guard.values().length, mark(List.of("only " + itemKey)));
  }

  private static String unread(EmbeddingModel model, String text) {
    WordPieces.Loss loss = WordPieces.of(model).loss(text);
    if (loss.unreadShare() > UNREAD_SHARE_MAX) {
      return mark(List.of(text));
    }
    List<String> unread = new ArrayList<>();
    loss.words().forEach(word -> unread.add(word.toLowerCase(Locale.ROOT)));
    text.codePoints().filter(Guards::isSymbol).forEach(c -> unread.add(Character.toString(c)));
    Matcher emoticons = EMOTICON.matcher(Watchdog.watched(text));
    while (emoticons.find()) {
      unread.add(emoticons.group());
    }
    return mark(unread);
  }

  /**
   * Emoji, arrows, signs of music and of sums: a vocabulary has few of them, as near neighbours.
   */
  private static boolean isSymbol(int c) {
    int type = Character.getType(c);
    return c > 0x7F
        && (type == Character.OTHER_SYMBOL
            || type == Character.MODIFIER_SYMBOL
            || type == Character.MATH_SYMBOL);
  }

  /** A half, a superscript, a Roman numeral in one character. */
  private static boolean isNumberSign(int c) {
    int type = Character.getType(c);
    return type == Character.OTHER_NUMBER || type == Character.LETTER_NUMBER;
  }

  private static List<String> shortFields(Map<String, String> fields) {
    List<String> shortOnes = new ArrayList<>();
    new TreeMap<>(fields)
        .forEach(
            (name, value) -> {
              String stripped = value.strip();
              if (stripped.codePointCount(0, stripped.length()) <= FIELD_CHARS_MAX) {
                shortOnes.add(name + "=" + stripped);
              }
            });
    return shortOnes;
  }

  /** Numbers with what they count, which stays in the text: "5 not" is a negation, too. */
  private static List<String> takeNumbers(StringBuilder text) {
    List<String> found = new ArrayList<>();
    String all = text.toString();
    Matcher numbers = PLAIN_NUMBER.matcher(Watchdog.watched(all));
    Matcher units = UNIT.matcher(Watchdog.watched(all));
    while (numbers.find()) {
      String unit = "";
      units.region(numbers.end(), all.length());
      if (units.lookingAt()) {
        unit = unit(units.group("unit").replaceAll("\\s", ""));
      }
      found.add(number(numbers.group()) + unit);
      for (int i = numbers.start(); i < numbers.end(); i++) {
        text.setCharAt(i, ' ');
      }
    }
    return found;
  }

  /** Short ones as they are written: a milligram is no megagram. */
  private static String unit(String word) {
    String lower = word.toLowerCase(Locale.ROOT);
    if (NO_UNITS.contains(lower)) {
      return "";
    }
    return " " + (word.length() <= UNIT_CHARS_SHORT ? word : FORM.matcher(lower).replaceFirst(""));
  }

  /**
   * The text as the patterns read it. One digit is the same in every script. Of a run of marks only
   * the first few are left: at each of them {@code \\b} looks back to the letter that they belong
   * to, which takes the square of the run.
   */
  private static StringBuilder plain(String text) {
    StringBuilder plain = new StringBuilder(text.length());
    int marks = 0;
    for (int i = 0; i < text.length(); ) {
      int c = text.codePointAt(i);
      i += Character.charCount(c);
      marks = c > 0x7F && Texts.isMark(c) ? marks + 1 : 0;
      if (marks <= MARKS_MAX) {
        plain.appendCodePoint(c > 0x7F && Character.isDigit(c) ? '0' + Character.digit(c, 10) : c);
      }
    }
    return plain;
  }

  private static void addSide(String word, Map<Integer, List<String>> sides) {
    for (int pair = 0; pair < OPPOSITES.size(); pair++) {
      // the longer stem first: "unlock" holds "lock"
      for (int i = 1; i >= 0; i--) {
        String stem = OPPOSITES.get(pair).get(i);
        if (word.startsWith(stem) && ENDING.matcher(word.substring(stem.length())).matches()) {
          sides.computeIfAbsent(pair, p -> new ArrayList<>()).add(stem);
          return;
        }
      }
    }
  }

  private static void addExceptions(CharSequence text, List<String> negations) {
    String lower =
        BLANKS
            .matcher(Watchdog.watched(text))
            .replaceAll(" ")
            .toLowerCase(Locale.ROOT)
            .replace('’', '\'');
    List<String> things = new ArrayList<>();
    for (Pattern exception : EXCEPTIONS) {
      Matcher matcher = exception.matcher(Watchdog.watched(lower));
      while (matcher.find()) {
        things.add(FORM.matcher(matcher.group("thing")).replaceFirst(""));
      }
    }
    things.stream().sorted().forEach(negations::add);
  }

  /** In the order of the text: from 5 to 10 is not from 10 to 5. */
  private static List<String> take(
      StringBuilder text, Pattern pattern, java.util.function.UnaryOperator<String> canonical) {
    List<String> found = new ArrayList<>();
    Matcher matcher = pattern.matcher(Watchdog.watched(text.toString()));
    while (matcher.find()) {
      found.add(canonical.apply(matcher.group().toLowerCase(Locale.ROOT).strip()));
      for (int i = matcher.start(); i < matcher.end(); i++) {
        text.setCharAt(i, ' ');
      }
    }
    return found;
  }

  private static String amount(String match) {
    Matcher matcher = AMOUNT.matcher(match);
    if (!matcher.matches()) {
      return match;
    }
    boolean before = matcher.group("before") != null;
    String unit = matcher.group(before ? "before" : "after");
    String scale = matcher.group(before ? "scale" : "scale2");
    return number(matcher.group(before ? "first" : "second"))
        + (scale == null ? "" : scale.strip())
        + switch (unit.replaceFirst("s$", "")) {
          case "$", "usd", "dollar" -> "usd";
          case "€", "eur", "euro" -> "eur";
          case "£", "gbp", "pound" -> "gbp";
          case "per cent", "percent", "%" -> "%";
          default -> unit;
        };
  }

  /**
   * 1,000.50 and 1.000,50 and 1000.5 are one number. 1.000 is as it stands, for it may be one or a
   * thousand, as is 007.
   */
  private static String number(String digits) {
    String plain =
        digits
            .replace('−', '-')
            .replace('٫', '.')
            .replace('٬', ',')
            .replaceAll("(?<=\\d)['’\\u00A0\\u2009\\u202F](?=\\d{3}(?!\\d))", "");
    if (plain.length() > NUMBER_CHARS_MAX) {
      return plain;
    }
    int point = plain.lastIndexOf('.');
    int comma = plain.lastIndexOf(',');
    String read = plain;
    if (point >= 0 && comma >= 0) {
      char group = point < comma ? '.' : ',';
      read = grouped(plain.substring(0, Math.max(point, comma)), group);
      read = read + "." + plain.substring(Math.max(point, comma) + 1);
    } else if (comma >= 0) {
      boolean isGrouped = plain.matches("\\D*[1-9]\\d{0,2}(?:,\\d{3})++");
      read = isGrouped ? plain.replace(",", "") : plain.replace(',', '.');
    } else if (plain.matches("\\D*[1-9]\\d{0,2}(?:\\.\\d{3}){2,}+")) {
      read = plain.replace(".", "");
    } else if (plain.matches("\\D*[1-9]\\d{0,2}\\.\\d{3}") || plain.matches("0\\d++")) {
      return plain;
    }
    try {
      return new java.math.BigDecimal(read).stripTrailingZeros().toPlainString();
    } catch (NumberFormatException e) {
      return plain; // 1.2.3, or >5: as it stands
    }
  }

  /** Without the marks between groups of three; as it stands if the groups are others. */
  private static String grouped(String whole, char group) {
    String between = group == '.' ? "\\." : ",";
    return whole.matches("\\D*\\d{1,3}(?:" + between + "\\d{3})++")
        ? whole.replace(String.valueOf(group), "")
        : whole;
  }

  private static String mark(Collection<String> seen) {
    return seen.isEmpty()
        ? NOTHING
        : Fingerprint.sha256(String.join("\n", seen)).substring(0, DIGEST_DIGITS);
  }
}
