package dev.nightjar.pipelines.read;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nightjar.cachestore.DeadLetter;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.FileReading;
import dev.nightjar.pipelines.TestTasks;
import dev.nightjar.pipelines.model.Document;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.io.StringWriter;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Assume;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.AlphaChars;
import net.jqwik.api.constraints.CharRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.NumericChars;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;

class DocumentReaderTest {
  private static final String NO_FIELDS =
      TestTasks.YAML.replace("{{title}}: ", "").replace("input:\n  fields: [title]\n", "");

  private final List<Document> documents = new ArrayList<>();
  private final List<DeadLetter> refused = new ArrayList<>();

  private FileReading read(String name, byte[] bytes) {
    return read(TestTasks.YAML, name, bytes);
  }

  private FileReading read(String task, String name, byte[] bytes) {
    return new DocumentReader(TestTasks.of(task), documents::add, refused::add)
        .read(name, () -> new ByteArrayInputStream(bytes));
  }

  private void lines(String... lines) {
    read("a.jsonl", String.join("\n", lines).getBytes(StandardCharsets.UTF_8));
  }

  private void assertRefused(ErrorCode code, long position) {
    assertThat(refused)
        .singleElement()
        .satisfies(
            letter -> {
              assertThat(letter.code()).isEqualTo(code);
              assertThat(letter.position()).isEqualTo(position);
              assertThat(letter.reason()).isNotBlank().doesNotContain("\n");
            });
  }

  @Test
  void jsonLinesBecomeDocumentsWithTheirLineNumbers() {
    lines(
        "{\"id\":\"a\",\"title\":\"A\",\"text\":\"one\"}",
        "",
        "{\"id\":\"b\",\"title\":\"B\",\"text\":\"two\"}");
    assertThat(documents).extracting(Document::id).containsExactly("a", "b");
    assertThat(documents).extracting(Document::position).containsExactly(1L, 3L);
    assertThat(documents.get(0).fields()).containsEntry("title", "A");
    assertThat(refused).isEmpty();
  }

  @Test
  void aMalformedLineIsRefusedAndTheNextIsRead() {
    lines("{\"id\":\"a\",", "{\"id\":\"b\",\"title\":\"B\",\"text\":\"two\"}");
    assertThat(documents).extracting(Document::id).containsExactly("b");
    assertRefused(ErrorCode.INPUT_MALFORMED, 1);
  }

  @Test
  void aMissingFieldIsNamed() {
    lines("{\"id\":\"a\",\"text\":\"one\"}");
    assertRefused(ErrorCode.INPUT_FIELD_MISSING, 1);
    assertThat(refused.get(0).reason()).contains("title");
  }

  @Test
  void aDocumentWithoutIdOrTextIsRefused() {
    lines("{\"title\":\"x\",\"text\":\"one\"}");
    assertRefused(ErrorCode.INPUT_FIELD_MISSING, 1);
    refused.clear();
    lines("{\"id\":\"a\",\"title\":\"x\",\"text\":\"  \"}");
    assertRefused(ErrorCode.INPUT_EMPTY, 1);
  }

  @Test
  void aJsonValueThatIsNoObjectIsRefused() {
    lines("[1,2]", "{\"id\":\"b\",\"title\":\"B\",\"text\":\"two\"}");
    assertRefused(ErrorCode.INPUT_MALFORMED, 1);
    assertThat(documents).hasSize(1);
  }

  @Test
  void nulAndHalfSurrogatesThatJsonCanEscapeAreMadeStorable() {
    lines("{\"id\":\"a\\u0000\",\"title\":\"t\",\"text\":\"x\\u0000y\\ud83dz \\ud83d\\ude00\"}");
    assertThat(documents.get(0).id()).isEqualTo("a");
    assertThat(documents.get(0).text()).isEqualTo("xy\uFFFDz \uD83D\uDE00");
  }

  @Test
  void csvRecordsMayHoldLineBreaks() {
    read(
        "a.csv",
        "id,title,text\n1,T,\"first\nsecond\"\n2,U,third\n".getBytes(StandardCharsets.UTF_8));
    assertThat(documents).extracting(Document::text).containsExactly("first\nsecond", "third");
    assertThat(documents).extracting(Document::position).containsExactly(1L, 2L);
  }

  @Test
  void aCsvWithoutTheColumnSaysWhich() {
    read("a.csv", "id,title,body\n1,T,x\n".getBytes(StandardCharsets.UTF_8));
    assertRefused(ErrorCode.INPUT_FIELD_MISSING, 0);
    assertThat(refused.get(0).reason()).contains("'text'").contains("id, title, body");
  }

  @Test
  void aTextFileIsOneDocumentNamedByItsFile() {
    read(NO_FIELDS, "dir/a.txt", "Grüße".getBytes(StandardCharsets.UTF_8));
    assertThat(documents).singleElement().satisfies(d -> assertThat(d.text()).isEqualTo("Grüße"));
  }

  @Test
  void textThatIsNotUtf8IsReadAsWindows1252() {
    read(NO_FIELDS, "a.txt", new byte[] {'c', 'a', 'f', (byte) 0xE9});
    assertThat(documents.get(0).text()).isEqualTo("café");
  }

  @Test
  void aBinaryFileIsRefused() {
    byte[] bytes = new byte[600];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (i * 37);
    }
    read(NO_FIELDS, "a.png", bytes);
    assertRefused(ErrorCode.INPUT_NOT_TEXT, 0);
  }

  @Test
  void anEmptyFileIsRefusedInEveryFormat() {
    for (String name : List.of("a.txt", "a.jsonl", "a.csv")) {
      refused.clear();
      read(NO_FIELDS, name, new byte[0]);
      assertRefused(ErrorCode.INPUT_EMPTY, 0);
    }
  }

  @Test
  void aDocumentBeyondTheBoundIsRefusedAndTheNextIsRead() {
    String huge =
        "{\"id\":\"a\",\"title\":\"t\",\"text\":\""
            + "x".repeat(DocumentReader.DOCUMENT_CHARS_MAX)
            + "\"}";
    lines(huge, "{\"id\":\"b\",\"title\":\"B\",\"text\":\"two\"}");
    assertRefused(ErrorCode.INPUT_TOO_LARGE, 1);
    assertThat(documents).hasSize(1);
  }

  @Test
  void theKindIsToldByTheNameWithoutEndingsOfCompressedFiles() {
    assertThat(CorpusFormat.of("x/Y.JSONL.GZ")).isEqualTo(CorpusFormat.JSON);
    for (String name : List.of("x.csv.bz2", "x.tsv.zst", "x.csv.xz", "x.xlsx", "x.parquet")) {
      assertThat(CorpusFormat.of(name)).as(name).isEqualTo(CorpusFormat.TABLE);
    }
    for (String name :
        List.of("x.eml", "a.zip/README", "x.pdf", "x.md", "x.c", "x.xml", "x.mbox")) {
      assertThat(CorpusFormat.of(name)).as(name).isEqualTo(CorpusFormat.TEXT);
    }
    for (String name : List.of("x.zip", "x.tar.gz", "x.tgz", "x.tar")) {
      assertThat(CorpusFormat.of(name)).as(name).isEqualTo(CorpusFormat.ARCHIVE);
    }
  }

  @Test
  void whatNoFormatReadsIsRefusedWithTheWayOut() {
    read(NO_FIELDS, "a.7z", new byte[] {'7', 'z', (byte) 0xBC, (byte) 0xAF, 0x27, 0x1C, 0, 4});
    assertRefused(ErrorCode.INPUT_NOT_TEXT, 0);
    assertThat(refused.get(0).reason()).contains("7z", "unpack");
    read(NO_FIELDS, "a.zip", new byte[] {'P', 'K', 3, 4});
    assertThat(refused.get(1).code()).isEqualTo(ErrorCode.INPUT_UNREADABLE);
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] encoded(String charset, String text) {
    return text.getBytes(Charset.forName(charset));
  }

  @Test
  void everyFormatObeysAByteOrderMark() {
    Map<String, String> files =
        Map.of(
            "a.csv", "id,text\r\n1,Größe: 5 µm\r\n",
            "a.tsv", "id\ttext\n1\tGröße: 5 µm",
            "a.jsonl", "{\"id\": 1, \"text\": \"Größe: 5 µm\"}\n",
            "a.json", "[{\"id\": 1, \"text\": \"Größe: 5 µm\"}]",
            "a.txt", "Größe: 5 µm");
    files.forEach(
        (name, text) -> {
          for (String charset : List.of("UTF-8", "UTF-16LE", "UTF-16BE", "UTF-32LE", "UTF-32BE")) {
            documents.clear();
            FileReading reading = read(NO_FIELDS, name, encoded(charset, "\uFEFF" + text));
            assertThat(documents)
                .as(name + " in " + charset)
                .extracting(Document::text)
                .containsExactly("Größe: 5 µm");
            assertThat(reading.encoding()).isEqualTo(charset);
            assertThat(reading.assumptions()).isEmpty();
          }
        });
    assertThat(refused).isEmpty();
  }

  @Test
  void utf16WithoutAMarkIsSeenByItsZeros() {
    for (String charset : List.of("UTF-16LE", "UTF-16BE")) {
      documents.clear();
      FileReading reading =
          read(NO_FIELDS, "a.csv", encoded(charset, "id;text\n1;Grüße aus Köln\n"));
      assertThat(documents).extracting(Document::text).containsExactly("Grüße aus Köln");
      assertThat(reading.encoding()).isEqualTo(charset);
      assertThat(reading.assumptions()).hasSize(2).first().asString().contains(charset);
    }
  }

  @Test
  void windows1252IsReadInEveryFormatAndTold() {
    Map<String, String> files =
        Map.of(
            "a.csv", "id,text\n1,Café “Münch” – 5 €\n2,plain\n",
            "a.jsonl", "{\"id\":1,\"text\":\"Café “Münch” – 5 €\"}\n{\"id\":2,\"text\":\"plain\"}",
            "a.txt", "Café “Münch” – 5 €");
    files.forEach(
        (name, text) -> {
          documents.clear();
          FileReading reading = read(NO_FIELDS, name, encoded("windows-1252", text));
          assertThat(documents.get(0).text()).isEqualTo("Café “Münch” – 5 €");
          assertThat(reading.encoding()).isEqualTo("windows-1252");
          assertThat(reading.assumptions())
              .singleElement()
              .asString()
              .contains("1 line is no UTF-8")
              .contains(name.equals("a.csv") ? "in line 2" : "in line 1");
        });
  }

  @Test
  void twoLettersThatHappenToBeOneOfUtf8DoNotMakeALineUtf8() {
    FileReading reading =
        read(
            NO_FIELDS,
            "a.csv",
            encoded("windows-1252", "id;text\nGröße;„Maß“, 5 € – café\nb;Ä“\nc;naïve\n"));
    assertThat(documents).extracting(Document::id).containsExactly("Größe", "b", "c");
    assertThat(documents.get(0).text()).isEqualTo("„Maß“, 5 € – café");
    assertThat(documents.get(2).text()).isEqualTo("naïve");
    assertThat(reading.encoding()).isEqualTo("windows-1252");
  }

  @Test
  void onlyBadBytesOfAUtf8TextAreDamaged() {
    byte[] russian = utf8("Привет, это обычный русский текст");
    FileReading reading = read(NO_FIELDS, "a.txt", Arrays.copyOf(russian, russian.length - 1));
    assertThat(documents.get(0).text()).isEqualTo("Привет, это обычный русский текс\uFFFD");
    assertThat(reading.assumptions())
        .containsExactly("1 byte is no UTF-8 and became U+FFFD, the first in line 1");

    documents.clear();
    byte[] chinese = utf8("id,text\n1,你好世界\n2,再见世界\n");
    chinese[12] = 'x'; // within the first sign
    read(NO_FIELDS, "a.csv", chinese);
    assertThat(documents).extracting(Document::text).containsExactly("\uFFFD\uFFFDx好世界", "再见世界");
  }

  @Test
  void aLineThatIsCutInTheMiddleOfACharacterIsNoOtherEncoding() {
    byte[] cut = utf8("{\"id\":1,\"text\":\"naïve\"}\n{\"id\":2,\"text\":\"caf\u00e9");
    FileReading reading = read(NO_FIELDS, "a.jsonl", Arrays.copyOf(cut, cut.length - 1));
    assertThat(documents).extracting(Document::text).containsExactly("naïve");
    assertThat(reading.assumptions()).singleElement().asString().contains("U+FFFD");
    assertRefused(ErrorCode.INPUT_MALFORMED, 2);
  }

  @Test
  void linesOfOneFileMayBeOfTwoEncodings() {
    ByteArrayOutputStream both = new ByteArrayOutputStream();
    both.writeBytes(utf8("{\"id\":1,\"text\":\"Ünïcode\"}\n"));
    both.writeBytes(encoded("windows-1252", "{\"id\":2,\"text\":\"Café\"}\n"));
    read(NO_FIELDS, "a.ndjson", both.toByteArray());
    assertThat(documents).extracting(Document::text).containsExactly("Ünïcode", "Café");
  }

  @Property(tries = 200)
  void textInUtf8IsReadAsItIsHoweverLong(
      @ForAll @StringLength(max = 300) String text, @ForAll @IntRange(min = 1, max = 9) int repeats)
      throws IOException {
    String whole =
        DocumentReader.storable(text.replace("\uFEFF", ""))
            .repeat(repeats * repeats * repeats * 20);
    try (TextReader reader = new TextReader(new ByteArrayInputStream(utf8(whole)))) {
      Assume.that(reader.assumptions().isEmpty());
      StringWriter read = new StringWriter();
      reader.transferTo(read);
      assertThat(read.toString()).isEqualTo(whole);
      assertThat(reader.assumptions()).isEmpty();
    }
  }

  @Property(tries = 500)
  void aBadByteDamagesNothingButItself(
      @ForAll @NumericChars @AlphaChars @CharRange(from = 'а', to = 'я') String text,
      @ForAll @IntRange(min = 0x80, max = 0xC1) int bad,
      @ForAll @IntRange(min = 0, max = 1_000) int at)
      throws IOException {
    int split = text.isEmpty() ? 0 : at % text.length();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.writeBytes(utf8("ж" + text.substring(0, split)));
    bytes.write(bad);
    bytes.writeBytes(utf8(text.substring(split)));
    try (TextReader reader = new TextReader(new ByteArrayInputStream(bytes.toByteArray()))) {
      StringWriter read = new StringWriter();
      reader.transferTo(read);
      assertThat(read.toString())
          .isEqualTo("ж" + text.substring(0, split) + "\uFFFD" + text.substring(split));
    }
  }

  @Test
  void anOpenQuoteIsToldWithWhatItSwallows() {
    FileReading reading =
        read(
            NO_FIELDS,
            "a.csv",
            utf8("id,text\n1,one\n2,\"opened and never closed\n3,three\n4,four\n"));
    assertThat(documents).extracting(Document::text).containsExactly("one");
    assertRefused(ErrorCode.INPUT_MALFORMED, 2);
    assertThat(refused.get(0).reason())
        .contains("begins in line 3")
        .contains("what follows is unread");
    assertThat(reading.refused()).isEqualTo(1);
  }

  @Test
  void aQuoteInsideAFieldDropsNoCharacter() {
    read(
        NO_FIELDS,
        "a.csv",
        utf8("id,text,note\n0,zero,b\n1,\"closing \"then\" more\",a\n2,two,b\n"));
    assertThat(documents).extracting(Document::text).containsExactly("zero");
    assertRefused(ErrorCode.INPUT_MALFORMED, 2);
    assertThat(refused.get(0).reason()).contains("what follows is unread");
    refused.clear();
    documents.clear();
    read(NO_FIELDS, "a.csv", utf8("id,text\n1,a 5\" screw\n2,\"he said \"\"no\"\"\"\n"));
    assertThat(documents)
        .extracting(Document::text)
        .containsExactly("a 5\" screw", "he said \"no\"");
    assertThat(refused).isEmpty();
  }

  @Test
  void separatorsAreFoundByTheColumnsThatTheTaskReads() {
    Map<String, String> separators = Map.of(";", "';'", "\t", "tab", "|", "'|'", ",", "','");
    separators.forEach(
        (separator, name) -> {
          for (String end : List.of("\n", "\r\n", "\r")) {
            documents.clear();
            String text = "id,title,text\n1,\"a,b;c|d\",one\n2,U,two\n";
            FileReading reading =
                read(
                    "a.csv",
                    utf8(
                        text.replace("\"a,b;c|d\"", "@")
                            .replace(",", separator)
                            .replace("@", "\"a,b;c|d\"")
                            .replace("\n", end)));
            assertThat(documents).as(name).extracting(Document::text).containsExactly("one", "two");
            assertThat(documents.get(0).fields()).containsEntry("title", "a,b;c|d");
            assertThat(reading.separator()).isEqualTo(name);
            assertThat(reading.assumptions()).hasSize(separator.equals(",") ? 0 : 1);
          }
        });
    documents.clear();
    FileReading reading = read("a.csv", utf8("sep=;\r\nid;title;text\r\n1;T;one\r\n"));
    assertThat(documents).hasSize(1);
    assertThat(reading.assumptions()).isEmpty();
    assertThat(refused).isEmpty();
  }

  @Test
  void columnsAreFoundByWhatTheirNamesComeTo() {
    FileReading reading =
        read("a.csv", utf8("ID, Title ,text\n1,T,one\nID, Title ,text\n2,U,two\n"));
    assertThat(documents).extracting(Document::id).containsExactly("1", "2");
    assertThat(documents.get(0).fields()).containsEntry("title", "T");
    assertThat(reading.assumptions())
        .containsExactlyInAnyOrder(
            "the column 'ID' is 'id'",
            "the column ' Title ' is 'title'",
            "record 2 is the header again, and passed over");
    assertThat(reading.header()).containsExactly("ID", " Title ", "text");
  }

  @Test
  void aHeaderThatIsNearlyRightIsToldWithTheColumnThatWasMeant() {
    read("a.csv", utf8("id;titel;text\n1;T;one\n"));
    assertThat(refused.get(0).reason()).contains("column 'title'", "; did you mean 'titel'?");
  }

  @Test
  void aHeaderThatCannotBeUnderstoodIsRefusedOnce() {
    for (String header : List.of("id,title,body", "id,title,text,text", "a;b;c", "1,2,3")) {
      refused.clear();
      read("a.csv", utf8(header + "\n" + "1,T,one,x\n".repeat(50)));
      assertRefused(ErrorCode.INPUT_FIELD_MISSING, 0);
      assertThat(refused.get(0).reason())
          .contains("the header, separated by")
          .contains("nothing of the file was read");
    }
    assertThat(documents).isEmpty();
  }

  @Test
  void aCommaInAnUnquotedFieldCutsNoText() {
    read(NO_FIELDS, "a.csv", utf8("id,text\n1,Hello, world\n2,two,\n3,three\n"));
    assertThat(documents).extracting(Document::text).containsExactly("two", "three");
    assertRefused(ErrorCode.INPUT_MALFORMED, 1);
  }

  @Test
  void jsonIsReadHoweverItIsWritten() {
    List<String> written =
        List.of(
            "[{\"id\":1,\"text\":\"one\"},{\"id\":2,\"text\":\"two\"}]",
            "\n[\n  {\n    \"id\": 1,\n    \"text\": \"one\"\n  },\n  {\"id\": 2, \"text\": \"two\"}\n]\n",
            "{\n  \"id\": 1,\n  \"text\": \"one\"\n}\n{\n  \"id\": 2,\n  \"text\": \"two\"\n}\n",
            "{\"id\": 1,\n  \"text\": \"one\"}\n{\"id\": 2,\n  \"text\": \"two\"}",
            "{\"id\":1,\"text\":\"one\"}\r\n\r\n{\"id\":2,\"text\":\"two\"}\r\n");
    for (String name : List.of("a.json", "a.jsonl", "a.ndjson.gz")) {
      for (String text : written) {
        documents.clear();
        read(NO_FIELDS, name, utf8(text));
        assertThat(documents).as(text).extracting(Document::text).containsExactly("one", "two");
        assertThat(documents).extracting(Document::id).containsExactly("1", "2");
        assertThat(refused).isEmpty();
      }
    }
  }

  @Test
  void anErrorInAnArrayIsToldOnceAndWhatCameBeforeStays() {
    String element = "{\"id\":%d,\"text\":\"t\"}";
    read(
        NO_FIELDS,
        "a.json",
        utf8(
            "["
                + element.formatted(1)
                + ", 7, "
                + element.formatted(2)
                + ", {\"id\":}, "
                + element.formatted(3)
                + "]"));
    assertThat(documents).extracting(Document::id).containsExactly("1", "2");
    assertThat(refused).extracting(DeadLetter::position).containsExactly(2L, 4L);
    assertThat(refused.get(1).reason()).contains("unread");
    refused.clear();
    read(NO_FIELDS, "b.json", utf8("[" + element.formatted(1)));
    assertRefused(ErrorCode.INPUT_MALFORMED, 2);
  }

  @Test
  void anElementThatIsTooLargeForMemoryEndsItsArray() {
    read(
        NO_FIELDS,
        "a.json",
        utf8(
            "[{\"id\":1,\"text\":\"t\"}, {\"id\":2, \"x\": ["
                + "1,".repeat(DocumentReader.DOCUMENT_CHARS_MAX / 2 + 70_000)
                + "1]}]"));
    assertThat(documents).hasSize(1);
    assertRefused(ErrorCode.INPUT_TOO_LARGE, 2);
  }

  @Test
  void aFieldTwiceIsMalformed() {
    lines("{\"id\":\"a\",\"title\":\"t\",\"text\":\"one\",\"text\":\"two\"}");
    assertRefused(ErrorCode.INPUT_MALFORMED, 1);
    assertThat(refused.get(0).reason()).contains("twice").doesNotContain("one");
  }

  @Test
  void idsStayAsTheyAreWritten() {
    List<String> ids =
        List.of(
            "9007199254740993.0",
            "9007199254740992.0",
            "1e3",
            "1000",
            "0.12345678901234567890123",
            "-0",
            "1E400",
            "true");
    ids.forEach(id -> read(NO_FIELDS, "a.jsonl", utf8("{\"id\":" + id + ",\"text\":\"t\"}")));
    assertThat(documents).extracting(Document::id).containsExactlyElementsOf(ids);
  }

  @Test
  void whatShowsNothingIsEmpty() {
    for (String blank :
        List.of(
            "\\u0000",
            "\u200B\u200B",
            "\u00A0 \u3000",
            "\uFEFF",
            "\u2060\u00AD",
            "\u2800",
            "\u3164",
            "\uFE0F",
            "\u202E\u202C",
            "\\t\\n")) {
      refused.clear();
      read(NO_FIELDS, "a.jsonl", utf8("{\"id\":1,\"text\":\"" + blank + "\"}"));
      assertRefused(ErrorCode.INPUT_EMPTY, 1);
      refused.clear();
      read(NO_FIELDS, "a.jsonl", utf8("{\"id\":\"" + blank + "\",\"text\":\"t\"}"));
      assertRefused(ErrorCode.INPUT_FIELD_MISSING, 1);
      refused.clear();
      if (!blank.startsWith("\\")) {
        read(NO_FIELDS, "a.csv", utf8("id,text\n1," + blank + "\n"));
        assertRefused(ErrorCode.INPUT_EMPTY, 1);
        refused.clear();
        read(NO_FIELDS, "a.txt", utf8(blank));
        assertRefused(ErrorCode.INPUT_EMPTY, 0);
      }
    }
    assertThat(documents).isEmpty();
    for (String shown : List.of("👍", "\u0301", "0", ".", "\uFFFD", "ㅤa")) {
      assertThat(DocumentReader.isBlank(shown)).as(shown).isFalse();
    }
  }

  @Test
  void anIdThatIsNoKeyIsRefused() {
    for (String id : List.of("a".repeat(3_000), "ü".repeat(501), "👍".repeat(251))) {
      refused.clear();
      read(NO_FIELDS, "a.jsonl", utf8("{\"id\":\"" + id + "\",\"text\":\"t\"}"));
      assertRefused(ErrorCode.INPUT_ID_TOO_LONG, 1);
      assertThat(refused.get(0).documentId()).hasSizeLessThan(110);
    }
    refused.clear();
    read(NO_FIELDS, "/" + "d/".repeat(600) + "a.txt", utf8("text"));
    assertRefused(ErrorCode.INPUT_ID_TOO_LONG, 0);
    assertThat(documents).isEmpty();
  }

  @Test
  void aDownloadThatBreaksOffKeepsWhatCameBefore() {
    byte[] whole = utf8("{\"id\":1,\"text\":\"one\"}\n".repeat(3).replaceFirst("1", "0"));
    new DocumentReader(TestTasks.of(NO_FIELDS), documents::add, refused::add)
        .read(
            "a.jsonl",
            () ->
                new SequenceInputStream(
                    new ByteArrayInputStream(whole),
                    new InputStream() {
                      @Override
                      public int read() throws IOException {
                        throw new EOFException("cut");
                      }
                    }));
    assertThat(refused)
        .last()
        .satisfies(letter -> assertThat(letter.code()).isEqualTo(ErrorCode.INPUT_UNREADABLE));
  }
}
