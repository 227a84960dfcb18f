package dev.nightjar.pipelines.read;

import de.siegmar.fastcsv.reader.CsvParseException;
import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.CsvRecord;
import dev.nightjar.cachestore.ErrorCode;
import java.io.IOException;
import java.io.PushbackReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The records of a CSV file with a header. The separator is the one that the file names ({@code
 * sep=;}, as Excel does), that its name tells ({@code .tsv}), or that finds the task's columns in
 * the header. Columns are found by their names, else by their names without blanks and capitals. A
 * header that lacks a column is one refusal of the whole file. Behind a quote that is never closed,
 * or closed inside a field, nothing can be told apart any more.
 */
final class CsvRecords {
  private static final List<Character> SEPARATORS = List.of(',', ';', '\t', '|');
  private static final int SNIFF_CHARS = 1 << 16;

  /** Comes last: if it is no record of its own, a quote before it is open. */
  private static final String END = "\u0001end of the file\u0001";

  private final Columns columns;
  private final Records records;

  /**
   * How a file was cut.
   *
   * @param separator between fields
   * @param header the names of its columns
   */
  record Shape(char separator, List<String> header) {}

  CsvRecords(Columns columns, Records records) {
    this.columns = columns;
    this.records = records;
  }

  /**
   * Reads to the end.
   *
   * @param isTabs whether the file's name says that tabs separate
   * @return how it was cut; empty if there was nothing
   */
  Optional<Shape> read(Reader characters, boolean isTabs) throws IOException {
    String beginning = TextReader.head(characters, SNIFF_CHARS);
    if (!DocumentReader.isMostlyText(beginning)) {
      records.refuse(0, "", ErrorCode.INPUT_NOT_TEXT, "expected CSV, found binary data");
      return Optional.empty();
    }
    int skipped = 0;
    char separator;
    if (beginning.regionMatches(true, 0, "sep=", 0, 4) && beginning.length() > 5) {
      separator = beginning.charAt(4);
      skipped = beginning.indexOf('\n') + 1;
    } else {
      separator = isTabs ? '\t' : separator(beginning);
      if (separator != (isTabs ? '\t' : ',')) {
        records.assume("fields are separated by " + named(separator));
      }
    }
    try (PushbackReader rest = new PushbackReader(ended(characters), SNIFF_CHARS)) {
      rest.unread(beginning.substring(skipped).toCharArray());
      return read(rest, separator);
    }
  }

  private char separator(String beginning) {
    char most = ',';
    int columnsMost = 1;
    for (char separator : SEPARATORS) {
      List<String> header = header(beginning, separator);
      if (new Header(header).holds(columns)) {
        return separator;
      }
      if (header.size() > columnsMost) {
        columnsMost = header.size();
        most = separator;
      }
    }
    return most;
  }

  private static List<String> header(String beginning, char separator) {
    try (CsvReader<CsvRecord> csv = builder(separator).ofCsvRecord(beginning)) {
      Iterator<CsvRecord> records = csv.iterator();
      return records.hasNext() ? records.next().getFields() : List.of();
    } catch (CsvParseException | IOException e) {
      return List.of();
    }
  }

  private static CsvReader.CsvReaderBuilder builder(char separator) {
    return CsvReader.builder()
        .fieldSeparator(separator)
        .acceptCharsAfterQuotes(false)
        .maxBufferSize(DocumentReader.DOCUMENT_CHARS_MAX);
  }

  private Optional<Shape> read(Reader characters, char separator) throws IOException {
    long number = 0;
    List<String> header = List.of();
    try (CsvReader<CsvRecord> csv = builder(separator).ofCsvRecord(characters)) {
      Iterator<CsvRecord> rows = csv.iterator();
      CsvRecord first = rows.next(); // there is the end at least
      if (isEnd(first, rows)) {
        return Optional.empty();
      }
      header = first.getFields();
      if (hasOpenQuote(first, rows)) {
        refuseOpenQuote(0, first);
        return Optional.of(new Shape(separator, List.of()));
      }
      Optional<Map<String, Integer>> found =
          new Header(header).find(columns, "separated by " + named(separator), records);
      if (found.isEmpty()) {
        return Optional.of(new Shape(separator, header));
      }
      Map<String, Integer> positions = found.get();
      while (rows.hasNext()) {
        CsvRecord row = rows.next();
        if (isEnd(row, rows)) {
          break;
        }
        number++;
        if (hasOpenQuote(row, rows)) {
          refuseOpenQuote(number, row);
        } else if (row.getFields().equals(header)) {
          records.assume("record " + number + " is the header again, and passed over");
        } else {
          accept(number, row, header.size(), positions);
        }
      }
    } catch (CsvParseException | UncheckedIOException e) {
      records.refuse(
          number + 1,
          "",
          ErrorCode.INPUT_MALFORMED,
          "expected CSV: "
              + reason(e)
              + ", in the record behind number "
              + number
              + "; what follows is unread");
    }
    return Optional.of(new Shape(separator, header));
  }

  private void accept(long number, CsvRecord row, int width, Map<String, Integer> positions) {
    for (int i = width; i < row.getFieldCount(); i++) {
      if (!row.getField(i).isBlank()) {
        records.refuse(
            number,
            "",
            ErrorCode.INPUT_MALFORMED,
            "expected "
                + width
                + " fields, as the header has, found "
                + row.getFieldCount()
                + " in line "
                + row.getStartingLineNumber());
        return;
      }
    }
    records.accept(
        number,
        name -> {
          Integer position = positions.get(name);
          return position == null || position >= row.getFieldCount()
              ? null
              : row.getField(position);
        });
  }

  private static boolean isEnd(CsvRecord row, Iterator<CsvRecord> rows) {
    return row.getFieldCount() == 1 && row.getField(0).equals(END) && !rows.hasNext();
  }

  private static boolean hasOpenQuote(CsvRecord row, Iterator<CsvRecord> rows) {
    return row.getField(row.getFieldCount() - 1).contains(END) && !rows.hasNext();
  }

  private void refuseOpenQuote(long number, CsvRecord row) {
    records.refuse(
        number,
        "",
        ErrorCode.INPUT_MALFORMED,
        "expected CSV: a quote opens in the record that begins in line "
            + row.getStartingLineNumber()
            + " and is never closed; what follows is unread");
  }

  private static String reason(RuntimeException e) {
    Throwable cause = e.getCause() == null ? e : e.getCause();
    String message = String.valueOf(cause.getMessage());
    return message.contains("buffer")
        ? "a record is longer than " + DocumentReader.DOCUMENT_CHARS_MAX + " characters"
        : "a quote is closed inside a field";
  }

  static String named(char separator) {
    return separator == '\t' ? "tab" : "'" + separator + "'";
  }

  /** The file, with a last record behind it. */
  private static Reader ended(Reader file) {
    String end = "\n" + END + "\n";
    return new Reader() {
      private int at = -1;

      @Override
      public int read(char[] buffer, int offset, int length) throws IOException {
        if (at < 0) {
          int count = file.read(buffer, offset, length);
          if (count >= 0) {
            return count;
          }
          at = 0;
        }
        if (at == end.length()) {
          return -1;
        }
        int count = Math.min(length, end.length() - at);
        end.getChars(at, at + count, buffer, offset);
        at += count;
        return count;
      }

      @Override
      public void close() throws IOException {
        file.close();
      }
    };
  }
}
