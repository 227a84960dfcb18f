package dev.nightjar.pipelines.read;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.luben.zstd.ZstdOutputStream;
import dev.nightjar.cachestore.DeadLetter;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.pipelines.TestTasks;
import dev.nightjar.pipelines.model.Document;
import dev.nightjar.pipelines.task.TaskSpec;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorOutputStream;
import org.apache.commons.compress.compressors.xz.XZCompressorOutputStream;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.apache.pdfbox.pdmodel.encryption.AccessPermission;
import org.apache.pdfbox.pdmodel.encryption.StandardProtectionPolicy;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Files that are damaged, or made to do harm: each is a dead letter, and what follows is read. */
@Timeout(value = 300, unit = TimeUnit.SECONDS)
class HostileFilesTest {
  private static final TaskSpec TASK =
      TestTasks.of(
          TestTasks.YAML.replace("{{title}}: ", "").replace("input:\n  fields: [title]\n", ""));

  @TempDir Path directory;

  private final List<Document> documents = new ArrayList<>();
  private final List<DeadLetter> refused = new ArrayList<>();

  private void read(String name, byte[] bytes) {
    documents.clear();
    refused.clear();
    new DocumentReader(TASK, documents::add, refused::add)
        .read(name, () -> new ByteArrayInputStream(bytes));
  }

  private void assertRefused(ErrorCode code, String... reason) {
    assertThat(refused)
        .singleElement()
        .satisfies(
            letter -> {
              assertThat(letter.code()).as(letter.reason()).isEqualTo(code);
              assertThat(letter.reason()).contains(reason).doesNotContain("\n");
            });
  }

  private interface Compressor {
    OutputStream on(OutputStream out) throws IOException;
  }

  private static final Map<String, Compressor> COMPRESSORS =
      Map.of(
          "gz", GZIPOutputStream::new,
          "bz2", BZip2CompressorOutputStream::new,
          "xz", XZCompressorOutputStream::new,
          "zst", ZstdOutputStream::new);

  private static byte[] compressed(Compressor compressor, byte[] block, int times)
      throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (OutputStream out = compressor.on(bytes)) {
      for (int i = 0; i < times; i++) {
        out.write(block);
      }
    }
    return bytes.toByteArray();
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void eachCompressionIsUndoneAndItsDamageIsTold() throws Exception {
    byte[] lines = utf8("{\"id\": 1, \"text\": \"one\"}\n");
    for (Map.Entry<String, Compressor> way : COMPRESSORS.entrySet()) {
      byte[] file = compressed(way.getValue(), lines, 1);
      read("a.jsonl." + way.getKey(), file);
      assertThat(documents).as(way.getKey()).extracting(Document::text).containsExactly("one");
      read("a.jsonl." + way.getKey(), Arrays.copyOf(file, file.length - 9));
      assertThat(refused)
          .as(way.getKey())
          .extracting(DeadLetter::code)
          .contains(ErrorCode.INPUT_UNREADABLE);
      byte[] two = Arrays.copyOf(file, file.length * 2);
      System.arraycopy(file, 0, two, file.length, file.length);
      read("a.jsonl." + way.getKey(), two);
      assertThat(documents).as(way.getKey() + " files one behind the other").hasSize(2);
    }
    read("a.jsonl.gz", lines);
    assertThat(documents).as("not compressed, whatever its name says").hasSize(1);
  }

  @Test
  void whatDecompressesWithoutEndIsStopped() throws IOException {
    byte[] block = new byte[1 << 20];
    Arrays.fill(block, (byte) 'x');
    for (Map.Entry<String, Compressor> way : COMPRESSORS.entrySet()) {
      read("a.jsonl." + way.getKey(), compressed(way.getValue(), block, 100));
      assertRefused(ErrorCode.INPUT_TOO_LARGE, "250 times");
    }
    read(
        "a.zip",
        DocumentFormatTest.zip(Map.of("a.jsonl", new byte[100 << 20], "b.txt", utf8("x"))));
    assertThat(refused).extracting(DeadLetter::code).containsExactly(ErrorCode.INPUT_TOO_LARGE);
    assertThat(documents).as("the next is read").hasSize(1);
  }

  @Test
  void aDocumentThatIsABombIsStopped() throws IOException {
    byte[] bomb = DocumentFormatTest.docx("x".repeat(DocumentReader.DOCUMENT_CHARS_MAX + 1));
    assertThat(bomb.length).isLessThan(1 << 20);
    read("bomb.docx", bomb);
    assertThat(documents).isEmpty();
    assertRefused(ErrorCode.INPUT_TOO_LARGE, "decompresses");
    byte[] inner = DocumentFormatTest.zip(Map.of("a.txt", utf8("x")));
    for (int i = 0; i < 6; i++) {
      inner = DocumentFormatTest.zip(Map.of("inner.zip", inner));
    }
    read("nested.zip", inner);
    assertRefused(ErrorCode.INPUT_TOO_LARGE, "3 levels");
  }

  @Test
  void truncatedAndScrambledFilesAreTold() throws IOException {
    Map<String, byte[]> whole = new HashMap<>();
    whole.put("a.pdf", DocumentFormatTest.pdf("t", "Text of a page."));
    whole.put("a.docx", DocumentFormatTest.docx("Text"));
    whole.put(
        "a.zip", DocumentFormatTest.zip(Map.of("a.txt", utf8("text"), "b.txt", utf8("text"))));
    whole.put("a.parquet", utf8("PAR1 and then no footer PAR1"));
    whole.put("a.xlsx", DocumentFormatTest.zip(Map.of("[Content_Types].xml", utf8("<Types"))));
    whole.put("a.xls", utf8("\u00D0\u00CF no such thing"));
    whole.put("a.epub", utf8("PK\u0003\u0004 no such thing"));
    whole.forEach(
        (name, bytes) -> {
          read(name, Arrays.copyOf(bytes, bytes.length / 2));
          if (documents.isEmpty()) { // some readers recover what is there
            assertThat(refused).as(name).isNotEmpty();
            assertThat(refused)
                .as(name)
                .extracting(DeadLetter::code)
                .doesNotContain(ErrorCode.INTERNAL);
          }
          for (int i = 40; i < bytes.length; i += 7) {
            bytes[i] ^= 0x55;
          }
          read(name, bytes);
          assertThat(documents.size() + refused.size()).as(name).isPositive();
        });
  }

  @Test
  void whatWantsAPasswordSaysSo() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (PDDocument pdf = org.apache.pdfbox.Loader.loadPDF(DocumentFormatTest.pdf("t", "Text."))) {
      StandardProtectionPolicy policy =
          new StandardProtectionPolicy("owner", "user", new AccessPermission());
      policy.setEncryptionKeyLength(256);
      pdf.protect(policy);
      pdf.save(out);
    }
    read("a.pdf", out.toByteArray());
    assertRefused(ErrorCode.INPUT_ENCRYPTED, "password");
  }

  @Test
  void aFileReadsNoOtherFileAndNoAddress() throws IOException {
    Path secret = Files.writeString(directory.resolve("secret.txt"), "S3CR3T");
    String entity =
        "<?xml version=\"1.0\"?><!DOCTYPE html [<!ENTITY e SYSTEM \"" + secret.toUri() + "\">]>";
    read("a.xhtml", utf8(entity + "<html><body><p>Text &e;</p></body></html>"));
    assertThat(documents).noneMatch(document -> document.text().contains("S3CR3T"));
    Map<String, byte[]> parts = new HashMap<>();
    try (java.util.zip.ZipInputStream zip =
        new java.util.zip.ZipInputStream(
            new ByteArrayInputStream(DocumentFormatTest.docx("Text")))) {
      for (var entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        parts.put(entry.getName(), zip.readAllBytes());
      }
    }
    String word = new String(parts.get("word/document.xml"), StandardCharsets.UTF_8);
    parts.put(
        "word/document.xml",
        utf8(
            "<!DOCTYPE w [<!ENTITY e SYSTEM \""
                + secret.toUri()
                + "\">]>"
                + word.replaceFirst("<\\?xml[^>]*>", "").replace(">Text<", ">Text &e;<")));
    read("a.docx", DocumentFormatTest.zip(parts));
    assertThat(documents).noneMatch(document -> document.text().contains("S3CR3T"));
  }

  private static final ConfinedReader SMALL = new ConfinedReader(Duration.ofSeconds(2), 64);

  private void confined(String what) throws IOException {
    documents.clear();
    refused.clear();
    Path file = Files.writeString(directory.resolve("a.hostile"), what);
    Records records =
        new Records() {
          @Override
          public void accept(long number, Fields fields) {}

          @Override
          public void document(long number, String part, String text, Map<String, String> fields) {
            documents.add(new Document(part, text, fields, 0, "", number));
          }

          @Override
          public void file(String path, CorpusFile.Content content) {}

          @Override
          public void refuse(long number, String id, ErrorCode code, String reason) {
            refused.add(new DeadLetter("a.hostile", number, id, code, reason));
          }

          @Override
          public void assume(String assumption) {}
        };
    SMALL.read(
        new HostileFormat(),
        new CorpusFile(
            "a.hostile", "x/hostile", () -> Files.newInputStream(file), Optional.of(file)),
        new Columns(Map.of(), Set.of()),
        records);
  }

  @Test
  void whatFillsTheHeapLoopsOrEndsCostsItsProcessOnly() throws IOException {
    confined("fill");
    assertRefused(ErrorCode.DOCUMENT_FAILED, "takes more memory than 64 MiB");
    confined("loop");
    assertRefused(ErrorCode.DOCUMENT_FAILED, "takes longer than 2 s");
    confined("exit");
    assertRefused(ErrorCode.DOCUMENT_FAILED, "its process ends with code 17");
    confined("nest");
    assertRefused(ErrorCode.DOCUMENT_FAILED, "StackOverflowError");
    confined("connect");
    assertRefused(ErrorCode.INPUT_MALFORMED, "no connections are opened");
    confined("damaged");
    assertRefused(ErrorCode.INPUT_MALFORMED, "damaged");
    confined("print");
    assertThat(refused).isEmpty();
    assertThat(documents).as("the next is read").extracting(Document::text).containsExactly("one");
  }

  @Test
  void aProcessKnowsNoKey() throws IOException {
    confined("environment");
    assertThat(documents.get(1).text().split(" "))
        .allMatch(name -> name.matches("CLASSPATH|LANG|LC_.*|TZ|PWD|SHLVL|_"));
  }
}
