package dev.nightjar.pipelines.read;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PushbackInputStream;
import java.io.Reader;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The characters of a file, whatever its encoding. A byte order mark is obeyed and left out.
 * Without one, a file that begins with a zero in every second byte is UTF-16, and every other one
 * is UTF-8, line by line: a line with bytes that are no UTF-8 is read as windows-1252, as browsers
 * do, if it holds no character of several bytes, or, where no line before it was UTF-8, fewer of
 * them than of such bytes (the last two of "Maß“" happen to be one). Else only those bytes become
 * U+FFFD each. A character that its line's end cuts off is damage, too, if UTF-8 was seen before.
 *
 * <p>Not thread-safe. Closing it closes the stream.
 */
final class TextReader extends Reader {
  private static final Charset FALLBACK = Charset.forName("windows-1252");
  private static final int SNIFF_BYTES = 4_096;

  /** Longer lines are decoded in parts, each on its own. */
  private static final int PART_BYTES_MAX = 1 << 20;

  private static final char DAMAGED = '\uFFFD';

  private final PushbackInputStream in;
  private final @Nullable Reader wide;
  private final List<String> assumptions = new ArrayList<>();
  private final ByteArrayOutputStream line = new ByteArrayOutputStream();
  private final byte[] block = new byte[1 << 16];
  private byte[] begun = {};
  private String encoding;
  private int blockAt;
  private int blockEnd;
  private String decoded = "";
  private int at;
  private long lines;
  private long linesInUtf8;
  private long linesInFallback;
  private long firstInFallback;
  private long damaged;
  private long firstDamaged;
  private int told;

  TextReader(InputStream bytes) throws IOException {
    in = new PushbackInputStream(bytes, SNIFF_BYTES);
    byte[] head = new byte[SNIFF_BYTES];
    int length = in.readNBytes(head, 0, SNIFF_BYTES);
    int mark = 0;
    encoding = "UTF-8";
    if (startsWith(head, length, 0xEF, 0xBB, 0xBF)) {
      mark = 3;
    } else if (startsWith(head, length, 0xFF, 0xFE, 0, 0)) {
      mark = 4;
      encoding = "UTF-32LE";
    } else if (startsWith(head, length, 0, 0, 0xFE, 0xFF)) {
      mark = 4;
      encoding = "UTF-32BE";
    } else if (startsWith(head, length, 0xFF, 0xFE)) {
      mark = 2;
      encoding = "UTF-16LE";
    } else if (startsWith(head, length, 0xFE, 0xFF)) {
      mark = 2;
      encoding = "UTF-16BE";
    } else {
      double even = zeros(head, length, 0);
      double odd = zeros(head, length, 1);
      if (Math.max(even, odd) > 0.4 && Math.min(even, odd) < 0.05) {
        encoding = odd > even ? "UTF-16LE" : "UTF-16BE";
        assumptions.add("read as " + encoding + ", for every second byte is zero");
      }
    }
    in.unread(head, mark, length - mark);
    wide = encoding.equals("UTF-8") ? null : new InputStreamReader(in, Charset.forName(encoding));
  }

  private static boolean startsWith(byte[] bytes, int length, int... mark) {
    for (int i = 0; i < mark.length; i++) {
      if (i >= length || (bytes[i] & 0xFF) != mark[i]) {
        return false;
      }
    }
    return true;
  }

  /** The share of zeros among every second byte. */
  private static double zeros(byte[] bytes, int length, int first) {
    int zeros = 0;
    for (int i = first; i < length; i += 2) {
      zeros += bytes[i] == 0 ? 1 : 0;
    }
    return length < 2 ? 0 : zeros / ((length + 1 - first) / 2.0);
  }

  /** The next characters of a file, fewer only if it ends. */
  static String head(Reader file, int charactersMax) throws IOException {
    char[] head = new char[charactersMax];
    int length = 0;
    for (int count; length < charactersMax; length += count) {
      count = file.read(head, length, charactersMax - length);
      if (count < 0) {
        break;
      }
    }
    return new String(head, 0, length);
  }

  /** How most of it was encoded. */
  String encoding() {
    return linesInFallback > linesInUtf8 ? FALLBACK.name() : encoding;
  }

  /** What was assumed so far, each in words. */
  List<String> assumptions() {
    List<String> all = new ArrayList<>(assumptions);
    if (linesInFallback > 0) {
      all.add(
          (linesInFallback == 1 ? "1 line is" : linesInFallback + " lines are")
              + " no UTF-8 and read as windows-1252, the first in line "
              + firstInFallback);
    }
    if (damaged > 0) {
      all.add(
          (damaged == 1 ? "1 byte is" : damaged + " bytes are")
              + " no "
              + encoding
              + " and became U+FFFD, the first in line "
              + firstDamaged);
    }
    return all;
  }

  /** Tells what was assumed since it was told last. */
  void tell(Records records) {
    List<String> all = assumptions();
    all.subList(told, all.size()).forEach(records::assume);
    told = all.size();
  }

  @Override
  public int read(char[] buffer, int offset, int length) throws IOException {
    if (wide != null) {
      int count = wide.read(buffer, offset, length);
      for (int i = offset; i < offset + count; i++) {
        if (buffer[i] == '\n') {
          lines++;
        } else if (buffer[i] == DAMAGED) {
          noteDamage(1);
        }
      }
      return count;
    }
    if (length == 0) {
      return 0;
    }
    while (at == decoded.length()) {
      if (!nextLine()) {
        return -1;
      }
    }
    int count = Math.min(length, decoded.length() - at);
    decoded.getChars(at, at + count, buffer, offset);
    at += count;
    return count;
  }

  /** Takes in a line with its end, or a part of a long one. */
  private boolean nextLine() throws IOException {
    line.reset();
    line.writeBytes(begun);
    begun = new byte[0];
    while (true) {
      if (blockAt == blockEnd) {
        blockEnd = in.read(block);
        blockAt = 0;
        if (blockEnd <= 0) {
          blockEnd = 0;
          break;
        }
      }
      int end = blockAt;
      while (end < blockEnd && block[end] != '\n') {
        end++;
      }
      boolean isWhole = end < blockEnd;
      line.write(block, blockAt, (isWhole ? end + 1 : end) - blockAt);
      blockAt = isWhole ? end + 1 : end;
      if (isWhole) {
        break;
      }
      if (line.size() >= PART_BYTES_MAX) {
        cutBetweenCharacters();
        break;
      }
    }
    if (line.size() == 0) {
      return false;
    }
    decoded = decode(line.toByteArray());
    at = 0;
    return true;
  }

  /** What may be the beginning of a character is left to the next part. */
  private void cutBetweenCharacters() {
    byte[] bytes = line.toByteArray();
    int cut = bytes.length - 1;
    while (cut > bytes.length - 4 && (bytes[cut] & 0xC0) == 0x80) {
      cut--;
    }
    if ((bytes[cut] & 0xC0) == 0xC0) {
      begun = Arrays.copyOfRange(bytes, cut, bytes.length);
      line.reset();
      line.write(bytes, 0, cut);
    }
  }

  private String decode(byte[] bytes) {
    boolean ends = bytes[bytes.length - 1] == '\n';
    lines++;
    int several = 0;
    int bad = 0;
    boolean isCut = false;
    int text = bytes.length - (ends ? 1 : 0);
    for (int i = 0; i < bytes.length; ) {
      int length = characterBytes(bytes, i);
      if (length == 0) {
        bad++;
        isCut |= i + 4 > text && isBegun(bytes, i, text);
        i++;
      } else {
        several += length > 1 ? 1 : 0;
        i += length;
      }
    }
    if (!ends) {
      lines--; // a part, or the last
    }
    if (bad == 0) {
      linesInUtf8 += several > 0 ? 1 : 0;
      return new String(bytes, StandardCharsets.UTF_8);
    }
    boolean isInUtf8 = linesInUtf8 > 0 && linesInFallback == 0;
    if (several == 0 ? !(isCut && isInUtf8) : bad > several && !isInUtf8) {
      linesInFallback++;
      firstInFallback = firstInFallback == 0 ? lines + (ends ? 0 : 1) : firstInFallback;
      return new String(bytes, FALLBACK);
    }
    linesInUtf8++;
    StringBuilder characters = new StringBuilder(bytes.length);
    int from = 0;
    for (int i = 0; i < bytes.length; ) {
      int length = characterBytes(bytes, i);
      if (length == 0) {
        characters
            .append(new String(bytes, from, i - from, StandardCharsets.UTF_8))
            .append(DAMAGED);
        from = ++i;
      } else {
        i += length;
      }
    }
    characters.append(new String(bytes, from, bytes.length - from, StandardCharsets.UTF_8));
    if (damaged == 0) {
      firstDamaged = lines + (ends ? 0 : 1);
    }
    damaged += bad;
    return characters.toString();
  }

  private void noteDamage(int count) {
    if (damaged == 0) {
      firstDamaged = lines + 1;
    }
    damaged += count;
  }

  /** Whether what begins here is the beginning of a character up to the end of the line. */
  private static boolean isBegun(byte[] bytes, int i, int end) {
    int first = bytes[i] & 0xFF;
    if (first < 0xC2 || first > 0xF4) {
      return false;
    }
    for (int at = i + 1; at < end; at++) {
      if ((bytes[at] & 0xC0) != 0x80) {
        return false;
      }
    }
    return true;
  }

  /** The length of the UTF-8 character that begins here; 0 if none does (Unicode, table 3-7). */
  private static int characterBytes(byte[] bytes, int i) {
    int first = bytes[i] & 0xFF;
    if (first < 0x80) {
      return 1;
    }
    int length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || i + length > bytes.length) {
      return 0;
    }
    for (int at = i + 1; at < i + length; at++) {
      if ((bytes[at] & 0xC0) != 0x80) {
        return 0;
      }
    }
    int second = bytes[i + 1] & 0xFF;
    boolean isNone =
        (first == 0xE0 && second < 0xA0)
            || (first == 0xED && second > 0x9F)
            || (first == 0xF0 && second < 0x90)
            || (first == 0xF4 && second > 0x8F);
    return isNone ? 0 : length;
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
