package dev.nightjar.runners.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import de.siegmar.fastcsv.writer.CsvWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.StringWriter;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.GZIPOutputStream;

/**
 * Documents in all formats and encodings, two in a hundred of them hostile: texts that differ in
 * what a tokeniser drops or a vector drowns, texts that take the square of their length, and things
 * that are no documents. Not thread-safe.
 */
final class HostileCorpus {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final String[] WORDS =
      ("harbour invoice meeting garden window teacher river contract engine winter lesson market"
              + " journey bread letter museum doctor station village island painter concert kitchen"
              + " library mountain festival newspaper bicycle factory candle sailor farmer bridge"
              + " crystal lantern orchard pottery railway scholar textile umbrella violin walnut"
              + " yellow quietly arrived carried promised repaired explained borrowed delivered"
              + " café naïve jalapeño résumé")
          .split(" ");
  private static final String LONG =
      "The committee met in the morning and went through the report of the year before, page by page. ";

  /** Pairs that a vector takes for one and that no reader would. */
  private static final List<List<String>> PAIRS =
      List.of(
          List.of("Offer # is 👍", "Offer # is 👎"),
          List.of("Reaction to note #: 😀", "Reaction to note #: 😡"),
          List.of("Tôi muốn mua món hàng # ngay", "Tôi muốn múa món hàng # ngay"),
          List.of("In Brief # wurde das schon gesagt", "In Brief # würde das schön gesagt"),
          List.of("El año # fue nuevo", "El ano # fue nuevo"),
          List.of("第#号 我同意这个提议", "第#号 我反对这个提议"),
          List.of("Письмо #: я согласен с этим", "Письмо #: я против этого"),
          List.of("الرسالة #: أوافق على الاقتراح", "الرسالة #: أرفض هذا الاقتراح"),
          List.of("จดหมาย # ฉันเห็นด้วย", "จดหมาย # ฉันไม่เห็นด้วย"),
          List.of("Brief # nennt 1.000 Euro", "Brief # nennt 1 Euro"),
          List.of("Recipe # takes ½ of the flour", "Recipe # takes ¼ of the flour"),
          List.of("Patient # gets 5 mg a day", "Patient # gets 5 g a day"),
          List.of("Sensor # shows 5 °C", "Sensor # shows 5 °F"),
          List.of("Plot # has 20 m²", "Plot # has 20 m³"),
          List.of("Ich habe Artikel # bestellt", "Ich habe Artikel # nicht bestellt"),
          List.of("Termin # ist am Montag", "Termin # ist am Dienstag"),
          List.of("Ticket # is done :)", "Ticket # is done :("));

  /** Of hostile documents. */
  static final int KINDS = PAIRS.size() + 12;

  private record Entry(String id, String language, String text) {}

  private final Random random;
  private final Map<String, String> prompts = new LinkedHashMap<>();
  private final List<Entry> entries = new ArrayList<>();

  /** Lines that are no documents, and what of theirs is one. */
  private final List<String> refusedLines = new ArrayList<>();

  private long documents;

  /**
   * Draws a corpus.
   *
   * @param size documents in it, more or less
   * @param hostileEvery every how many documents there are hostile ones, of one kind after the
   *     other
   */
  HostileCorpus(int size, int hostileEvery, long seed) {
    random = new Random(seed);
    for (int i = 0; documents < size; i++) {
      if (i % hostileEvery == hostileEvery - 1) {
        addHostile(i, i / hostileEvery % KINDS);
      } else {
        add(Integer.toString(i), "en", harmless(i));
      }
    }
  }

  /** A sentence of its own: near-duplicates of one another would be what the night is about. */
  private String harmless(int i) {
    StringBuilder text = new StringBuilder("Note ").append(i).append(':');
    int words = 12 + random.nextInt(30);
    for (int word = 0; word < words; word++) {
      text.append(' ').append(WORDS[random.nextInt(WORDS.length)]);
    }
    return text.append('.').toString();
  }

  private void add(String id, String language, String text) {
    entries.add(new Entry(id, language, text));
    prompts.put(id, language + "|" + text);
    documents++;
  }

  private void refuse(String line) {
    refusedLines.add(line);
    documents++;
  }

  private void addHostile(int i, int kind) {
    if (kind < PAIRS.size()) {
      for (String text : PAIRS.get(kind)) {
        add(i + "-" + text.hashCode(), "xx", text.replace("#", Integer.toString(i)));
      }
      return;
    }
    String id = "h" + i;
    switch (kind - PAIRS.size()) {
      case 0 -> {
        add(id + "a", "en", LONG.repeat(20) + i);
        add(id + "b", "de", LONG.repeat(20) + i);
      }
      case 1 -> add(id, "en", i + " " + "1.".repeat(2_600) + "1");
      case 2 -> add(id, "en", i + " a" + "\u0301".repeat(65_536));
      case 3 -> add(id, "en", i + " " + "x".repeat(200_000));
      case 4 -> add("9007199254740993." + i, "en", "An id with more digits than a double, " + i);
      case 5 -> refuse("{\"id\":\"" + id + "\",\"language\":\"en\",\"text\":\"\\u0000\"}");
      case 6 -> refuse("{\"id\":\"" + id + "\",\"language\":\"en\",\"text\":\"\u200B\u00A0\"}");
      case 7 ->
          refuse("{\"id\":\"" + id.repeat(1_000) + "\",\"language\":\"en\",\"text\":\"long id\"}");
      case 8 -> refuse("{\"id\":\"" + id + "\",\"language\":\"en\",\"text\":\"a\",\"text\":\"b\"}");
      case 9 -> refuse("{\"id\":\"" + id + "\",\"language\":\"en\",\"text\":");
      case 10 -> refuse("[".repeat(2_000));
      default ->
          refuse("{\"id\":\"" + id + "\",\"language\":\"en\",\"text\":7" + "e".repeat(3) + "}");
    }
  }

  /** Documents that were written, those that are none among them. */
  long documents() {
    return documents;
  }

  /** What is asked of each document that is one, by id. */
  Map<String, String> prompts() {
    return prompts;
  }

  /** Writes the files: each entry goes to one that can hold it. */
  void write(Path directory) throws IOException {
    Charset western = Charset.forName("windows-1252");
    List<List<Entry>> parts = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      parts.add(new ArrayList<>());
    }
    for (int i = 0; i < entries.size(); i++) {
      Entry entry = entries.get(i);
      int part = i % parts.size();
      if (part == 2 && !western.newEncoder().canEncode(entry.text())) {
        part = 0;
      }
      parts.get(part).add(entry);
    }
    Files.write(directory.resolve("a.jsonl"), lines(parts.get(0), refusedLines));
    Files.write(
        directory.resolve("b.csv"), csv(parts.get(1), ',', "\uFEFF", StandardCharsets.UTF_8));
    Files.write(directory.resolve("c.csv"), csv(parts.get(2), ';', "", western));
    Files.write(
        directory.resolve("d.json"),
        ("\uFEFF" + array(parts.get(3))).getBytes(StandardCharsets.UTF_16LE));
    Files.write(
        directory.resolve("e.tsv"), csv(parts.get(4), '\t', "\uFEFF", StandardCharsets.UTF_16BE));
    try (OutputStream gzip =
        new GZIPOutputStream(Files.newOutputStream(directory.resolve("f.jsonl.gz")))) {
      gzip.write(lines(parts.get(5), List.of()));
    }
    Files.write(directory.resolve("g.json"), pretty(parts.get(6)));
    Files.write(
        directory.resolve("h.csv"), csv(parts.get(7), '|', "sep=|\r\n", StandardCharsets.UTF_8));
  }

  private static Map<String, String> record(Entry entry) {
    Map<String, String> record = new LinkedHashMap<>();
    record.put("id", entry.id());
    record.put("language", entry.language());
    record.put("text", entry.text());
    return record;
  }

  private static byte[] lines(List<Entry> entries, List<String> between) throws IOException {
    ByteArrayOutputStream lines = new ByteArrayOutputStream();
    for (int i = 0; i < Math.max(entries.size(), between.size()); i++) {
      if (i < entries.size()) {
        lines.write(JSON.writeValueAsBytes(record(entries.get(i))));
        lines.write('\n');
      }
      if (i < between.size()) {
        lines.write((between.get(i) + "\n").getBytes(StandardCharsets.UTF_8));
      }
    }
    return lines.toByteArray();
  }

  private static String array(List<Entry> entries) throws IOException {
    return JSON.writeValueAsString(entries.stream().map(HostileCorpus::record).toList());
  }

  private static byte[] pretty(List<Entry> entries) throws IOException {
    ByteArrayOutputStream objects = new ByteArrayOutputStream();
    for (Entry entry : entries) {
      objects.write(JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(record(entry)));
      objects.write('\n');
    }
    return objects.toByteArray();
  }

  private static byte[] csv(List<Entry> entries, char separator, String before, Charset charset) {
    StringWriter text = new StringWriter();
    text.write(before);
    CsvWriter csv = CsvWriter.builder().fieldSeparator(separator).build(text);
    csv.writeRecord("id", "language", "text");
    entries.forEach(entry -> csv.writeRecord(entry.id(), entry.language(), entry.text()));
    return text.toString().getBytes(charset);
  }
}
