package dev.nightjar.emulator;

import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Reads files line by line, one line in memory at a time. */
final class Lines {
  /** A longer line is cut here, and then is not JSON any more. */
  private static final int CHARACTERS_MAX = 32 << 20;

  private static final int BUFFER_CHARACTERS = 1 << 16;

  /** Takes one line. */
  interface Visitor {
    /**
     * Takes a line.
     *
     * @param number from 1, blank lines counted
     * @return whether to go on
     */
    boolean line(int number, String text) throws IOException;
  }

  private Lines() {}

  /** Shows every line that is not blank. */
  static void read(Path file, Visitor visitor) {
    try (Reader reader =
        new InputStreamReader(Files.newInputStream(file), StandardCharsets.UTF_8)) {
      char[] buffer = new char[BUFFER_CHARACTERS];
      StringBuilder line = new StringBuilder();
      int number = 1;
      for (int read = reader.read(buffer); read >= 0; read = reader.read(buffer)) {
        int from = 0;
        for (int i = 0; i < read; i++) {
          if (buffer[i] == '\n') {
            append(line, buffer, from, i);
            if (!shown(visitor, number, line)) {
              return;
            }
            line.setLength(0);
            number++;
            from = i + 1;
          }
        }
        append(line, buffer, from, read);
      }
      shown(visitor, number, line);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void append(StringBuilder line, char[] buffer, int from, int to) {
    line.append(buffer, from, Math.min(to - from, CHARACTERS_MAX - line.length()));
  }

  private static boolean shown(Visitor visitor, int number, StringBuilder line) throws IOException {
    String text = line.toString();
    return text.isBlank() || visitor.line(number, text);
  }

  /** How many lines are not blank. */
  static int count(Path file) {
    int[] count = new int[1];
    read(
        file,
        (number, text) -> {
          count[0]++;
          return true;
        });
    return count[0];
  }
}
