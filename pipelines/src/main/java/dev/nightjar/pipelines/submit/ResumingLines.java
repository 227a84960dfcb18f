package dev.nightjar.pipelines.submit;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Reads lines of JSON from a download that may break off. Each complete line is delivered once;
 * after a break the download is opened again at the end of the last complete line, or from its
 * start, passing over what was delivered, where the server knows no ranges. A line that is no JSON
 * object is handed over apart: the others are settled all the same.
 */
final class ResumingLines {
  private static final int BREAKS_WITHOUT_A_LINE_MAX = 6;
  private static final int BUFFER_BYTES = 1 << 16;

  /**
   * An open download.
   *
   * @param stream its bytes; closed by the reader
   * @param atOffset whether it begins at the offset that was asked for, not at the start
   */
  record Body(InputStream stream, boolean atOffset) {}

  /** Opens the download at an offset in bytes; each call is one request. */
  interface Opener {
    Body open(long offset);
  }

  private ResumingLines() {}

  /**
   * Delivers every line.
   *
   * @param read what a line says; one of which it throws an exception is unreadable
   * @param unreadable takes lines that are no JSON object, as they are
   * @throws ProviderException UNAVAILABLE after six breaks in a row without a new line
   */
  static <T> void forEachLine(
      ProviderCalls calls,
      Opener opener,
      Function<JsonNode, T> read,
      Consumer<T> consumer,
      Consumer<String> unreadable) {
    long delivered = 0;
    int breaks = 0;
    while (true) {
      long from = delivered;
      Reader<T> reader = new Reader<>(from, read, consumer, unreadable);
      boolean whole;
      try {
        whole = reader.read(calls.reading(() -> opener.open(from)));
      } catch (IOException e) {
        whole = false;
      }
      if (whole) {
        return;
      }
      breaks = reader.delivered > delivered ? 0 : breaks + 1;
      delivered = reader.delivered;
      if (breaks >= BREAKS_WITHOUT_A_LINE_MAX) {
        throw new ProviderException(
            ProviderException.Kind.UNAVAILABLE,
            "the results broke off " + breaks + " times after " + delivered + " bytes",
            null);
      }
    }
  }

  private static final class Reader<T> {
    /** Bytes up to the end of the last delivered line. */
    long delivered;

    private final Function<JsonNode, T> read;
    private final Consumer<T> consumer;
    private final Consumer<String> unreadable;

    Reader(
        long delivered,
        Function<JsonNode, T> read,
        Consumer<T> consumer,
        Consumer<String> unreadable) {
      this.delivered = delivered;
      this.read = read;
      this.consumer = consumer;
      this.unreadable = unreadable;
    }

    /** Whether the body ended after a complete line. */
    boolean read(Body body) throws IOException {
      try (InputStream in = new BufferedInputStream(body.stream(), BUFFER_BYTES)) {
        if (!body.atOffset() && delivered > 0) {
          in.skipNBytes(delivered);
        }
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int b = in.read(); b >= 0; b = in.read()) {
          if (b == '\n') {
            deliver(line, 1);
          } else {
            line.write(b);
          }
        }
        if (line.size() > 0) {
          String rest = line.toString(StandardCharsets.UTF_8);
          if (!RawHttp.lenient(rest).isObject() && !rest.isBlank()) {
            return false; // cut in the middle, though the transfer looked whole
          }
          deliver(line, 0);
        }
        return true;
      }
    }

    private void deliver(ByteArrayOutputStream line, int endBytes) {
      int bytes = line.size() + endBytes;
      String text = line.toString(StandardCharsets.UTF_8);
      line.reset();
      if (!text.isBlank()) {
        Optional<T> said = said(text);
        said.ifPresentOrElse(consumer, () -> unreadable.accept(text));
      }
      delivered += bytes;
    }

    private Optional<T> said(String text) {
      JsonNode node = RawHttp.lenient(text);
      try {
        return node.isObject() ? Optional.of(read.apply(node)) : Optional.empty();
      } catch (RuntimeException e) {
        return Optional.empty(); // a count below zero, say: the others must not wait for it
      }
    }
  }
}
