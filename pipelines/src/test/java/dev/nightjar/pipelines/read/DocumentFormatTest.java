package dev.nightjar.pipelines.read;

import static org.assertj.core.api.Assertions.assertThat;

import com.jerolba.carpet.CarpetWriter;
import dev.nightjar.cachestore.DeadLetter;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.FileReading;
import dev.nightjar.pipelines.TestTasks;
import dev.nightjar.pipelines.model.Document;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.apache.pdfbox.pdmodel.PDPage;
import org.apache.pdfbox.pdmodel.PDPageContentStream;
import org.apache.pdfbox.pdmodel.font.PDType1Font;
import org.apache.pdfbox.pdmodel.font.Standard14Fonts;
import org.apache.poi.hssf.usermodel.HSSFWorkbook;
import org.apache.poi.ss.usermodel.CellStyle;
import org.apache.poi.ss.usermodel.Row;
import org.apache.poi.ss.usermodel.Sheet;
import org.apache.poi.ss.usermodel.Workbook;
import org.apache.poi.xslf.usermodel.XMLSlideShow;
import org.apache.poi.xssf.usermodel.XSSFWorkbook;
import org.apache.poi.xwpf.usermodel.XWPFDocument;
import org.junit.jupiter.api.Test;

/**
 * Each format, of files that are made here by another library than reads them where there is one.
 */
class DocumentFormatTest {
  private final List<Document> documents = new ArrayList<>();
  private final List<DeadLetter> refused = new ArrayList<>();

  private FileReading read(List<String> fields, String path, byte[] bytes) {
    documents.clear();
    refused.clear();
    String yaml =
        TestTasks.YAML
            .replace(
                "{{title}}: ", String.join(" ", fields.stream().map(f -> "{{" + f + "}}").toList()))
            .replace(
                "input:\n  fields: [title]\n",
                fields.isEmpty() ? "" : "input:\n  fields: " + fields + "\n");
    return new DocumentReader(TestTasks.of(yaml), documents::add, refused::add)
        .read("/srv/corpus/" + path, path, () -> new ByteArrayInputStream(bytes));
  }

  private Document one() {
    assertThat(refused).isEmpty();
    assertThat(documents).hasSize(1);
    return documents.get(0);
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private interface Writer {
    void write(ByteArrayOutputStream out) throws IOException;
  }

  static byte[] bytes(Writer writer) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    writer.write(out);
    return out.toByteArray();
  }

  static byte[] zip(Map<String, byte[]> files) throws IOException {
    return bytes(
        out -> {
          try (ZipOutputStream zip = new ZipOutputStream(out)) {
            for (String name : files.keySet().stream().sorted().toList()) {
              zip.putNextEntry(new ZipEntry(name));
              zip.write(files.get(name));
            }
          }
        });
  }

  static byte[] pdf(String title, String... pages) throws IOException {
    return bytes(
        out -> {
          try (PDDocument pdf = new PDDocument()) {
            pdf.getDocumentInformation().setTitle(title);
            pdf.getDocumentInformation().setAuthor("A. Author");
            for (String text : pages) {
              PDPage page = new PDPage();
              pdf.addPage(page);
              try (PDPageContentStream content = new PDPageContentStream(pdf, page)) {
                content.beginText();
                content.setFont(new PDType1Font(Standard14Fonts.FontName.HELVETICA), 12);
                content.newLineAtOffset(72, 700);
                content.showText(text);
                content.endText();
              }
            }
            pdf.save(out);
          }
        });
  }

  static byte[] docx(String text) throws IOException {
    return bytes(
        out -> {
          try (XWPFDocument word = new XWPFDocument()) {
            word.getProperties().getCoreProperties().setTitle("A letter");
            word.createParagraph().createRun().setText(text);
            word.createParagraph().createRun().setText("Second paragraph.");
            word.write(out);
          }
        });
  }

  @Test
  void aPdfIsOneDocumentWithItsMetadata() throws IOException {
    FileReading reading =
        read(
            List.of("title", "author", "pages", "folder", "file_name"),
            "2024/a.pdf",
            pdf("On owls", "First page.", "Second page."));
    assertThat(one().id()).isEqualTo("2024/a.pdf");
    assertThat(one().text()).containsSubsequence("First page.", "Second page.");
    assertThat(one().fields())
        .containsEntry("title", "On owls")
        .containsEntry("author", "A. Author")
        .containsEntry("pages", "2")
        .containsEntry("folder", "2024")
        .containsEntry("file_name", "a.pdf");
    assertThat(reading.format()).isEqualTo("PDF");
  }

  @Test
  void whatAFormatCanHaveAndAFileHasNotIsEmptyAndWhatItCannotHaveIsRefusedOnce()
      throws IOException {
    read(List.of("subject"), "a.pdf", pdf("t", "Text."));
    assertThat(one().fields()).containsEntry("subject", "");
    read(List.of("titel"), "a.pdf", pdf("t", "Text."));
    assertThat(documents).isEmpty();
    assertThat(refused)
        .singleElement()
        .satisfies(
            letter -> {
              assertThat(letter.code()).isEqualTo(ErrorCode.INPUT_FIELD_MISSING);
              assertThat(letter.reason())
                  .contains("[titel]", "application/pdf", "did you mean 'title'?");
            });
  }

  @Test
  void aPdfWithoutTextSaysWhatToDo() throws IOException {
    read(List.of(), "scan.pdf", pdf("t", "", ""));
    assertThat(refused)
        .singleElement()
        .satisfies(
            letter -> {
              assertThat(letter.code()).isEqualTo(ErrorCode.INPUT_EMPTY);
              assertThat(letter.reason()).contains("2 pages", "OCR");
            });
  }

  @Test
  void wordAndPowerPointAreRead() throws IOException {
    read(List.of("title"), "a.docx", docx("Dear Sir or Madam,"));
    assertThat(one().text()).containsSubsequence("Dear Sir or Madam,", "Second paragraph.");
    assertThat(one().fields()).containsEntry("title", "A letter");
    read(
        List.of(),
        "a.pptx",
        bytes(
            out -> {
              try (XMLSlideShow show = new XMLSlideShow()) {
                show.createSlide().createTextBox().setText("First slide");
                show.createSlide().createTextBox().setText("Second slide");
                show.write(out);
              }
            }));
    assertThat(one().text()).containsSubsequence("First slide", "Second slide");
    read(List.of(), "a.rtf", utf8("{\\rtf1\\ansi\\ansicpg1252 Gr\\'fc\\'dfe aus K\\'f6ln.\\par}"));
    assertThat(one().text()).isEqualTo("Grüße aus Köln.");
  }

  @Test
  void htmlIsReadAsItsTextAndMarkdownAsItStands() {
    read(
        List.of("title"),
        "a.html",
        utf8(
            "<!doctype html><html><head><title>On owls</title><style>p {color: red}</style>"
                + "<script>let x = 1;</script></head><body><h1>Owls</h1><p>They fly &amp; hoot.</p></body></html>"));
    assertThat(one().text()).matches("(?s)Owls\\s+They fly & hoot\\.");
    assertThat(one().fields()).containsEntry("title", "On owls");

    String markdown = "---\ntitle: \"On owls\"\ndate: 2026-11-28\n---\n# Owls\n\nThey *fly*.\n";
    read(List.of("title", "date", "author"), "a.md", utf8(markdown));
    assertThat(one().text()).isEqualTo(markdown);
    assertThat(one().fields())
        .isEqualTo(Map.of("title", "On owls", "date", "2026-11-28", "author", ""));
    read(List.of("title"), "b.md", utf8("# Owls #\n\nText.\n"));
    assertThat(one().fields()).containsEntry("title", "Owls");
  }

  @Test
  void anEpubIsReadInItsOrder() throws IOException {
    byte[] epub =
        zip(
            Map.of(
                "META-INF/container.xml",
                utf8(
                    "<container version='1.0' xmlns='urn:oasis:names:tc:opendocument:xmlns:container'><rootfiles>"
                        + "<rootfile full-path='book.opf' media-type='application/oebps-package+xml'/>"
                        + "</rootfiles></container>"),
                "book.opf",
                utf8(
                    "<package xmlns='http://www.idpf.org/2007/opf' version='3.0'>"
                        + "<metadata xmlns:dc='http://purl.org/dc/elements/1.1/'><dc:title>Owls</dc:title></metadata>"
                        + "<manifest><item id='b' href='b.xhtml' media-type='application/xhtml+xml'/>"
                        + "<item id='a' href='a.xhtml' media-type='application/xhtml+xml'/></manifest>"
                        + "<spine><itemref idref='b'/><itemref idref='a'/></spine></package>"),
                "a.xhtml",
                utf8(
                    "<html xmlns='http://www.w3.org/1999/xhtml'><body><p>The end.</p></body></html>"),
                "b.xhtml",
                utf8(
                    "<html xmlns='http://www.w3.org/1999/xhtml'><body><p>The beginning.</p></body></html>")));
    read(List.of("title"), "a.epub", epub);
    assertThat(one().text()).containsSubsequence("The beginning.", "The end.");
    assertThat(one().fields()).containsEntry("title", "Owls");
  }

  private static final String MAIL =
      """
      From: =?UTF-8?Q?J=C3=BCrgen?= <j@example.org>
      To: shop@example.org
      Subject: =?UTF-8?B?R3LDvMOfZQ==?=
      Date: Sat, 28 Nov 2026 10:00:00 +0100
      Message-ID: <1@example.org>
      MIME-Version: 1.0
      Content-Type: multipart/mixed; boundary=b

      --b
      Content-Type: multipart/alternative; boundary=c

      --c
      Content-Type: text/plain; charset=iso-8859-1
      Content-Transfer-Encoding: quoted-printable

      Die T=FCr klemmt.
      --c
      Content-Type: text/html; charset=utf-8

      <p>Die Tür klemmt.</p>
      --c--
      --b
      Content-Type: image/png
      Content-Disposition: attachment; filename=door.png

      x
      --b--
      """;

  @Test
  void aMailIsItsPlainTextWithItsHeadersAsFields() {
    List<String> fields = List.of("subject", "from", "to", "date", "message_id", "attachments");
    read(fields, "a.eml", utf8(MAIL));
    assertThat(one().text()).isEqualTo("Die Tür klemmt.");
    assertThat(one().fields())
        .isEqualTo(
            Map.of(
                "subject", "Grüße",
                "from", "Jürgen <j@example.org>",
                "to", "shop@example.org",
                "date", "2026-11-28T09:00:00Z",
                "message_id", "1@example.org",
                "attachments", "door.png"));
    read(
        List.of(),
        "b.eml",
        utf8("From: a@example.org\nSubject: s\nContent-Type: text/html\n\n<p>One</p><p>Two</p>\n"));
    assertThat(one().text()).matches("(?s)One\\s+Two");
    read(
        List.of(),
        "cur/1234.host",
        utf8("Received: from x\nFrom: a@example.org\nSubject: s\n\nText.\n"));
    assertThat(one().text())
        .as("a message of a maildir, whose name says nothing")
        .isEqualTo("Text.");
  }

  @Test
  void aMailboxIsManyDocumentsCalledByTheirMessageIds() {
    String mailbox =
        "From a@example.org Sat Nov 28 10:00:00 2026\n"
            + MAIL
            + "\nFrom b@example.org Sat Nov 28 11:00:00 2026\nFrom: b@example.org\nSubject: t\n\n"
            + "Two\n\n>From here on it goes.\nFrom inside a paragraph.\n\n";
    FileReading reading = read(List.of("subject"), "in.mbox", utf8(mailbox));
    assertThat(refused).isEmpty();
    assertThat(documents)
        .extracting(Document::id)
        .containsExactly("in.mbox/1@example.org", "in.mbox/2");
    assertThat(documents.get(1).text())
        .isEqualTo("Two\n\nFrom here on it goes.\nFrom inside a paragraph.");
    assertThat(documents).extracting(Document::position).containsExactly(1L, 2L);
    assertThat(reading.documents()).isEqualTo(2);
  }

  private static byte[] book(Workbook book) throws IOException {
    return bytes(
        out -> {
          try (book) {
            CellStyle date = book.createCellStyle();
            date.setDataFormat(book.createDataFormat().getFormat("m/d/yy"));
            book.createSheet("Notes").createRow(0).createCell(0).setCellValue("Read me");
            Sheet sheet = book.createSheet("Tickets");
            Row header = sheet.createRow(2); // people leave some empty
            List<String> names = List.of("ID", "Title", "text", "opened", "price");
            for (int i = 0; i < names.size(); i++) {
              header.createCell(i).setCellValue(names.get(i));
            }
            for (int i = 0; i < 2; i++) {
              Row row = sheet.createRow(3 + i);
              row.createCell(0).setCellValue(123_456_789_012.0 + i);
              row.createCell(2).setCellValue("text " + i);
              row.createCell(3).setCellValue(LocalDate.of(2026, 11, 28));
              row.getCell(3).setCellStyle(date);
              row.createCell(4).setCellValue(0.1);
            }
            sheet.getRow(3).createCell(1).setCellFormula("\"a\"&\"b\"");
            book.getCreationHelper().createFormulaEvaluator().evaluateAll();
            book.write(out);
          }
        });
  }

  @Test
  void rowsOfSheetsAreRecordsUnderTheirColumns() throws IOException {
    Map<String, byte[]> files =
        Map.of("a.xlsx", book(new XSSFWorkbook()), "a.xls", book(new HSSFWorkbook()));
    files.forEach(
        (name, bytes) -> {
          FileReading reading = read(List.of("title", "opened", "price"), name, bytes);
          assertThat(refused).as(name).isEmpty();
          assertThat(documents)
              .extracting(Document::id)
              .containsExactly("123456789012", "123456789013");
          assertThat(documents).extracting(Document::text).containsExactly("text 0", "text 1");
          assertThat(documents.get(0).fields())
              .isEqualTo(Map.of("title", "ab", "opened", "2026-11-28", "price", "0.1"));
          assertThat(documents.get(1).fields()).containsEntry("title", "");
          assertThat(reading.header()).containsExactly("ID", "Title", "text", "opened", "price");
          assertThat(reading.assumptions())
              .contains(
                  "the sheet 'Notes' lacks columns and is passed over", "the column 'ID' is 'id'");
        });
    read(List.of("titel"), "a.xlsx", files.get("a.xlsx"));
    assertThat(documents).isEmpty();
    assertThat(refused).hasSize(1);
    assertThat(refused.get(0).code()).isEqualTo(ErrorCode.INPUT_FIELD_MISSING);
  }

  /** A row of a table. */
  public record Ticket(long id, String text, double price, LocalDate opened, List<String> tags) {}

  @Test
  void rowsOfParquetAreRecords() throws IOException {
    byte[] parquet =
        bytes(
            out -> {
              try (CarpetWriter<Ticket> writer =
                  new CarpetWriter.Builder<>(out, Ticket.class).build()) {
                writer.write(new Ticket(7, "Die Tür", 1.5, LocalDate.EPOCH, List.of("a")));
                writer.write(new Ticket(8, "klemmt", 2, LocalDate.EPOCH, List.of()));
              }
            });
    FileReading reading = read(List.of("opened"), "a.parquet", parquet);
    assertThat(refused).isEmpty();
    assertThat(documents).extracting(Document::id).containsExactly("7", "8");
    assertThat(documents).extracting(Document::text).containsExactly("Die Tür", "klemmt");
    assertThat(documents.get(0).fields()).containsEntry("opened", "1970-01-01");
    assertThat(reading.header()).containsExactly("id", "text", "price", "opened", "tags");
    read(List.of("tag"), "a.parquet", parquet);
    assertThat(refused)
        .singleElement()
        .extracting(DeadLetter::reason)
        .asString()
        .contains("did you mean 'tags'?");
  }

  @Test
  void filesInArchivesAreReadByTheirOwnFormats() throws IOException {
    byte[] inner = zip(Map.of("c.jsonl", utf8("{\"id\": \"x\", \"text\": \"three\"}")));
    byte[] zip =
        zip(
            Map.of(
                "a.txt",
                utf8("one"),
                "d/b.docx",
                docx("two"),
                "inner.zip",
                inner,
                ".DS_Store",
                new byte[] {0, 1},
                "__MACOSX/a.txt",
                utf8("no"),
                "z.png",
                new byte[] {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n', 0, 0, 0, 13}));
    FileReading reading = read(List.of(), "many.zip", zip);
    assertThat(documents)
        .extracting(Document::id)
        .containsExactly("many.zip/a.txt", "many.zip/d/b.docx", "x");
    assertThat(documents)
        .extracting(Document::sourceUri)
        .element(2)
        .isEqualTo("/srv/corpus/many.zip/inner.zip/c.jsonl");
    assertThat(refused)
        .singleElement()
        .satisfies(
            letter -> {
              assertThat(letter.sourceUri()).isEqualTo("/srv/corpus/many.zip/z.png");
              assertThat(letter.code()).isEqualTo(ErrorCode.INPUT_NOT_TEXT);
            });
    assertThat(reading.documents()).isEqualTo(3);
    assertThat(reading.refused()).isEqualTo(1);
  }

  @Test
  void bytesSayMoreThanNames() throws IOException {
    FileReading reading =
        read(List.of(), "page.pdf", utf8("<!DOCTYPE html><html><body>Not found</body></html>"));
    assertThat(one().text()).isEqualTo("Not found");
    assertThat(reading.assumptions())
        .containsExactly("its name says application/pdf, its first bytes text/html");
    read(List.of(), "download", pdf("t", "Text."));
    assertThat(one().text()).isEqualTo("Text.");
    read(List.of(), "letter.bin", docx("Dear Sir"));
    assertThat(one().text()).startsWith("Dear Sir");
    read(List.of(), "notes.txt", utf8("<html> is where a page begins"));
    assertThat(one().text()).as("text stays text").isEqualTo("<html> is where a page begins");
  }

  @Test
  void anotherFormatIsPluggedIn() {
    FileReading reading =
        read(
            List.of("title"),
            "a.ics",
            utf8("BEGIN:VCALENDAR\nSUMMARY:Dinner\nSUMMARY:Breakfast\n"));
    assertThat(documents)
        .extracting(Document::id)
        .containsExactly("a.ics/event-1", "a.ics/event-2");
    assertThat(documents.get(0).fields()).containsEntry("title", "Dinner");
    assertThat(reading.format()).isEqualTo("calendar");
    assertThat(
            new DocumentFormats(List.of(new PluggedInFormat()))
                .detect("a.pdf", new byte[0])
                .format())
        .as("only those that are given")
        .isEmpty();
  }

  @Test
  void jsonFieldsAreFoundWithoutCapitalsAndSuggested() {
    FileReading reading =
        read(
            List.of(),
            "a.jsonl",
            utf8("{\"ID\": 1, \"Text\": \"one\"}\n{\"ID\": 2, \"Text\": \"two\"}\n"));
    assertThat(documents).extracting(Document::text).containsExactly("one", "two");
    assertThat(reading.assumptions())
        .containsExactly("the field 'ID' is 'id'", "the field 'Text' is 'text'");
    read(List.of(), "a.jsonl", utf8("{\"id\": 1, \"txt\": \"one\"}"));
    assertThat(refused.get(0).reason()).contains("did you mean 'txt'?");
  }
}
