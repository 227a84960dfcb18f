package dev.nightjar.pipelines.read;

import dev.nightjar.cachestore.DeadLetter;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.FileReading;
import dev.nightjar.pipelines.model.Document;
import dev.nightjar.pipelines.model.Suggestion;
import dev.nightjar.pipelines.model.Watchdog;
import dev.nightjar.pipelines.task.TaskSpec;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Cuts files into documents. Whatever is not one becomes a dead letter, and reading goes on behind
 * it where it can be told what follows. Characters are read as {@link TextReader} says. Used by one
 * thread.
 */
public final class DocumentReader {
  /** The largest document that is read, in characters. */
  static final int DOCUMENT_CHARS_MAX = 16 << 20;

  static final String SIZE_EXPECTED = "expected at most " + DOCUMENT_CHARS_MAX + " characters";

  /** Ids are keys, of which PostgreSQL's indexes hold 2,700 bytes. */
  static final int ID_BYTES_MAX = 1_000;

  private static final String UNREAD = "; what follows is unread";
  private static final int ID_CHARS_SHOWN = 100;
  private static final int ASSUMPTIONS_MAX = 20;

  /**
   * Shows nothing: blanks of all kinds, controls, formats (zero-width ones among them), and what
   * Unicode calls ignorable though it is a letter or a mark.
   */
  private static final Pattern SHOWS_NOTHING =
      Pattern.compile(
          "[\\p{Z}\\s\\p{Cc}\\p{Cf}\\u034F\\u115F\\u1160\\u17B4\\u17B5\\u180B-\\u180F\\u2800\\u3164\\uFE00-\\uFE0F\\uFFA0\\x{E0100}-\\x{E01EF}]*+");

  /** The fields that every file's document has, whatever its format. */
  public static final Set<String> FILE_FIELDS = Set.of("path", "file_name", "folder", "media_type");

  /** Archives inside archives: what people pack twice, not what is packed to be a trap. */
  private static final int LEVELS_MAX = 3;

  private final TaskSpec task;
  private final RecordReader reader;
  private final DocumentFormats formats;
  private final Consumer<Document> documents;
  private final Consumer<DeadLetter> deadLetters;

  public DocumentReader(
      TaskSpec task, Consumer<Document> documents, Consumer<DeadLetter> deadLetters) {
    this(task, DocumentFormats.installed(), documents, deadLetters);
  }

  /** Uses other formats than those that are installed. */
  DocumentReader(
      TaskSpec task,
      DocumentFormats formats,
      Consumer<Document> documents,
      Consumer<DeadLetter> deadLetters) {
    this.task = task;
    this.reader = new RecordReader(task);
    this.formats = formats;
    this.documents = passed(documents);
    this.deadLetters = passed(deadLetters);
  }

  /** A failure of who takes a document, which is none of its file's. */
  private static final class Downstream extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final RuntimeException failure;

    Downstream(RuntimeException failure) {
      super(failure);
      this.failure = failure;
    }
  }

  private static <T> Consumer<T> passed(Consumer<T> consumer) {
    return value -> {
      try {
        consumer.accept(value);
      } catch (RuntimeException e) {
        throw new Downstream(e);
      }
    };
  }

  /** Reads a file whose path is where it is. */
  FileReading read(String uri, CorpusFile.Content content) {
    return read(uri, uri, content);
  }

  /**
   * Reads a file to its end.
   *
   * @param uri where it is; recorded with every document
   * @param path below the corpus's root; the id of what has no other
   * @param content opens its bytes, as they are
   * @return how it was read
   */
  public FileReading read(String uri, String path, CorpusFile.Content content) {
    FileRecords records = new FileRecords(uri, path, 0);
    Written written = records.readFile(content);
    List<String> assumptions = new ArrayList<>(records.assumptions);
    if (records.furtherAssumptions > 0) {
      assumptions.add("and " + records.furtherAssumptions + " more like these");
    }
    return new FileReading(
        uri,
        storable(written.format()),
        written.encoding(),
        written.separator(),
        written.header().stream().map(DocumentReader::storable).toList(),
        assumptions.stream().map(DocumentReader::storable).toList(),
        records.accepted,
        records.refused);
  }

  private Columns columns() {
    Map<String, String> needed = new LinkedHashMap<>();
    task.fields().forEach(field -> needed.put(field, "which the task reads"));
    needed.put(task.textField(), "the text");
    needed.put(task.idField(), "the id");
    String priority = task.priorityField();
    return new Columns(needed, priority == null ? Set.of() : Set.of(priority));
  }

  static String idExpected(String what) {
    return "expected a " + what + " of at most " + ID_BYTES_MAX + " bytes";
  }

  static boolean isTooLong(String id) {
    return id.getBytes(StandardCharsets.UTF_8).length > ID_BYTES_MAX;
  }

  /** What one file comes to. */
  private final class FileRecords implements Records {
    private final String uri;
    private final String path;
    private final int level;
    private final List<String> assumptions = new ArrayList<>();
    private String mediaType = "";
    private long furtherAssumptions;
    private long accepted;
    private long refused;
    private long last;

    FileRecords(String uri, String path, int level) {
      this.uri = uri;
      this.path = path;
      this.level = level;
    }

    Written readFile(CorpusFile.Content content) {
      try (InputStream raw = content.open()) {
        Decompression.Opened opened = Decompression.of(path, raw);
        Written written = readBytes(opened);
        if (isEmpty()) {
          refuse(0, "", ErrorCode.INPUT_EMPTY, "expected documents, found none: the file is empty");
        }
        return written;
      } catch (Downstream e) {
        throw e.failure;
      } catch (Encrypted e) {
        refuse(0, "", ErrorCode.INPUT_ENCRYPTED, Encrypted.TOLD);
      } catch (CorpusFile.TooLarge e) {
        refuse(
            0,
            "",
            ErrorCode.INPUT_TOO_LARGE,
            "expected a file of at most " + (CorpusFile.WHOLE_BYTES_MAX >> 20) + " MiB");
      } catch (Decompression.Bomb e) {
        refuse(last + 1, "", ErrorCode.INPUT_TOO_LARGE, e.getMessage() + UNREAD);
      } catch (RuntimeException | StackOverflowError e) {
        refuse(
            last + 1, "", ErrorCode.DOCUMENT_FAILED, "to read it " + Watchdog.reason(e) + UNREAD);
      } catch (IOException e) {
        refuse(
            last + 1,
            "",
            ErrorCode.INPUT_UNREADABLE,
            "cannot be read to its end: "
                + String.valueOf(e.getMessage()).lines().findFirst().orElse("")
                + UNREAD);
      }
      return Written.as(mediaType.isEmpty() ? "unknown" : mediaType);
    }

    private Written readBytes(Decompression.Opened opened) throws IOException {
      if (Decompression.isNamed(path) && !opened.isCompressed()) {
        assume("its name says that it is compressed, its bytes do not");
      }
      String name = Decompression.name(path);
      BufferedInputStream bytes = new BufferedInputStream(opened.in(), 1 << 16);
      bytes.mark(DocumentFormats.HEAD_BYTES);
      byte[] head = bytes.readNBytes(DocumentFormats.HEAD_BYTES);
      bytes.reset();
      if (head.length == 0) {
        return Written.as("empty");
      }
      DocumentFormats.Detected detected = formats.detect(name, head);
      mediaType = detected.mediaType();
      if (!detected.assumption().isEmpty()) {
        assume(detected.assumption());
      }
      if (detected.format().isEmpty()) {
        refuse(
            0,
            "",
            ErrorCode.INPUT_NOT_TEXT,
            "expected text, found "
                + mediaType
                + ", which is not read: unpack or convert it, or leave it out of the pattern");
        return Written.as(mediaType);
      }
      DocumentFormat format = detected.format().get();
      Optional<Path> local =
          level == 0
                  && !opened.isCompressed()
                  && uri.startsWith("/")
                  && Files.isRegularFile(Path.of(uri))
              ? Optional.of(Path.of(uri))
              : Optional.empty();
      CorpusFile file = new CorpusFile(name, mediaType, () -> bytes, local);
      if (refusesFor(format)) {
        return Written.as(mediaType);
      }
      return format.isConfined()
          ? ConfinedReader.shared().read(format, file, columns(), this)
          : format.read(file, columns(), this);
    }

    /** Refuses the file if the task reads a field that no file of its format has. */
    private boolean refusesFor(DocumentFormat format) {
      Set<String> known = new TreeSet<>(format.fields().orElse(Set.of()));
      known.addAll(FILE_FIELDS);
      List<String> unknown =
          task.fields().stream().filter(field -> !known.contains(field)).toList();
      if (format.fields().isEmpty() || unknown.isEmpty()) {
        return false;
      }
      refuse(
          0,
          "",
          ErrorCode.INPUT_FIELD_MISSING,
          "the task reads the fields "
              + unknown
              + ", which "
              + mediaType
              + " does not have; it has "
              + known
              + Suggestion.among(unknown.get(0), known));
      return true;
    }

    @Override
    public void file(String inside, CorpusFile.Content content) {
      String innerPath = path + "/" + inside;
      FileRecords inner = new FileRecords(uri + "/" + inside, innerPath, level + 1);
      if (level == LEVELS_MAX) {
        inner.refuse(
            0,
            "",
            ErrorCode.INPUT_TOO_LARGE,
            "expected archives inside one another up to " + LEVELS_MAX + " levels");
      } else {
        inner.readFile(content);
      }
      accepted += inner.accepted;
      refused += inner.refused;
      inner.assumptions.forEach(assumption -> assume(inside + ": " + assumption));
      furtherAssumptions += inner.furtherAssumptions;
    }

    @Override
    public void document(long number, String part, String text, Map<String, String> metadata) {
      last = Math.max(last, number);
      String id = storable(part.isEmpty() ? path : path + "/" + part);
      if (text.length() > DOCUMENT_CHARS_MAX) {
        refuse(number, id, ErrorCode.INPUT_TOO_LARGE, SIZE_EXPECTED);
      } else if (isBlank(storable(text))) {
        refuse(number, "", ErrorCode.INPUT_EMPTY, "expected text, found none");
      } else if (isTooLong(id)) {
        refuse(number, "", ErrorCode.INPUT_ID_TOO_LONG, idExpected("path, which is its id,"));
      } else {
        Map<String, String> values = new HashMap<>(metadata);
        values.put("path", path);
        values.put("file_name", path.substring(path.lastIndexOf('/') + 1));
        values.put("folder", path.substring(0, Math.max(0, path.lastIndexOf('/'))));
        values.put("media_type", mediaType);
        Map<String, String> fields = new HashMap<>();
        // What a file of this format can have and this one has not, is empty.
        task.fields().forEach(name -> fields.put(name, cleaned(values.get(name))));
        accepted++;
        documents.accept(new Document(id, storable(text), fields, 0, uri, number));
      }
    }

    boolean isEmpty() {
      return accepted == 0 && refused == 0;
    }

    @Override
    public void assume(String assumption) {
      if (assumptions.size() < ASSUMPTIONS_MAX) {
        assumptions.add(assumption);
      } else {
        furtherAssumptions++;
      }
    }

    @Override
    public void refuse(long number, String id, ErrorCode code, String reason) {
      refused++;
      last = Math.max(last, number);
      String shown = id.length() > ID_CHARS_SHOWN ? id.substring(0, ID_CHARS_SHOWN) + "..." : id;
      deadLetters.accept(new DeadLetter(uri, number, storable(shown), code, storable(reason)));
    }

    @Override
    public void accept(long number, Fields record) {
      last = Math.max(last, number);
      RecordReader.Read read =
          Watchdog.contained(
              () -> reader.read(uri, number, record),
              reason ->
                  RecordReader.Read.none("", ErrorCode.DOCUMENT_FAILED, "to read it " + reason));
      if (read.document() != null) {
        accepted++;
        documents.accept(read.document());
      } else {
        refuse(number, read.id(), Objects.requireNonNull(read.code()), read.reason());
      }
    }
  }

  static String cleaned(@Nullable String value) {
    return value == null ? "" : storable(value);
  }

  /** Whether a text shows nothing to who reads it. */
  static boolean isBlank(String text) {
    return SHOWS_NOTHING.matcher(text).matches();
  }

  /** Whether characters are text without a NUL, which is in none. */
  static boolean isText(String text) {
    return text.indexOf('\u0000') < 0 && isMostlyText(text);
  }

  /** Whether characters are text: binary formats have a control character every few bytes. */
  static boolean isMostlyText(String text) {
    // A stray one happens in mail.
    long controls =
        text.chars()
            .filter(c -> c < ' ' && c != '\n' && c != '\r' && c != '\t' && c != '\f' && c != 27)
            .count();
    return controls * 20 <= text.length();
  }

  /**
   * The text as PostgreSQL and the providers can hold it: JSON can escape a NUL or half a surrogate
   * pair, which UTF-8 text cannot contain. NULs are dropped, halves become U+FFFD.
   */
  static String storable(String text) {
    StringBuilder clean = null;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean pair =
          Character.isHighSurrogate(c)
              && i + 1 < text.length()
              && Character.isLowSurrogate(text.charAt(i + 1));
      if (clean == null && (c == 0 || (Character.isSurrogate(c) && !pair))) {
        clean = new StringBuilder(text.length()).append(text, 0, i);
      }
      if (pair) {
        if (clean != null) {
          clean.append(c).append(text.charAt(i + 1));
        }
        i++;
      } else if (clean != null && c != 0) {
        clean.append(Character.isSurrogate(c) ? '\uFFFD' : c);
      }
    }
    return clean == null ? text : clean.toString();
  }
}
