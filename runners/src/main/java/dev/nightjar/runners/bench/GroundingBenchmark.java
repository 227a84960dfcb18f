package dev.nightjar.runners.bench;

import dev.nightjar.pipelines.model.Tokens;
import dev.nightjar.pipelines.validate.QuoteLocator;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Whether quotes are found where they stand. For each language a document of 100,000 tokens is
 * written at random from common words; 100 quotes of 20 to 400 characters are taken from it as they
 * are, 100 more are edited (case, white space, hyphenation, one word changed), and 100 are written
 * from the same words and stand nowhere.
 */
@Command(
    name = "grounding",
    mixinStandardHelpOptions = true,
    header = "Whether quotes are found where they stand, edited ones too, and absent ones nowhere.")
public final class GroundingBenchmark extends Benchmark {
  private static final int DOCUMENT_TOKENS = 100_000;
  private static final int QUOTES = 100;
  private static final int LENGTH_MIN = 20;
  private static final int LENGTH_MAX = 400;
  private static final double EXACT_MIN = 0.99;
  private static final double EDITED_MIN = 0.95;
  private static final int SENTENCE_WORDS_MIN = 5;
  private static final int SENTENCE_WORDS_MORE = 18;
  private static final int PARAGRAPH_SENTENCES = 5;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      description = "Of the documents and quotes. Default: ${DEFAULT-VALUE}.")
  long seed;

  private enum Language {
    ENGLISH(
        " ",
        ".",
        "the of and a to in market river council water report seventeen annual growth they said"
            + " because under policy winter price harvest railway letter doctor evening strong"
            + " between never agreement month increase well-known northern company people without"
            + " school minister although village season machine history number 1,250 3.5 2019"),
    CHINESE(
        "",
        "。",
        "我们 今天 市场 河流 报告 增长 因为 政策 冬季 价格 收获 铁路 医生 晚上 之间 协议 增加 北方 公司 人民 学校"
            + " 部长 虽然 村庄 季节 机器 历史 数字 经济 发展 社会 文化 科学 技术 国家 城市 环境 问题 研究 方法"),
    VIETNAMESE(
        " ",
        ".",
        "và của một những trong thị trường dòng sông hội đồng nước báo cáo tăng trưởng họ nói bởi"
            + " vì dưới chính sách mùa đông giá cả thu hoạch đường sắt thư bác sĩ buổi tối mạnh mẽ"
            + " giữa không bao giờ thỏa thuận tháng phía bắc công ty người trường học bộ trưởng"),
    ARABIC(
        " ",
        ".",
        "في من على إلى السوق النهر المجلس الماء التقرير النمو قالوا لأن تحت السياسة الشتاء السعر"
            + " الحصاد القطار الرسالة الطبيب المساء قوي بين أبدا الاتفاق الشهر زيادة الشمال الشركة"
            + " الناس بدون المدرسة الوزير رغم القرية الموسم الآلة التاريخ الرقم الاقتصاد");

    final String space;
    final String stop;
    final String[] words;

    Language(String space, String stop, String words) {
      this.space = space;
      this.stop = stop;
      this.words = words.split(" ");
    }
  }

  private enum Edit {
    CASE,
    SPACE,
    HYPHEN,
    WORD
  }

  /** How many of the quotes came out right, and how long all took. */
  private record Tally(int exact, int edited, int falselyLocated, double seconds) {}

  @Override
  Map<String, String> measure(PrintWriter out) {
    int exact = 0;
    int edited = 0;
    int falselyLocated = 0;
    double seconds = 0;
    out.printf(
        "%-12s%10s%10s%16s%22s%n",
        "language", "exact", "edited", "false located", "s for 100 quotes");
    for (Language language : Language.values()) {
      Tally tally = tally(language, new Random(seed + language.ordinal()));
      out.printf(
          Locale.ROOT,
          "%-12s%10d%10d%16d%22.3f%n",
          language.name().toLowerCase(Locale.ROOT),
          tally.exact(),
          tally.edited(),
          tally.falselyLocated(),
          tally.seconds());
      exact += tally.exact();
      edited += tally.edited();
      falselyLocated += tally.falselyLocated();
      seconds = Math.max(seconds, tally.seconds());
    }
    double quotes = (double) QUOTES * Language.values().length;
    Map<String, String> result = new LinkedHashMap<>();
    result.put("exact", String.format(Locale.ROOT, "%.4f", exact / quotes));
    result.put("edited", String.format(Locale.ROOT, "%.4f", edited / quotes));
    result.put("false_located", Integer.toString(falselyLocated));
    result.put("seconds", String.format(Locale.ROOT, "%.3f", seconds));
    return result;
  }

  private static Tally tally(Language language, Random random) {
    StringBuilder built = new StringBuilder();
    while (built.length() < DOCUMENT_TOKENS || Tokens.fits(built.toString(), DOCUMENT_TOKENS)) {
      for (int paragraph = 0; paragraph < 100; paragraph++) {
        for (int sentence = 0; sentence < PARAGRAPH_SENTENCES; sentence++) {
          built.append(sentence(language, random)).append(language.space);
        }
        built.append("\n\n");
      }
    }
    String document = built.toString();
    String bare = bare(document);
    List<int[]> planted = new ArrayList<>();
    List<String> edits = new ArrayList<>();
    List<String> absent = new ArrayList<>();
    while (planted.size() < QUOTES) {
      int length = LENGTH_MIN + random.nextInt(LENGTH_MAX - LENGTH_MIN + 1);
      int start = wordStart(document, random.nextInt(document.length() - 2 * LENGTH_MAX), language);
      int end = wordStart(document, start + length, language);
      while (end > start && Character.isWhitespace(document.charAt(end - 1))) {
        end--;
      }
      String quote = document.substring(start, end);
      boolean once = document.indexOf(quote) == document.lastIndexOf(quote);
      if (once && quote.length() >= LENGTH_MIN && quote.length() <= LENGTH_MAX) {
        planted.add(new int[] {start, end});
        edits.add(
            edited(quote, Edit.values()[edits.size() % Edit.values().length], language, random));
        absent.add(invented(bare, quote.length(), language, random));
      }
    }
    return judge(document, planted, edits, absent);
  }

  private static Tally judge(
      String document, List<int[]> planted, List<String> edits, List<String> absent) {
    List<String> quotes =
        planted.stream().map(span -> document.substring(span[0], span[1])).toList();
    new QuoteLocator(document).locate(quotes.get(0)); // warm
    long began = System.nanoTime();
    QuoteLocator locator = new QuoteLocator(document);
    List<Optional<QuoteLocator.Place>> exactly = quotes.stream().map(locator::locate).toList();
    double first = (System.nanoTime() - began) / 1e9;
    began = System.nanoTime();
    locator = new QuoteLocator(document);
    List<Optional<QuoteLocator.Place>> nearly = edits.stream().map(locator::locate).toList();
    double second = (System.nanoTime() - began) / 1e9;
    QuoteLocator found = locator;
    int falselyLocated =
        (int) absent.stream().filter(quote -> found.locate(quote).isPresent()).count();
    int exact = 0;
    int edited = 0;
    for (int i = 0; i < QUOTES; i++) {
      exact += isAt(document, planted.get(i), exactly.get(i)) ? 1 : 0;
      edited += isAt(document, planted.get(i), nearly.get(i)) ? 1 : 0;
    }
    return new Tally(exact, edited, falselyLocated, Math.max(first, second));
  }

  private static boolean isAt(String document, int[] span, Optional<QuoteLocator.Place> found) {
    int start = document.codePointCount(0, span[0]);
    int end = start + document.codePointCount(span[0], span[1]);
    // An edited quote may have lost or won a full stop at its edge.
    return found
        .filter(place -> Math.abs(place.start() - start) <= 1 && Math.abs(place.end() - end) <= 1)
        .isPresent();
  }

  private static String sentence(Language language, Random random) {
    StringBuilder sentence = new StringBuilder();
    int words = SENTENCE_WORDS_MIN + random.nextInt(SENTENCE_WORDS_MORE);
    for (int i = 0; i < words; i++) {
      String word = language.words[random.nextInt(language.words.length)];
      sentence.append(i > 0 ? language.space : "");
      sentence.append(
          i == 0 ? word.substring(0, 1).toUpperCase(Locale.ROOT) + word.substring(1) : word);
    }
    return sentence.append(language.stop).toString();
  }

  private static int wordStart(String document, int near, Language language) {
    int at = near;
    while (!language.space.isEmpty()
        && !Character.isWhitespace(document.charAt(at - 1 < 0 ? 0 : at - 1))) {
      at++;
    }
    while (Character.isWhitespace(document.charAt(at))) {
      at++;
    }
    return at;
  }

  private static String invented(String bare, int length, Language language, Random random) {
    while (true) {
      StringBuilder text = new StringBuilder();
      while (text.length() < length) {
        text.append(sentence(language, random)).append(language.space);
      }
      String quote = text.substring(0, length).strip();
      if (!bare.contains(bare(quote))) {
        return quote;
      }
    }
  }

  /** Without what an edited quote may differ in. */
  private static String bare(String text) {
    return text.toLowerCase(Locale.ROOT).replaceAll("[\\s.。-]", "");
  }

  private static String edited(String quote, Edit edit, Language language, Random random) {
    return switch (edit) {
      case CASE -> quote.toUpperCase(Locale.ROOT);
      case SPACE ->
          language.space.isEmpty()
              ? quote.substring(0, quote.length() / 2) + " " + quote.substring(quote.length() / 2)
              : quote.replaceAll("\\s+", "\n  ");
      case HYPHEN -> {
        int at = quote.length() / 2;
        while (!Character.isLetter(quote.charAt(at)) || !Character.isLetter(quote.charAt(at - 1))) {
          at++;
        }
        yield quote.substring(0, at) + "-\n" + quote.substring(at);
      }
      case WORD -> {
        String other = language.words[random.nextInt(language.words.length)];
        if (language.space.isEmpty()) {
          int at = random.nextInt(quote.length() - 2);
          yield quote.substring(0, at) + other + quote.substring(at + 2);
        }
        String[] words = quote.split(" ");
        words[random.nextInt(words.length)] = other;
        yield String.join(" ", words);
      }
    };
  }

  @Override
  boolean holds(Map<String, String> result) {
    return Double.parseDouble(result.getOrDefault("exact", "0")) >= EXACT_MIN
        && Double.parseDouble(result.getOrDefault("edited", "0")) >= EDITED_MIN
        && "0".equals(result.get("false_located"))
        && Double.parseDouble(result.getOrDefault("seconds", "9")) < 1;
  }
}
