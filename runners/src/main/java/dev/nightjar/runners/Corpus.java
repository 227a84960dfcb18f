package dev.nightjar.runners;

import dev.nightjar.cachestore.Fingerprint;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.pipelines.read.CorpusFiles;
import java.util.List;

/**
 * The files of a corpus, checked before anything starts.
 *
 * @param patterns absolute patterns
 * @param listing the files, by name, size and time, hashed: it changes when they do
 * @param strict whether a file that can be read by an assumption only stops the run
 */
record Corpus(List<String> patterns, String listing, boolean strict) {

  /**
   * Resolves patterns against the working directory.
   *
   * @throws NightjarException CORPUS_EMPTY if a pattern matches nothing, INPUT_UNREADABLE if a file
   *     cannot be read
   */
  static Corpus resolve(List<String> given, boolean strict) {
    List<String> patterns = given.stream().map(CorpusFiles::absolute).toList();
    return new Corpus(
        patterns,
        Fingerprint.sha256(
            CorpusFiles.match(patterns).stream()
                .map(
                    file ->
                        file.resourceId()
                            + " "
                            + file.sizeBytes()
                            + " "
                            + file.lastModifiedMillis())
                .toArray(String[]::new)),
        strict);
  }

  /** One text for the run's identity. */
  String identity() {
    return String.join(" ", patterns);
  }
}
