package dev.nightjar.pipelines.read;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nightjar.cachestore.DeadLetter;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.pipelines.TestTasks;
import dev.nightjar.pipelines.model.Document;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class DocumentReaderTest {
  private static final String NO_FIELDS =
      TestTasks.YAML.replace("{{title}}: ", "").replace("input:\n  fields: [title]\n", "");

  private final List<Document> documents = new ArrayList<>();
  private final List<DeadLetter> refused = new ArrayList<>();

  private void read(String name, byte[] bytes) throws IOException {
    read(TestTasks.YAML, name, bytes);
  }

  private void read(String task, String name, byte[] bytes) throws IOException {
    new DocumentReader(TestTasks.of(task), documents::add, refused::add)
        .read(name, new ByteArrayInputStream(bytes));
  }

  private void lines(String... lines) throws IOException {
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
  void jsonLinesBecomeDocumentsWithTheirLineNumbers() throws IOException {
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
  void aMalformedLineIsRefusedAndTheNextIsRead() throws IOException {
    lines("{\"id\":\"a\",", "{\"id\":\"b\",\"title\":\"B\",\"text\":\"two\"}");
    assertThat(documents).extracting(Document::id).containsExactly("b");
    assertRefused(ErrorCode.INPUT_MALFORMED, 1);
  }

  @Test
  void aMissingFieldIsNamed() throws IOException {
    lines("{\"id\":\"a\",\"text\":\"one\"}");
    assertRefused(ErrorCode.INPUT_FIELD_MISSING, 1);
    assertThat(refused.get(0).reason()).contains("title");
  }

  @Test
  void aDocumentWithoutIdOrTextIsRefused() throws IOException {
    lines("{\"title\":\"x\",\"text\":\"one\"}");
    assertRefused(ErrorCode.INPUT_FIELD_MISSING, 1);
    refused.clear();
    lines("{\"id\":\"a\",\"title\":\"x\",\"text\":\"  \"}");
    assertRefused(ErrorCode.INPUT_EMPTY, 1);
  }

  @Test
  void aJsonValueThatIsNoObjectIsRefused() throws IOException {
    lines("[1,2]");
    assertRefused(ErrorCode.INPUT_MALFORMED, 1);
  }

  @Test
  void nulAndHalfSurrogatesThatJsonCanEscapeAreMadeStorable() throws IOException {
    lines("{\"id\":\"a\\u0000\",\"title\":\"t\",\"text\":\"x\\u0000y\\ud83dz \\ud83d\\ude00\"}");
    assertThat(documents.get(0).id()).isEqualTo("a");
    assertThat(documents.get(0).text()).isEqualTo("xy\uFFFDz \uD83D\uDE00");
  }

  @Test
  void csvRecordsMayHoldLineBreaks() throws IOException {
    read(
        "a.csv",
        "id,title,text\n1,T,\"first\nsecond\"\n2,U,third\n".getBytes(StandardCharsets.UTF_8));
    assertThat(documents).extracting(Document::text).containsExactly("first\nsecond", "third");
    assertThat(documents).extracting(Document::position).containsExactly(1L, 2L);
  }

  @Test
  void aCsvWithoutTheColumnSaysWhich() throws IOException {
    read("a.csv", "id,title,body\n1,T,x\n".getBytes(StandardCharsets.UTF_8));
    assertRefused(ErrorCode.INPUT_FIELD_MISSING, 1);
    assertThat(refused.get(0).reason()).contains("'text'");
  }

  @Test
  void aTextFileIsOneDocumentNamedByItsFile() throws IOException {
    read(NO_FIELDS, "dir/a.txt", "Grüße".getBytes(StandardCharsets.UTF_8));
    assertThat(documents).singleElement().satisfies(d -> assertThat(d.text()).isEqualTo("Grüße"));
  }

  @Test
  void textThatIsNotUtf8IsReadAsWindows1252() throws IOException {
    read(NO_FIELDS, "a.txt", new byte[] {'c', 'a', 'f', (byte) 0xE9});
    assertThat(documents.get(0).text()).isEqualTo("café");
  }

  @Test
  void aBinaryFileIsRefused() throws IOException {
    byte[] bytes = new byte[600];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (i * 37);
    }
    read(NO_FIELDS, "a.png", bytes);
    assertRefused(ErrorCode.INPUT_NOT_TEXT, 0);
  }

  @Test
  void anEmptyFileIsRefusedInEveryFormat() throws IOException {
    for (String name : List.of("a.txt", "a.jsonl", "a.csv")) {
      refused.clear();
      read(NO_FIELDS, name, new byte[0]);
      assertRefused(ErrorCode.INPUT_EMPTY, 0);
    }
  }

  @Test
  void aDocumentBeyondTheBoundIsRefusedAndTheNextIsRead() throws IOException {
    String huge =
        "{\"id\":\"a\",\"title\":\"t\",\"text\":\""
            + "x".repeat(DocumentReader.DOCUMENT_BYTES_MAX)
            + "\"}";
    lines(huge, "{\"id\":\"b\",\"title\":\"B\",\"text\":\"two\"}");
    assertRefused(ErrorCode.INPUT_TOO_LARGE, 1);
    assertThat(documents).hasSize(1);
  }

  @Test
  void theFormatIsToldByTheNameWithoutGz() {
    assertThat(CorpusFormat.of("x/Y.JSONL.GZ")).isEqualTo(CorpusFormat.JSON_LINES);
    assertThat(CorpusFormat.of("x.csv.gz")).isEqualTo(CorpusFormat.CSV);
    assertThat(CorpusFormat.of("x.eml")).isEqualTo(CorpusFormat.TEXT);
  }
}
