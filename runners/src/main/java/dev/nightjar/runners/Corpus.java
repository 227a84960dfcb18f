package dev.nightjar.runners;

import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.Fingerprint;
import dev.nightjar.cachestore.NightjarException;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.apache.beam.sdk.io.FileSystems;
import org.apache.beam.sdk.io.fs.MatchResult;

/**
 * The files of a corpus, checked before anything starts.
 *
 * @param patterns absolute patterns
 * @param listing the files, by name, size and time, hashed: it changes when they do
 */
record Corpus(List<String> patterns, String listing) {

  /**
   * Resolves patterns against the working directory.
   *
   * @throws NightjarException CORPUS_EMPTY if a pattern matches nothing, INPUT_UNREADABLE if a file
   *     cannot be read
   */
  static Corpus resolve(List<String> given) {
    List<String> patterns = new ArrayList<>();
    Set<String> files = new TreeSet<>();
    for (String pattern : given) {
      boolean hasScheme = pattern.matches("[a-z][a-z0-9+.-]+://.*");
      String absolute =
          hasScheme || pattern.startsWith("/") ? pattern : new File(pattern).getAbsolutePath();
      List<MatchResult.Metadata> matches = match(pattern, absolute);
      for (MatchResult.Metadata match : matches) {
        files.add(match.resourceId() + " " + match.sizeBytes() + " " + match.lastModifiedMillis());
        Path local = Path.of(match.resourceId().toString());
        if (!hasScheme && (!Files.isReadable(local) || Files.isDirectory(local))) {
          throw new NightjarException(
              ErrorCode.INPUT_UNREADABLE,
              local.toString(),
              Files.isDirectory(local) ? "is a directory" : "this user may not read it",
              Files.isDirectory(local)
                  ? "give a pattern such as '" + local + "/*.jsonl'"
                  : "correct its permissions");
        }
      }
      patterns.add(absolute);
    }
    return new Corpus(patterns, Fingerprint.sha256(files.toArray(String[]::new)));
  }

  private static List<MatchResult.Metadata> match(String given, String pattern) {
    try {
      MatchResult result = FileSystems.match(pattern);
      if (result.status() == MatchResult.Status.OK && !result.metadata().isEmpty()) {
        return result.metadata();
      }
    } catch (java.io.FileNotFoundException e) {
      // falls through to the same message
    } catch (IOException | IllegalArgumentException e) {
      throw new NightjarException(
          ErrorCode.INPUT_UNREADABLE, given, String.valueOf(e.getMessage()), "correct --corpus", e);
    }
    throw new NightjarException(
        ErrorCode.CORPUS_EMPTY, given, "no file matches this pattern", "correct --corpus");
  }

  /** One text for the run's identity. */
  String identity() {
    return String.join(" ", patterns);
  }
}
