package dev.nightjar.pipelines.submit;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/**
 * Reads lines of JSON from a download that may break off. Each complete line is delivered once;
 * after a break the download is opened again at the end of the last complete line, or from its
 * start, passing over what was delivered, where the server knows no ranges.
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
   * @throws ProviderException UNAVAILABLE after six breaks in a row without a new line
   */
  static void forEachLine(ProviderCalls calls, Opener opener, Consumer<String> consumer) {
    long delivered = 0;
    int breaks = 0;
    while (true) {
      long from = delivered;
      Reader reader = new Reader(from);
      boolean whole;
      try {
        whole = reader.read(calls.reading(() -> opener.open(from)), consumer);
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

  private static final class Reader {
    /** Bytes up to the end of the last delivered line. */
    long delivered;

    Reader(long delivered) {
      this.delivered = delivered;
    }

    /** Whether the body ended after a complete line. */
    boolean read(Body body, Consumer<String> consumer) throws IOException {
      try (InputStream in = new BufferedInputStream(body.stream(), BUFFER_BYTES)) {
        if (!body.atOffset() && delivered > 0) {
          in.skipNBytes(delivered);
        }
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int b = in.read(); b >= 0; b = in.read()) {
          if (b == '\n') {
            deliver(line, 1, consumer);
          } else {
            line.write(b);
          }
        }
        if (line.size() > 0) {
          if (!isJson(line.toString(StandardCharsets.UTF_8))) {
            return false; // cut in the middle, though the transfer looked whole
          }
          deliver(line, 0, consumer);
        }
        return true;
      }
    }

    private void deliver(ByteArrayOutputStream line, int endBytes, Consumer<String> consumer) {
      int bytes = line.size() + endBytes;
      String text = line.toString(StandardCharsets.UTF_8);
      line.reset();
      if (!text.isBlank()) {
        consumer.accept(text);
      }
      delivered += bytes;
    }

    private static boolean isJson(String text) {
      try {
        RawHttp.JSON.readTree(text);
        return true;
      } catch (JsonProcessingException e) {
        return false;
      }
    }
  }
}
