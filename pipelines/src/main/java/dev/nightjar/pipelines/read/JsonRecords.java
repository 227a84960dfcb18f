package dev.nightjar.pipelines.read;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import dev.nightjar.cachestore.ErrorCode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The records of a JSON file: a line each, or, if the file begins as one that is written otherwise,
 * objects over several lines, or one array of objects. Values stay as they are written: no digit of
 * a number is lost. A line that does not parse costs itself; behind an error in an array, or in an
 * object over several lines, nothing can be told apart any more.
 */
final class JsonRecords {
  private static final JsonFactory JSON =
      JsonFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxStringLength(DocumentReader.DOCUMENT_CHARS_MAX)
                  .maxNumberLength(1_000)
                  .maxNestingDepth(1_000)
                  .build())
          .build();

  /** How much of a file is looked at to see how it is written. */
  private static final int SNIFF_CHARS = 1 << 16;

  private final Records records;
  private final Set<String> assumed = new HashSet<>();

  JsonRecords(Records records) {
    this.records = records;
  }

  /**
   * Reads to the end.
   *
   * @return how the records were written, in words
   */
  String read(Reader characters) throws IOException {
    BufferedReader in = new BufferedReader(characters, SNIFF_CHARS);
    in.mark(SNIFF_CHARS);
    String text = TextReader.head(in, SNIFF_CHARS).stripLeading();
    in.reset();
    String rest = text.substring(Math.min(text.length(), firstLine(text).length())).strip();
    First first = first(firstLine(text));
    if (text.startsWith("[") && !(first == First.WHOLE && !rest.isEmpty())) {
      readWritten(in, true);
      return "JSON array";
    }
    // A broken line is followed by a whole one, the beginning of an object by the rest of it.
    if (first == First.BEGUN && !rest.isEmpty() && !rest.startsWith("{")) {
      readWritten(in, false);
      return "JSON objects over several lines";
    }
    readLines(in);
    return "JSON lines";
  }

  private static String firstLine(String text) {
    int end = text.indexOf('\n');
    return end < 0 ? text : text.substring(0, end);
  }

  /** What the first line is by itself. */
  private enum First {
    WHOLE,
    BEGUN,
    BROKEN
  }

  private static First first(String line) {
    try (JsonParser parser = JSON.createParser(line)) {
      parser.nextToken();
      parser.skipChildren();
      return First.WHOLE;
    } catch (JsonProcessingException e) {
      return e.getLocation() == null
              || e.getLocation().getCharOffset() >= line.stripTrailing().length()
          ? First.BEGUN
          : First.BROKEN;
    } catch (IOException e) {
      throw new UncheckedIOException(e); // of a string
    }
  }

  private void readLines(BufferedReader in) throws IOException {
    StringBuilder line = new StringBuilder();
    long number = 0;
    boolean isTooLong = false;
    char[] block = new char[1 << 13];
    for (int count = in.read(block); ; count = in.read(block)) {
      int from = 0;
      for (int i = 0; i < count; i++) {
        if (block[i] == '\n') {
          isTooLong |= !append(line, block, from, i);
          readLine(++number, line, isTooLong);
          line.setLength(0);
          isTooLong = false;
          from = i + 1;
        }
      }
      if (count < 0) {
        break;
      }
      isTooLong |= !append(line, block, from, count);
    }
    if (line.length() > 0) {
      readLine(++number, line, isTooLong);
    }
  }

  /** Whether it fits; what does not is passed over, so that the next line is read. */
  private static boolean append(StringBuilder line, char[] block, int from, int to) {
    if (line.length() + (to - from) > DocumentReader.DOCUMENT_CHARS_MAX) {
      return false;
    }
    line.append(block, from, to - from);
    return true;
  }

  private void readLine(long number, StringBuilder characters, boolean isTooLong)
      throws IOException {
    if (isTooLong) {
      records.refuse(number, "", ErrorCode.INPUT_TOO_LARGE, DocumentReader.SIZE_EXPECTED);
      return;
    }
    // Of a file that was put behind another.
    String line =
        characters.length() > 0 && characters.charAt(0) == '\uFEFF'
            ? characters.substring(1)
            : characters.toString();
    if (!DocumentReader.isText(line)) {
      records.refuse(
          number, "", ErrorCode.INPUT_NOT_TEXT, "expected a JSON object, found binary data");
      return;
    }
    if (line.isBlank()) {
      return;
    }
    try (JsonParser parser = JSON.createParser(line)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        records.refuse(
            number,
            "",
            ErrorCode.INPUT_MALFORMED,
            "expected a JSON object, found " + named(parser.currentToken()));
        return;
      }
      Map<String, String> values = object(parser);
      if (parser.nextToken() != null) {
        records.refuse(
            number,
            "",
            ErrorCode.INPUT_MALFORMED,
            "expected one JSON object, found something behind it at column " + column(parser));
        return;
      }
      records.accept(number, new Values(values));
    } catch (JsonProcessingException e) {
      records.refuse(number, "", ErrorCode.INPUT_MALFORMED, "expected a JSON object, " + what(e));
    }
  }

  private void readWritten(Reader in, boolean isArray) throws IOException {
    Bounded bounded = new Bounded(in);
    long number = 1; // of the record that comes, or is read
    try (JsonParser parser = JSON.createParser(bounded)) {
      if (isArray) {
        parser.nextToken();
      }
      for (JsonToken token = parser.nextToken();
          token != null && token != JsonToken.END_ARRAY;
          token = parser.nextToken()) {
        if (token == JsonToken.START_OBJECT) {
          records.accept(number, new Values(object(parser)));
        } else {
          parser.skipChildren();
          records.refuse(
              number,
              "",
              ErrorCode.INPUT_MALFORMED,
              "expected a JSON object, found " + named(token));
        }
        number++;
        bounded.restart();
      }
      if (isArray && (parser.currentToken() == null || parser.nextToken() != null)) {
        records.refuse(
            number,
            "",
            ErrorCode.INPUT_MALFORMED,
            parser.currentToken() == null
                ? "expected the array's end, found the file's; what follows is unread"
                : "expected nothing behind the array; what follows is unread");
      }
    } catch (TooLong e) {
      records.refuse(
          number,
          "",
          ErrorCode.INPUT_TOO_LARGE,
          DocumentReader.SIZE_EXPECTED + "; what follows is unread");
    } catch (JsonProcessingException e) {
      records.refuse(
          number,
          "",
          ErrorCode.INPUT_MALFORMED,
          "expected a JSON object, "
              + what(e)
              + (e.getLocation() == null ? "" : " of line " + e.getLocation().getLineNr())
              + "; what follows is unread");
    }
  }

  /** The values of an object's fields that are no objects or arrays, as they are written. */
  private static Map<String, String> object(JsonParser parser) throws IOException {
    Map<String, String> values = new HashMap<>();
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      JsonToken token = parser.nextToken();
      if (token.isStructStart()) {
        parser.skipChildren();
      } else if (token != JsonToken.VALUE_NULL) {
        values.put(name, parser.getText());
      }
    }
    return values;
  }

  /** An object's values, by their names, else by their names without capitals. */
  private final class Values implements Records.Fields {
    private final Map<String, String> values;

    Values(Map<String, String> values) {
      this.values = values;
    }

    @Override
    public @Nullable String get(String name) {
      String exact = values.get(name);
      if (exact != null) {
        return exact;
      }
      List<String> alike =
          values.keySet().stream().filter(own -> own.strip().equalsIgnoreCase(name)).toList();
      if (alike.size() != 1) {
        return null;
      }
      if (assumed.add(alike.get(0) + "=" + name)) {
        records.assume("the field '" + alike.get(0) + "' is '" + name + "'");
      }
      return values.get(alike.get(0));
    }

    @Override
    public Collection<String> names() {
      return values.keySet();
    }
  }

  private static String named(JsonToken token) {
    return switch (token) {
      case START_ARRAY -> "an array";
      case VALUE_STRING -> "a string";
      case VALUE_NULL -> "null";
      case VALUE_TRUE, VALUE_FALSE -> "a boolean";
      default -> token.isNumeric() ? "a number" : "something else";
    };
  }

  private static int column(JsonParser parser) {
    return parser.currentTokenLocation().getColumnNr();
  }

  /** Without the text around it, which the message would quote. */
  private static String what(JsonProcessingException e) {
    String message = String.valueOf(e.getOriginalMessage());
    return (message.startsWith("Duplicate field")
            ? "found a field twice"
            : message.contains("nesting depth") ? "found more than 1000 levels" : "found an error")
        + " at column "
        + (e.getLocation() == null ? 0 : e.getLocation().getColumnNr());
  }

  /** A record is longer than a document may be. */
  private static final class TooLong extends IOException {
    private static final long serialVersionUID = 1L;
  }

  /** Ends where a record becomes too long for memory. */
  private static final class Bounded extends Reader {
    private final Reader in;
    private long sinceRestart;

    Bounded(Reader in) {
      this.in = in;
    }

    void restart() {
      sinceRestart = 0;
    }

    @Override
    public int read(char[] buffer, int offset, int length) throws IOException {
      int count = in.read(buffer, offset, length);
      sinceRestart += Math.max(0, count);
      if (sinceRestart > DocumentReader.DOCUMENT_CHARS_MAX + SNIFF_CHARS) {
        throw new TooLong();
      }
      return count;
    }

    @Override
    public void close() throws IOException {
      in.close();
    }
  }
}
