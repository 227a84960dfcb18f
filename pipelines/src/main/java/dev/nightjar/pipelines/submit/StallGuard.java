package dev.nightjar.pipelines.submit;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;

/**
 * A download that is closed when nothing has come for a while, so that its reader fails instead of
 * waiting for ever. For one reader; a thread of its own watches it until it is closed.
 */
final class StallGuard extends FilterInputStream {
  private final Heartbeat watch;
  private volatile long lastReadNanos = System.nanoTime();

  /**
   * Guards a stream.
   *
   * @param stallMax how long no byte may come
   */
  StallGuard(InputStream stream, Duration stallMax) {
    super(stream);
    this.watch =
        Heartbeat.start(
            "download",
            stallMax,
            () -> {
              if (System.nanoTime() - lastReadNanos > stallMax.toNanos()) {
                closeQuietly();
              }
            });
  }

  private void closeQuietly() {
    try {
      in.close();
    } catch (IOException e) {
      // its reader sees what went wrong
    }
  }

  @Override
  public int read() throws IOException {
    int read = super.read();
    lastReadNanos = System.nanoTime();
    return read;
  }

  @Override
  public int read(byte[] buffer, int offset, int length) throws IOException {
    int read = super.read(buffer, offset, length);
    lastReadNanos = System.nanoTime();
    return read;
  }

  @Override
  public void close() throws IOException {
    watch.close();
    super.close();
  }
}
