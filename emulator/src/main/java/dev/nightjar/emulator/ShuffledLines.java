package dev.nightjar.emulator;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes result lines in an order that is not that of the requests. Shuffles within blocks, so that
 * no more than a block is in memory. Not thread-safe.
 */
final class ShuffledLines implements AutoCloseable {
  private static final int BLOCK_LINES_MAX = 1_000;
  private static final int BLOCK_CHARACTERS_MAX = 4 << 20;

  private final BufferedWriter writer;
  private final Ids ids;
  private final boolean shuffled;
  private final List<String> block = new ArrayList<>();
  private int blockCharacters;
  private int lines;

  ShuffledLines(Path file, Ids ids, boolean shuffled) throws IOException {
    this.writer = Files.newBufferedWriter(file, StandardCharsets.UTF_8);
    this.ids = ids;
    this.shuffled = shuffled;
  }

  void add(String line) throws IOException {
    block.add(line);
    lines++;
    blockCharacters += line.length();
    if (block.size() >= BLOCK_LINES_MAX || blockCharacters >= BLOCK_CHARACTERS_MAX) {
      write();
    }
  }

  /** How many lines were added. */
  int lines() {
    return lines;
  }

  private void write() throws IOException {
    if (shuffled) {
      ids.shuffle(block);
    }
    for (String line : block) {
      writer.write(line);
      writer.write('\n');
    }
    block.clear();
    blockCharacters = 0;
  }

  @Override
  public void close() throws IOException {
    try (writer) {
      write();
    }
  }
}
