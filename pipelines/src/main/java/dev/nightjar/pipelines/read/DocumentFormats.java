package dev.nightjar.pipelines.read;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.Set;
import org.apache.tika.metadata.Metadata;
import org.apache.tika.metadata.TikaCoreProperties;
import org.apache.tika.mime.MediaType;
import org.apache.tika.mime.MediaTypeRegistry;
import org.apache.tika.mime.MimeTypes;
import org.jspecify.annotations.Nullable;

/**
 * The formats that files are read by. What a file is, its first bytes say if it is binary, else its
 * name. Thread-safe.
 */
public final class DocumentFormats {
  /** So much of a file is looked at. */
  static final int HEAD_BYTES = 1 << 16;

  /** Tika's tables: a second of processor time that a corpus of JSONL or CSV does not need. */
  private static final class Tables {
    static final MimeTypes TYPES = MimeTypes.getDefaultMimeTypes();
    static final MediaTypeRegistry KINDS = TYPES.getMediaTypeRegistry();
  }

  /** By their endings alone, whatever their first bytes look like. */
  private static final Map<String, String> NAMED =
      Map.of(
          "jsonl", "application/x-ndjson",
          "ndjson", "application/x-ndjson",
          "json", "application/json",
          "csv", "text/csv",
          "tsv", "text/tab-separated-values",
          "tab", "text/tab-separated-values",
          "parquet", "application/x-parquet",
          "mbox", "application/mbox");

  private static final DocumentFormats INSTALLED = new DocumentFormats(found());

  private final Map<String, DocumentFormat> byType = new LinkedHashMap<>();

  /**
   * Uses only these.
   *
   * @param formats of two for one media type the first is used
   */
  public DocumentFormats(List<DocumentFormat> formats) {
    for (DocumentFormat format : formats) {
      format.mediaTypes().forEach(type -> byType.putIfAbsent(type, format));
    }
  }

  /** Those that come with this package, and before them those on the class path. */
  public static DocumentFormats installed() {
    return INSTALLED;
  }

  private static List<DocumentFormat> found() {
    List<DocumentFormat> formats = new ArrayList<>();
    ServiceLoader.load(DocumentFormat.class, DocumentFormat.class.getClassLoader())
        .forEach(formats::add);
    formats.addAll(
        List.of(
            new JsonFormat(),
            new CsvFormat(),
            new TextFormat(false),
            new TextFormat(true),
            new ArchiveFormat(),
            new MailFormat(),
            new SheetFormat(),
            new ParquetFormat(),
            new OfficeFormat()));
    return formats;
  }

  /**
   * What a file is taken for.
   *
   * @param mediaType of its bytes, as far as they and its name say
   * @param format that reads it; empty if none does
   * @param assumption if its name says something else, in words; else empty
   */
  record Detected(String mediaType, Optional<DocumentFormat> format, String assumption) {}

  /**
   * Says what a file is.
   *
   * @param name without endings of compressed files
   * @param head its first bytes
   */
  Detected detect(String name, byte[] head) {
    String ending = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
    String byEnding = NAMED.get(ending);
    if (byEnding != null && byType.containsKey(byEnding) && startsAsRecords(head)) {
      return new Detected(byEnding, Optional.of(byType.get(byEnding)), "");
    }
    MediaType content = detected(head, null);
    if (byEnding != null && !isBinary(content)) {
      return found(MediaType.parse(byEnding), "");
    }
    MediaType named = detected(new byte[0], name);
    if (format(named).isEmpty() && !isBinary(content)) {
      named = MediaType.OCTET_STREAM; // endings have many meanings: '.org', '.ts'
    }
    boolean isNamed = !named.equals(MediaType.OCTET_STREAM);
    if (isBinary(content)) {
      boolean isKind = Tables.KINDS.isInstanceOf(named, content) || isAlike(named, content);
      return isKind || !isNamed
          ? found(isNamed ? named : content, "")
          : found(content, disagreement(named, content));
    }
    if (!isNamed) {
      return found(content.equals(MediaType.OCTET_STREAM) ? MediaType.TEXT_PLAIN : content, "");
    }
    // A page that says why there is no download, or plain text, under a binary file's name.
    boolean isPage =
        content.equals(MediaType.TEXT_HTML) || content.getSubtype().equals("xhtml+xml");
    if (isBinary(named) && head.length > 0 && (isPage || looksLikeText(head))) {
      MediaType read = isPage ? content : MediaType.TEXT_PLAIN;
      return found(read, disagreement(named, read));
    }
    return found(named, "");
  }

  /** Whether it can be nothing but text: no binary format starts so and goes on in text. */
  private static boolean startsAsRecords(byte[] head) {
    if (head.length == 0 || head[0] == '{' && head.length > 1 && head[1] == '\\') { // RTF
      return false;
    }
    char first = (char) (head[0] & 0xff);
    boolean isStart = first == '{' || first == '[' || first == '"';
    return (isStart || first < 128 && Character.isLetterOrDigit(first)) && looksLikeText(head);
  }

  private static boolean looksLikeText(byte[] head) {
    return DocumentReader.isText(new String(head, StandardCharsets.UTF_8));
  }

  private static boolean isBinary(MediaType type) {
    return !type.equals(MediaType.OCTET_STREAM) && !isText(type);
  }

  private static boolean isText(MediaType type) {
    return Tables.KINDS.isInstanceOf(type, MediaType.TEXT_PLAIN)
            && !type.getSubtype().equals("rtf") // which Tika counts as text
        || type.getType().equals("text")
        || type.getSubtype().endsWith("json");
  }

  /** Two formats whose containers are one: packages of Office and others are zip files. */
  private static boolean isAlike(MediaType named, MediaType content) {
    return content.getSubtype().equals("x-tika-ooxml")
            && Tables.KINDS.isInstanceOf(named, MediaType.APPLICATION_ZIP)
        || content.equals(MediaType.APPLICATION_ZIP)
            && Tables.KINDS.isInstanceOf(named, MediaType.APPLICATION_ZIP);
  }

  private static String disagreement(MediaType named, MediaType content) {
    return "its name says " + named + ", its first bytes " + content;
  }

  private Detected found(MediaType type, String assumption) {
    return new Detected(type.toString(), format(type), assumption);
  }

  /** The nearest of some types that a type is a kind of; itself if it is none. */
  static String nearest(String type, Set<String> types) {
    for (MediaType kind = MediaType.parse(type);
        kind != null;
        kind = Tables.KINDS.getSupertype(kind)) {
      if (types.contains(kind.toString())) {
        return kind.toString();
      }
    }
    return type;
  }

  /** The format of a type, or of the nearest that it is a kind of. */
  private Optional<DocumentFormat> format(MediaType type) {
    for (MediaType kind = type; kind != null; kind = Tables.KINDS.getSupertype(kind)) {
      DocumentFormat format = byType.get(kind.toString());
      if (format != null && !(kind != type && format instanceof JsonFormat)) {
        return Optional.of(format);
      }
    }
    return isText(type) ? Optional.ofNullable(byType.get("text/plain")) : Optional.empty();
  }

  private static MediaType detected(byte[] head, @Nullable String name) {
    Metadata metadata = new Metadata();
    if (name != null) {
      metadata.set(TikaCoreProperties.RESOURCE_NAME_KEY, name);
    }
    try {
      return Tables.TYPES.detect(new ByteArrayInputStream(head), metadata).getBaseType();
    } catch (IOException e) {
      throw new UncheckedIOException(e); // of an array
    }
  }
}
