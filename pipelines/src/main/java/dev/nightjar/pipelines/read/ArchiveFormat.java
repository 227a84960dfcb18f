package dev.nightjar.pipelines.read;

import dev.nightjar.cachestore.ErrorCode;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Enumeration;
import java.util.Optional;
import java.util.Set;
import org.apache.commons.compress.archivers.ArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipFile;

/** Many files in one: zip and tar. Each is read by its own format. */
final class ArchiveFormat implements DocumentFormat {
  /** How many files of one archive are read. */
  static final int FILES_MAX = 100_000;

  @Override
  public Set<String> mediaTypes() {
    return Set.of("application/zip", "application/x-tar", "application/x-gtar");
  }

  @Override
  public Optional<Set<String>> fields() {
    return Optional.empty();
  }

  @Override
  public boolean isConfined() {
    return false; // streams; what is inside is read by its own format
  }

  @Override
  public Written read(CorpusFile file, Columns columns, Records records) throws IOException {
    return file.mediaType().endsWith("tar") ? tar(file, records) : zip(file, records);
  }

  private static Written tar(CorpusFile file, Records records) throws IOException {
    long files = 0;
    try (TarArchiveInputStream tar = new TarArchiveInputStream(file.open(), "UTF-8")) {
      for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        if (entry.isFile() && isWanted(entry)) {
          if (isTooMany(++files, records)) {
            break;
          }
          records.file(path(entry), () -> unclosed(tar));
        }
      }
    }
    return written("tar", files, records);
  }

  private static Written zip(CorpusFile file, Records records) throws IOException {
    return file.onDisk(
        path -> {
          long files = 0;
          try (ZipFile zip = ZipFile.builder().setPath(path).get()) {
            for (Enumeration<ZipArchiveEntry> all = zip.getEntriesInPhysicalOrder();
                all.hasMoreElements(); ) {
              ZipArchiveEntry entry = all.nextElement();
              if (entry.isDirectory() || entry.isUnixSymlink() || !isWanted(entry)) {
                continue;
              }
              if (isTooMany(++files, records)) {
                break;
              }
              if (entry.getGeneralPurposeBit().usesEncryption()) {
                records.file(
                    path(entry),
                    () -> {
                      throw new Encrypted();
                    });
              } else {
                records.file(
                    path(entry),
                    () ->
                        Decompression.bounded(
                            zip.getInputStream(entry), entry.getCompressedSize()));
              }
            }
          }
          return written("zip", files, records);
        });
  }

  private static Written written(String kind, long files, Records records) {
    if (files == 0) {
      records.refuse(0, "", ErrorCode.INPUT_EMPTY, "expected files, found none in the archive");
    }
    return Written.as(kind + " of " + files + (files == 1 ? " file" : " files"));
  }

  private static boolean isTooMany(long files, Records records) {
    if (files <= FILES_MAX) {
      return false;
    }
    records.refuse(
        files,
        "",
        ErrorCode.INPUT_TOO_LARGE,
        "expected at most " + FILES_MAX + " files in an archive; those behind are unread");
    return true;
  }

  /** Hidden files, and what macOS puts beside each file, are nobody's documents. */
  private static boolean isWanted(ArchiveEntry entry) {
    return !entry.isDirectory()
        && !("/" + entry.getName().replace('\\', '/')).matches("(?s).*/(\\.[^./]|__MACOSX/).*");
  }

  /** Inside the archive; it is a name only, nothing is written there. */
  private static String path(ArchiveEntry entry) {
    return entry.getName().replace('\\', '/').replaceFirst("^(\\.?/)+", "");
  }

  private static InputStream unclosed(InputStream in) {
    return new FilterInputStream(in) {
      @Override
      public void close() {
        // the archive goes on behind it
      }
    };
  }
}
