package dev.nightjar.runners;

import dev.nightjar.cachestore.Secrets;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;

/**
 * What this process prints, without the secrets of its environment: whatever library prints it.
 * Lines are held back to their end, or until they are flushed. Thread-safe.
 */
final class RedactedStream extends OutputStream {
  private final OutputStream out;
  private final Secrets secrets;
  private final ByteArrayOutputStream line = new ByteArrayOutputStream();

  RedactedStream(OutputStream out, Secrets secrets) {
    this.out = out;
    this.secrets = secrets;
  }

  /** Puts one before standard output and one before standard error. */
  static void install() {
    Secrets secrets = Secrets.ofThisProcess();
    System.setOut(
        new PrintStream(new RedactedStream(System.out, secrets), true, Charset.defaultCharset()));
    System.setErr(
        new PrintStream(new RedactedStream(System.err, secrets), true, Charset.defaultCharset()));
  }

  @Override
  public synchronized void write(int b) throws IOException {
    line.write(b);
    if (b == '\n') {
      release();
    }
  }

  @Override
  public synchronized void write(byte[] bytes, int offset, int length) throws IOException {
    for (int i = offset; i < offset + length; i++) {
      write(bytes[i]);
    }
  }

  /** By bytes as by characters: a secret is ASCII, and so what is around it stays as it is. */
  private void release() throws IOException {
    String text = line.toString(StandardCharsets.ISO_8859_1);
    out.write(secrets.redacted(text).getBytes(StandardCharsets.ISO_8859_1));
    line.reset();
  }

  @Override
  public synchronized void flush() throws IOException {
    release();
    out.flush();
  }

  @Override
  public synchronized void close() throws IOException {
    flush();
    out.close();
  }
}
