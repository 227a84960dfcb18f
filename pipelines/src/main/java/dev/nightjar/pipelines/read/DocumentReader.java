package dev.nightjar.pipelines.read;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import de.siegmar.fastcsv.reader.CsvParseException;
import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.NamedCsvRecord;
import dev.nightjar.cachestore.DeadLetter;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.pipelines.model.Document;
import dev.nightjar.pipelines.task.TaskSpec;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Cuts one file into documents. Whatever is not one becomes a dead letter, and reading goes on
 * behind it.
 *
 * <p>Text is UTF-8. Bytes that are not are read as windows-1252, as browsers do, if they hold no
 * control characters that text never has; else the file or line is refused as binary. Stateless and
 * thread-safe.
 */
public final class DocumentReader {
  /** The largest document that is read, in bytes. */
  static final int DOCUMENT_BYTES_MAX = 16 << 20;

  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
  private static final Charset FALLBACK = Charset.forName("windows-1252");

  private final TaskSpec task;
  private final Consumer<Document> documents;
  private final Consumer<DeadLetter> deadLetters;

  public DocumentReader(
      TaskSpec task, Consumer<Document> documents, Consumer<DeadLetter> deadLetters) {
    this.task = task;
    this.documents = documents;
    this.deadLetters = deadLetters;
  }

  /**
   * Reads a file to its end.
   *
   * @param uri where it is; recorded with every document
   * @param bytes its content, decompressed
   * @throws IOException if it cannot be read to its end
   */
  public void read(String uri, InputStream bytes) throws IOException {
    switch (CorpusFormat.of(uri)) {
      case JSON_LINES -> readJsonLines(uri, new BufferedInputStream(bytes, 1 << 16));
      case CSV -> readCsv(uri, bytes);
      case TEXT -> readText(uri, bytes);
    }
  }

  private void readText(String uri, InputStream bytes) throws IOException {
    byte[] content = bytes.readNBytes(DOCUMENT_BYTES_MAX + 1);
    if (content.length > DOCUMENT_BYTES_MAX) {
      refuse(
          uri,
          0,
          "",
          ErrorCode.INPUT_TOO_LARGE,
          "expected at most " + DOCUMENT_BYTES_MAX + " bytes");
      return;
    }
    String text = decode(content);
    if (text == null) {
      refuse(uri, 0, "", ErrorCode.INPUT_NOT_TEXT, "expected text, found binary data");
    } else if (text.isBlank()) {
      refuse(uri, 0, "", ErrorCode.INPUT_EMPTY, "expected text, found an empty file");
    } else if (!task.fields().isEmpty()) {
      refuse(
          uri,
          0,
          "",
          ErrorCode.INPUT_FIELD_MISSING,
          "the task reads the fields " + task.fields() + ", which a plain text file does not have");
    } else {
      documents.accept(new Document(uri, storable(text), Map.of(), 0, uri, 0));
    }
  }

  private void readJsonLines(String uri, InputStream bytes) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    long number = 0;
    boolean tooLong = false;
    for (int b = bytes.read(); ; b = bytes.read()) {
      if (b != '\n' && b >= 0) {
        if (line.size() < DOCUMENT_BYTES_MAX) {
          line.write(b);
        } else {
          tooLong = true; // skipped to its end, so that the next line is read
        }
        continue;
      }
      if (b < 0 && line.size() == 0) {
        break;
      }
      number++;
      if (tooLong) {
        refuse(
            uri,
            number,
            "",
            ErrorCode.INPUT_TOO_LARGE,
            "expected at most " + DOCUMENT_BYTES_MAX + " bytes");
      } else {
        readJsonLine(uri, number, line.toByteArray());
      }
      line.reset();
      tooLong = false;
      if (b < 0) {
        break;
      }
    }
    if (number == 0) {
      refuse(uri, 0, "", ErrorCode.INPUT_EMPTY, "expected JSON lines, found an empty file");
    }
  }

  private void readJsonLine(String uri, long number, byte[] bytes) {
    String line = decode(bytes);
    if (line == null) {
      refuse(
          uri, number, "", ErrorCode.INPUT_NOT_TEXT, "expected a JSON object, found binary data");
      return;
    }
    if (line.isBlank()) {
      return;
    }
    JsonNode record;
    try {
      record = JSON.readTree(line);
    } catch (JsonProcessingException e) {
      refuse(
          uri,
          number,
          "",
          ErrorCode.INPUT_MALFORMED,
          "expected a JSON object, found an error at column "
              + (e.getLocation() == null ? 0 : e.getLocation().getColumnNr()));
      return;
    }
    if (!record.isObject()) {
      refuse(
          uri,
          number,
          "",
          ErrorCode.INPUT_MALFORMED,
          "expected a JSON object, found " + record.getNodeType());
      return;
    }
    accept(
        uri,
        number,
        name -> {
          JsonNode value = record.path(name);
          return value.isValueNode() && !value.isNull() ? value.asText() : null;
        });
  }

  private void readCsv(String uri, InputStream bytes) throws IOException {
    try (CsvReader<NamedCsvRecord> csv =
        CsvReader.builder()
            .maxBufferSize(DOCUMENT_BYTES_MAX)
            .ofNamedCsvRecord(new InputStreamReader(bytes, StandardCharsets.UTF_8))) {
      long number = 0;
      Iterator<NamedCsvRecord> records = csv.iterator();
      while (records.hasNext()) {
        NamedCsvRecord record = records.next();
        number++;
        accept(uri, number, name -> record.findField(name).orElse(null));
      }
      if (number == 0) {
        refuse(uri, 0, "", ErrorCode.INPUT_EMPTY, "expected a header and records, found none");
      }
    } catch (CsvParseException | java.io.UncheckedIOException e) {
      // Behind an unbalanced quote nothing can be told apart any more.
      refuse(
          uri,
          0,
          "",
          ErrorCode.INPUT_MALFORMED,
          "expected CSV: " + String.valueOf(e.getMessage()).lines().findFirst().orElse(""));
    }
  }

  private interface Fields {
    @org.jspecify.annotations.Nullable
    String get(String name);
  }

  private void accept(String uri, long number, Fields record) {
    String id = record.get(task.idField());
    String text = record.get(task.textField());
    if (id == null || id.isBlank()) {
      refuse(
          uri,
          number,
          "",
          ErrorCode.INPUT_FIELD_MISSING,
          "expected the field '" + task.idField() + "' (the id)");
      return;
    }
    if (text == null) {
      refuse(
          uri,
          number,
          id,
          ErrorCode.INPUT_FIELD_MISSING,
          "expected the field '" + task.textField() + "' (the text)");
      return;
    }
    if (text.isBlank()) {
      refuse(
          uri,
          number,
          id,
          ErrorCode.INPUT_EMPTY,
          "expected text in the field '" + task.textField() + "'");
      return;
    }
    Map<String, String> fields = new HashMap<>();
    for (String name : task.fields()) {
      String value = record.get(name);
      if (value == null) {
        refuse(
            uri,
            number,
            id,
            ErrorCode.INPUT_FIELD_MISSING,
            "expected the field '" + name + "', which the task reads");
        return;
      }
      fields.put(name, storable(value));
    }
    double priority = 0;
    String priorityField = task.priorityField();
    if (priorityField != null) {
      String value = record.get(priorityField);
      try {
        priority = value == null || value.isBlank() ? 0 : Double.parseDouble(value);
      } catch (NumberFormatException e) {
        priority = Double.NaN;
      }
      if (!Double.isFinite(priority)) {
        refuse(
            uri,
            number,
            id,
            ErrorCode.INPUT_MALFORMED,
            "expected a number in the field '" + priorityField + "' (the priority)");
        return;
      }
    }
    documents.accept(new Document(storable(id), storable(text), fields, priority, uri, number));
  }

  private void refuse(String uri, long position, String id, ErrorCode code, String reason) {
    deadLetters.accept(new DeadLetter(uri, position, storable(id), code, reason));
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

  /** The text, or null if the bytes are not text. */
  static @org.jspecify.annotations.Nullable String decode(byte[] bytes) {
    CharBuffer characters;
    try {
      characters =
          StandardCharsets.UTF_8
              .newDecoder()
              .onMalformedInput(CodingErrorAction.REPORT)
              .onUnmappableCharacter(CodingErrorAction.REPORT)
              .decode(ByteBuffer.wrap(bytes));
    } catch (CharacterCodingException e) {
      characters = FALLBACK.decode(ByteBuffer.wrap(bytes));
    }
    String text = characters.toString();
    long controls =
        text.chars()
            .filter(c -> c < ' ' && c != '\n' && c != '\r' && c != '\t' && c != '\f' && c != 27)
            .count();
    // A stray control character happens in mail; binary formats have one every few bytes.
    if (text.indexOf('\u0000') >= 0 || controls * 20 > text.length()) {
      return null;
    }
    return text.startsWith("\uFEFF") ? text.substring(1) : text;
  }
}
