package dev.nightjar.pipelines.read;

import com.github.luben.zstd.ZstdInputStream;
import java.io.BufferedInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.zip.InflaterInputStream;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorInputStream;
import org.apache.commons.compress.compressors.gzip.GzipCompressorInputStream;
import org.apache.commons.compress.compressors.xz.XZCompressorInputStream;

/**
 * Undoes what a compressed file's first bytes show: gzip, bzip2, zstd and xz, and by its name
 * deflate. How much comes out is bounded, by its ratio to what went in.
 */
public final class Decompression {
  private static final Set<String> ENDINGS = Set.of("gz", "bz2", "zst", "xz", "deflate");
  private static final Map<String, String> ARCHIVES =
      Map.of("tgz", "tar", "tbz", "tar", "tbz2", "tar", "txz", "tar", "svgz", "svg");

  /** The dictionary that xz's highest preset needs is 65 MiB; hostile files ask for 4 GiB. */
  private static final int XZ_MEMORY_KIB_MAX = 128 << 10;

  /** Log files come to 50 or so; zeros in gzip to 1,000, in the others to far more. */
  private static final int RATIO_MAX = 250;

  /** Below, any ratio will do. */
  private static final long BYTES_BEFORE_RATIO = 64L << 20;

  private static final int MAGIC_BYTES = 6;

  private Decompression() {}

  /** More comes out of a file than a file of text would give. */
  static final class Bomb extends IOException {
    private static final long serialVersionUID = 1L;

    Bomb() {
      super("it decompresses to more than " + RATIO_MAX + " times its size");
    }
  }

  /** A name without the ending of a compressed file. */
  static String name(String name) {
    String ending = ending(name);
    if (ENDINGS.contains(ending)) {
      return name.substring(0, name.length() - ending.length() - 1);
    }
    String inner = ARCHIVES.get(ending);
    return inner == null ? name : name.substring(0, name.length() - ending.length()) + inner;
  }

  /** Whether a name says that the file is compressed. */
  static boolean isNamed(String name) {
    return !name(name).equals(name);
  }

  private static String ending(String name) {
    return name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
  }

  /** The bytes of a file, decompressed if they show that they are compressed. */
  public static InputStream decompressed(String name, InputStream file) throws IOException {
    return of(name, file).in();
  }

  /**
   * A file's bytes.
   *
   * @param in decompressed
   * @param isCompressed whether they had to be
   */
  record Opened(InputStream in, boolean isCompressed) {}

  /** The bytes of a file, decompressed if they show that they are compressed. */
  static Opened of(String name, InputStream file) throws IOException {
    BufferedInputStream in = new BufferedInputStream(file, 1 << 16);
    in.mark(MAGIC_BYTES);
    byte[] head = in.readNBytes(MAGIC_BYTES);
    in.reset();
    try {
      Counted counted = new Counted(in);
      if (startsWith(head, 0x1F, 0x8B)) {
        return new Opened(new Bounded(new GzipCompressorInputStream(counted, true), counted), true);
      } else if (startsWith(head, 'B', 'Z', 'h')) {
        return new Opened(
            new Bounded(new BZip2CompressorInputStream(counted, true), counted), true);
      } else if (startsWith(head, 0x28, 0xB5, 0x2F, 0xFD)) {
        return new Opened(new Bounded(new ZstdInputStream(counted), counted), true);
      } else if (startsWith(head, 0xFD, '7', 'z', 'X', 'Z', 0)) {
        return new Opened(
            new Bounded(new XZCompressorInputStream(counted, true, XZ_MEMORY_KIB_MAX), counted),
            true);
      } else if (ending(name).equals("deflate")) {
        return new Opened(new Bounded(new InflaterInputStream(counted), counted), true);
      }
      return new Opened(in, false);
    } catch (IOException | RuntimeException e) {
      in.close();
      throw e;
    }
  }

  /**
   * The bytes of a file in an archive, as bounded.
   *
   * @param compressedBytes how many they are there
   */
  static InputStream bounded(InputStream file, long compressedBytes) {
    Counted counted = new Counted(InputStream.nullInputStream());
    counted.bytes = Math.max(0, compressedBytes);
    return new Bounded(file, counted);
  }

  private static boolean startsWith(byte[] head, int... magic) {
    return head.length >= magic.length
        && Arrays.equals(
            magic,
            java.util.stream.IntStream.range(0, magic.length).map(i -> head[i] & 0xFF).toArray());
  }

  /** Counts what goes in. */
  private static final class Counted extends FilterInputStream {
    private long bytes;

    Counted(InputStream in) {
      super(in);
    }

    @Override
    public int read() throws IOException {
      int one = super.read();
      bytes += one < 0 ? 0 : 1;
      return one;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      int count = super.read(buffer, offset, length);
      bytes += Math.max(0, count);
      return count;
    }
  }

  /** Bounds what comes out. */
  private static final class Bounded extends FilterInputStream {
    private final Counted compressed;
    private long bytes;

    Bounded(InputStream in, Counted compressed) {
      super(in);
      this.compressed = compressed;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      int count;
      try {
        count = super.read(buffer, offset, length);
      } catch (RuntimeException e) {
        throw new IOException("its compressed data is damaged", e); // some decoders do not check
      }
      bytes += Math.max(0, count);
      if (bytes > BYTES_BEFORE_RATIO && bytes / RATIO_MAX > compressed.bytes) {
        throw new Bomb();
      }
      return count;
    }

    @Override
    public boolean markSupported() {
      return false;
    }
  }
}
