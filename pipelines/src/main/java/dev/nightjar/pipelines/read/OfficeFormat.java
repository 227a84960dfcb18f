package dev.nightjar.pipelines.read;

import dev.nightjar.cachestore.ErrorCode;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.apache.tika.exception.EncryptedDocumentException;
import org.apache.tika.exception.TikaException;
import org.apache.tika.exception.WriteLimitReachedException;
import org.apache.tika.exception.ZeroByteFileException;
import org.apache.tika.extractor.EmbeddedDocumentExtractor;
import org.apache.tika.io.TikaInputStream;
import org.apache.tika.metadata.DublinCore;
import org.apache.tika.metadata.Metadata;
import org.apache.tika.metadata.Office;
import org.apache.tika.metadata.PagedText;
import org.apache.tika.metadata.Property;
import org.apache.tika.metadata.TikaCoreProperties;
import org.apache.tika.parser.ParseContext;
import org.apache.tika.parser.Parser;
import org.apache.tika.parser.epub.EpubParser;
import org.apache.tika.parser.html.JSoupParser;
import org.apache.tika.parser.microsoft.OfficeParser;
import org.apache.tika.parser.microsoft.OfficeParserConfig;
import org.apache.tika.parser.microsoft.ooxml.OOXMLParser;
import org.apache.tika.parser.microsoft.rtf.RTFParser;
import org.apache.tika.parser.odf.OpenDocumentParser;
import org.apache.tika.parser.pdf.PDFParser;
import org.apache.tika.parser.pdf.PDFParserConfig;
import org.apache.tika.sax.BodyContentHandler;
import org.apache.tika.sax.SecureContentHandler;
import org.xml.sax.ContentHandler;
import org.xml.sax.SAXException;
import org.xml.sax.helpers.DefaultHandler;

/**
 * Files for reading, one document each, by Apache Tika: PDF, Word, PowerPoint, RTF, OpenDocument,
 * EPUB and HTML. What is embedded in them is not read, images are not recognised, and a header or
 * footer that stands on each page is left out of Word's.
 */
final class OfficeFormat implements DocumentFormat {
  private static final String OOXML = "application/vnd.openxmlformats-officedocument.";

  /** Each type with its name in words. */
  private static final Map<String, String> TYPES = types();

  private static final Set<String> FIELDS =
      Set.of("title", "author", "date", "modified", "subject", "keywords", "language", "pages");

  private static Map<String, String> types() {
    Map<String, String> types = new LinkedHashMap<>();
    types.put("application/pdf", "PDF");
    types.put(OOXML + "wordprocessingml.document", "Word");
    types.put(OOXML + "wordprocessingml.template", "Word");
    types.put("application/vnd.ms-word.document.macroenabled.12", "Word");
    types.put(OOXML + "presentationml.presentation", "PowerPoint");
    types.put(OOXML + "presentationml.slideshow", "PowerPoint");
    types.put("application/vnd.ms-powerpoint.presentation.macroenabled.12", "PowerPoint");
    types.put("application/x-tika-ooxml", "Office");
    types.put("application/msword", "Word 97");
    types.put("application/vnd.ms-powerpoint", "PowerPoint 97");
    types.put("application/vnd.ms-outlook", "Outlook message");
    types.put("application/x-tika-msoffice", "Office 97");
    types.put("application/rtf", "RTF");
    types.put("application/epub+zip", "EPUB");
    types.put("application/vnd.oasis.opendocument.text", "OpenDocument");
    types.put("application/vnd.oasis.opendocument.presentation", "OpenDocument");
    types.put("text/html", "HTML");
    types.put("application/xhtml+xml", "HTML");
    return types;
  }

  @Override
  public Set<String> mediaTypes() {
    return TYPES.keySet();
  }

  @Override
  public Optional<Set<String>> fields() {
    return Optional.of(FIELDS);
  }

  @Override
  public Written read(CorpusFile file, Columns columns, Records records) throws IOException {
    String type = DocumentFormats.nearest(file.mediaType(), TYPES.keySet());
    String written = TYPES.getOrDefault(type, "document");
    Metadata metadata = new Metadata();
    metadata.set(Metadata.CONTENT_TYPE, file.mediaType());
    StringBuilder text = new StringBuilder();
    try {
      file.onDisk(
          path -> {
            try (TikaInputStream in = TikaInputStream.get(path)) {
              SecureContentHandler secure =
                  new SecureContentHandler(new BodyContentHandler(new Text(text)), in);
              try {
                parser(type).parse(in, secure, metadata, context());
              } catch (SAXException e) {
                secure.throwIfCauseOf(e);
                throw e;
              }
              return text;
            } catch (SAXException | TikaException e) {
              throw new Failed(e);
            }
          });
    } catch (Failed e) {
      refuse(e.failure, written, records);
      return Written.as(written);
    }
    Map<String, String> fields = fields(metadata);
    if (DocumentReader.isBlank(text.toString()) && written.equals("PDF")) {
      records.refuse(
          0,
          "",
          ErrorCode.INPUT_EMPTY,
          "expected text, found none on "
              + fields.get("pages")
              + " pages; if they are scanned, run OCR on them first");
    } else {
      records.document(0, "", text.toString().strip(), fields);
    }
    return Written.as(written);
  }

  /** A parser's exception, through what throws I/O only. */
  private static final class Failed extends IOException {
    private static final long serialVersionUID = 1L;

    private final Exception failure;

    Failed(Exception failure) {
      super(failure);
      this.failure = failure;
    }
  }

  private static void refuse(Throwable failure, String written, Records records) {
    if (WriteLimitReachedException.isWriteLimitReached(failure)
        || isCausedBy(failure, TooLong.class)) {
      records.refuse(0, "", ErrorCode.INPUT_TOO_LARGE, DocumentReader.SIZE_EXPECTED);
    } else if (isCausedBy(failure, EncryptedDocumentException.class)
        || isCausedBy(failure, org.apache.poi.EncryptedDocumentException.class)) {
      records.refuse(0, "", ErrorCode.INPUT_ENCRYPTED, Encrypted.TOLD);
    } else if (isCausedBy(failure, ZeroByteFileException.class)) {
      records.refuse(
          0, "", ErrorCode.INPUT_EMPTY, "expected documents, found none: the file is empty");
    } else {
      boolean isBomb = String.valueOf(failure.getMessage()).contains("ip bomb");
      records.refuse(
          0,
          "",
          isBomb ? ErrorCode.INPUT_TOO_LARGE : ErrorCode.INPUT_MALFORMED,
          isBomb
              ? "it decompresses to far more than a document does"
              : "expected " + written + ", found damage: " + root(failure));
    }
  }

  private static boolean isCausedBy(Throwable failure, Class<? extends Throwable> type) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (type.isInstance(cause)) {
        return true;
      }
    }
    return false;
  }

  /** What lies deepest, in a line; messages of parsers quote offsets and names, not texts. */
  private static String root(Throwable failure) {
    Throwable cause = failure;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    String message = String.valueOf(cause.getMessage()).lines().findFirst().orElse("").strip();
    return cause.getClass().getSimpleName()
        + (message.isEmpty() || message.equals("null")
            ? ""
            : ", " + message.substring(0, Math.min(200, message.length())));
  }

  private static Parser parser(String type) {
    return switch (TYPES.getOrDefault(type, "")) {
      case "PDF" -> new PDFParser();
      case "RTF" -> new RTFParser();
      case "EPUB" -> new EpubParser();
      case "OpenDocument" -> new OpenDocumentParser();
      case "HTML" -> new JSoupParser();
      case "Word", "PowerPoint", "Office" -> new OOXMLParser();
      default -> new OfficeParser();
    };
  }

  private static ParseContext context() {
    ParseContext context = new ParseContext();
    PDFParserConfig pdf = new PDFParserConfig();
    pdf.setOcrStrategy(PDFParserConfig.OCR_STRATEGY.NO_OCR);
    pdf.setExtractInlineImages(false);
    pdf.setExtractBookmarksText(false);
    pdf.setMaxMainMemoryBytes(64L << 20);
    context.set(PDFParserConfig.class, pdf);
    OfficeParserConfig office = new OfficeParserConfig();
    office.setUseSAXDocxExtractor(true);
    office.setUseSAXPptxExtractor(true);
    office.setIncludeHeadersAndFooters(false);
    office.setIncludeDeletedContent(false);
    office.setIncludeMoveFromContent(false);
    office.setExtractMacros(false);
    context.set(OfficeParserConfig.class, office);
    context.set(EmbeddedDocumentExtractor.class, new NothingEmbedded());
    return context;
  }

  /** Reads nothing of what is embedded. */
  private static final class NothingEmbedded implements EmbeddedDocumentExtractor {
    @Override
    public boolean shouldParseEmbedded(Metadata metadata) {
      return false;
    }

    @Override
    public void parseEmbedded(
        java.io.InputStream stream,
        ContentHandler handler,
        Metadata metadata,
        boolean outputHtml) {}
  }

  private static Map<String, String> fields(Metadata metadata) {
    Map<String, String> fields = new TreeMap<>();
    put(fields, "title", metadata, TikaCoreProperties.TITLE);
    put(fields, "author", metadata, TikaCoreProperties.CREATOR);
    put(fields, "date", metadata, TikaCoreProperties.CREATED);
    put(fields, "modified", metadata, TikaCoreProperties.MODIFIED);
    put(fields, "subject", metadata, DublinCore.SUBJECT);
    put(fields, "keywords", metadata, Office.KEYWORDS);
    put(fields, "language", metadata, TikaCoreProperties.LANGUAGE);
    put(fields, "pages", metadata, PagedText.N_PAGES);
    put(fields, "pages", metadata, Office.SLIDE_COUNT);
    put(fields, "pages", metadata, Office.PAGE_COUNT);
    return fields;
  }

  private static void put(
      Map<String, String> fields, String name, Metadata metadata, Property property) {
    String[] values = metadata.getValues(property);
    String value = values == null ? "" : String.join("; ", values).strip();
    if (!value.isEmpty()) {
      fields.putIfAbsent(name, value);
    }
  }

  /** A document is longer than it may be. */
  private static final class TooLong extends SAXException {
    private static final long serialVersionUID = 1L;
  }

  /** Keeps characters, as many as a document may have. */
  private static final class Text extends DefaultHandler {
    private final StringBuilder text;

    Text(StringBuilder text) {
      this.text = text;
    }

    @Override
    public void characters(char[] characters, int from, int length) throws SAXException {
      if (text.length() + length > DocumentReader.DOCUMENT_CHARS_MAX) {
        throw new TooLong();
      }
      text.append(characters, from, length);
    }

    @Override
    public void ignorableWhitespace(char[] characters, int from, int length) throws SAXException {
      characters(characters, from, length);
    }
  }
}
