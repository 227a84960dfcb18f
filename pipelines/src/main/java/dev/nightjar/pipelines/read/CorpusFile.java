package dev.nightjar.pipelines.read;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A file of the corpus, or inside one.
 *
 * @param path below the corpus's root, without endings of compressed files
 * @param mediaType what it is read as
 * @param content opens its bytes, decompressed
 * @param local where it lies on this machine as it is; empty if it is compressed, inside another or
 *     elsewhere
 */
public record CorpusFile(String path, String mediaType, Content content, Optional<Path> local) {
  /** The largest file that is read as a whole, in bytes. */
  static final long WHOLE_BYTES_MAX = 256L << 20;

  /** Opens a file's bytes. */
  public interface Content {
    InputStream open() throws IOException;
  }

  /** A file is larger than one that is read as a whole. */
  static final class TooLarge extends IOException {
    private static final long serialVersionUID = 1L;

    TooLarge() {
      super("larger than " + (WHOLE_BYTES_MAX >> 20) + " MiB");
    }
  }

  /** The bytes, from their beginning. */
  public InputStream open() throws IOException {
    return content.open();
  }

  /** Its name, without its folder. */
  public String name() {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  /** What is done with a file on this machine's disk. */
  interface OnDisk<T> {
    T with(Path file) throws IOException;
  }

  /**
   * Has it on this machine's disk for as long as something takes.
   *
   * @throws TooLarge if it is larger than {@link #WHOLE_BYTES_MAX}
   */
  <T> T onDisk(OnDisk<T> use) throws IOException {
    if (local.isPresent()) {
      if (Files.size(local.get()) > WHOLE_BYTES_MAX) {
        throw new TooLarge();
      }
      return use.with(local.get());
    }
    Path copy = Files.createTempFile("nightjar-", ".file");
    try {
      try (InputStream in = open();
          OutputStream out = Files.newOutputStream(copy)) {
        byte[] block = new byte[1 << 16];
        long length = 0;
        for (int count = in.read(block); count >= 0; count = in.read(block)) {
          length += count;
          if (length > WHOLE_BYTES_MAX) {
            throw new TooLarge();
          }
          out.write(block, 0, count);
        }
      }
      return use.with(copy);
    } finally {
      Files.deleteIfExists(copy);
    }
  }
}
