package dev.nightjar.pipelines.read;

import dev.nightjar.cachestore.ErrorCode;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import javax.xml.parsers.ParserConfigurationException;
import org.apache.poi.EncryptedDocumentException;
import org.apache.poi.OldFileFormatException;
import org.apache.poi.UnsupportedFileFormatException;
import org.apache.poi.hssf.usermodel.HSSFWorkbook;
import org.apache.poi.ooxml.POIXMLException;
import org.apache.poi.openxml4j.exceptions.OpenXML4JException;
import org.apache.poi.openxml4j.opc.OPCPackage;
import org.apache.poi.openxml4j.opc.PackageAccess;
import org.apache.poi.poifs.filesystem.FileMagic;
import org.apache.poi.poifs.filesystem.POIFSFileSystem;
import org.apache.poi.ss.usermodel.Cell;
import org.apache.poi.ss.usermodel.CellType;
import org.apache.poi.ss.usermodel.DataFormatter;
import org.apache.poi.ss.usermodel.DateUtil;
import org.apache.poi.ss.usermodel.Row;
import org.apache.poi.ss.usermodel.Sheet;
import org.apache.poi.ss.util.CellReference;
import org.apache.poi.util.XMLHelper;
import org.apache.poi.xssf.eventusermodel.ReadOnlySharedStringsTable;
import org.apache.poi.xssf.eventusermodel.XSSFReader;
import org.apache.poi.xssf.eventusermodel.XSSFSheetXMLHandler;
import org.apache.poi.xssf.usermodel.XSSFComment;
import org.jspecify.annotations.Nullable;
import org.xml.sax.InputSource;
import org.xml.sax.SAXException;
import org.xml.sax.XMLReader;

/**
 * Excel's sheets, by Apache POI: of each sheet the first row that is not empty is the header, and
 * each further one a record. A sheet without the task's columns is passed over if another has them.
 * Values are as they are shown, but for dates, which are ISO 8601, and for plain numbers, of which
 * no digit is lost.
 */
final class SheetFormat implements DocumentFormat {
  private static final String XLSX =
      "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
  private static final int COLUMNS_MAX = 16_384; // Excel's own

  @Override
  public Set<String> mediaTypes() {
    return Set.of(
        XLSX,
        "application/vnd.openxmlformats-officedocument.spreadsheetml.template",
        "application/vnd.ms-excel.sheet.macroenabled.12",
        "application/vnd.ms-excel");
  }

  @Override
  public Optional<Set<String>> fields() {
    return Optional.empty();
  }

  @Override
  public Written read(CorpusFile file, Columns columns, Records records) throws IOException {
    Rows rows = new Rows(columns, records);
    file.onDisk(
        path -> {
          try (InputStream in =
              FileMagic.prepareToCheckMagic(java.nio.file.Files.newInputStream(path))) {
            if (FileMagic.valueOf(in) == FileMagic.OLE2) {
              readOld(path, rows);
            } else {
              read(path, rows);
            }
            return rows;
          } catch (EncryptedDocumentException e) {
            throw new Encrypted();
          } catch (OldFileFormatException e) {
            throw new IOException("it is older than Excel 97: save it as .xlsx", e);
          } catch (POIXMLException | UnsupportedFileFormatException e) {
            throw new IOException(String.valueOf(e.getMessage()), e);
          } catch (OpenXML4JException | SAXException | ParserConfigurationException e) {
            throw new IOException("its parts are damaged: " + e.getClass().getSimpleName(), e);
          }
        });
    rows.end();
    return new Written("Excel", "", "", rows.header);
  }

  private static void read(Path file, Rows rows)
      throws IOException, OpenXML4JException, SAXException, ParserConfigurationException {
    try (OPCPackage parts = OPCPackage.open(file.toFile(), PackageAccess.READ)) {
      ReadOnlySharedStringsTable strings = new ReadOnlySharedStringsTable(parts);
      XSSFReader reader = new XSSFReader(parts);
      XSSFReader.SheetIterator sheets = (XSSFReader.SheetIterator) reader.getSheetsData();
      while (sheets.hasNext()) {
        try (InputStream sheet = sheets.next()) {
          rows.sheet(sheets.getSheetName());
          XMLReader xml = XMLHelper.newXMLReader();
          xml.setContentHandler(
              new XSSFSheetXMLHandler(
                  reader.getStylesTable(), null, strings, new Cells(rows), new Shown(), false));
          xml.parse(new InputSource(sheet));
        }
      }
    }
  }

  /** Excel 97: in memory, as its format wants. */
  private static void readOld(Path file, Rows rows) throws IOException {
    try (POIFSFileSystem parts = new POIFSFileSystem(file.toFile(), true)) {
      if (parts.getRoot().hasEntryCaseInsensitive("EncryptedPackage")) {
        throw new Encrypted();
      }
      try (HSSFWorkbook book = new HSSFWorkbook(parts)) {
        Shown shown = new Shown();
        for (Sheet sheet : book) {
          rows.sheet(sheet.getSheetName());
          for (Row row : sheet) {
            List<String> values = new ArrayList<>();
            for (Cell cell : row) {
              set(values, cell.getColumnIndex(), value(cell, shown));
            }
            rows.row(values);
          }
        }
      }
    }
  }

  private static String value(Cell cell, Shown shown) {
    CellType type =
        cell.getCellType() == CellType.FORMULA
            ? cell.getCachedFormulaResultType()
            : cell.getCellType();
    return switch (type) {
      case NUMERIC ->
          shown.formatRawCellContents(
              cell.getNumericCellValue(),
              cell.getCellStyle().getDataFormat(),
              cell.getCellStyle().getDataFormatString());
      case STRING -> cell.getRichStringCellValue().getString();
      case BOOLEAN -> String.valueOf(cell.getBooleanCellValue());
      default -> "";
    };
  }

  private static void set(List<String> values, int at, String value) {
    while (values.size() <= Math.min(at, COLUMNS_MAX)) {
      values.add("");
    }
    values.set(Math.min(at, COLUMNS_MAX), value);
  }

  /** Rows as records. */
  private static final class Rows {
    private final Columns columns;
    private final Records records;
    private List<String> header = List.of();
    private @Nullable List<String> otherHeader;
    private final List<String> passedOver = new ArrayList<>();
    private Optional<Map<String, Integer>> positions = Optional.empty();
    private String sheet = "";
    private boolean isBegun;
    private boolean isFound;
    private long number;

    Rows(Columns columns, Records records) {
      this.columns = columns;
      this.records = records;
    }

    void sheet(String name) {
      sheet = name;
      isBegun = false;
    }

    void row(List<String> values) {
      if (values.stream().allMatch(String::isBlank)) {
        return;
      }
      if (!isBegun) {
        isBegun = true;
        Header.Found found = new Header(values).find(columns, "");
        positions = found.positions();
        if (positions.isPresent()) {
          isFound = true;
          header = values;
          found.assumptions().forEach(records::assume);
        } else {
          otherHeader = otherHeader == null ? values : otherHeader;
          passedOver.add(sheet);
        }
        return;
      }
      if (positions.isPresent()) {
        Map<String, Integer> at = positions.get();
        records.accept(
            ++number,
            name -> {
              Integer position = at.get(name);
              return position == null ? null : position < values.size() ? values.get(position) : "";
            });
      }
    }

    void end() {
      if (isFound) {
        passedOver.forEach(
            name -> records.assume("the sheet '" + name + "' lacks columns and is passed over"));
      } else if (otherHeader != null) {
        header = otherHeader;
        new Header(otherHeader).find(columns, "of the sheet '" + passedOver.get(0) + "'", records);
      } else {
        records.refuse(0, "", ErrorCode.INPUT_EMPTY, "expected rows, found none");
      }
    }
  }

  /** Cells of a stream as rows. */
  private static final class Cells implements XSSFSheetXMLHandler.SheetContentsHandler {
    private final Rows rows;
    private List<String> values = new ArrayList<>();

    Cells(Rows rows) {
      this.rows = rows;
    }

    @Override
    public void startRow(int number) {
      values = new ArrayList<>();
    }

    @Override
    public void cell(
        @Nullable String reference, @Nullable String value, @Nullable XSSFComment comment) {
      int at = reference == null ? values.size() : new CellReference(reference).getCol();
      set(values, at, value == null ? "" : value);
    }

    @Override
    public void endRow(int number) {
      rows.row(values);
    }
  }

  /** Shows values as Excel does, but for what that would shorten or that depends on a country. */
  private static final class Shown extends DataFormatter {
    Shown() {
      super(Locale.ROOT);
    }

    @Override
    public String formatRawCellContents(
        double value, int index, @Nullable String format, boolean is1904) {
      if (format == null || format.equals("General") || format.equals("@")) {
        return plain(value);
      }
      if (DateUtil.isADateFormat(index, format) && DateUtil.isValidExcelDate(value)) {
        LocalDateTime time = DateUtil.getLocalDateTime(value, is1904, true);
        return time.toLocalTime().equals(LocalTime.MIDNIGHT)
            ? time.toLocalDate().toString()
            : value < 1 ? time.toLocalTime().toString() : time.toString();
      }
      return super.formatRawCellContents(value, index, format, is1904);
    }

    private static String plain(double value) {
      if (!Double.isFinite(value)) {
        return "";
      }
      BigDecimal exact = BigDecimal.valueOf(value).stripTrailingZeros();
      return Math.abs(exact.precision() - exact.scale()) > 30
          ? exact.toString()
          : exact.toPlainString();
    }
  }
}
