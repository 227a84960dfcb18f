package dev.nightjar.pipelines.submit;

import java.util.Optional;

/** The name under which a submission's requests lie at a provider: by it an orphan is known. */
final class UploadName {
  private static final String SUFFIX = ".jsonl";

  private UploadName() {}

  static String of(String submissionId) {
    return submissionId + SUFFIX;
  }

  /** The submission in a file's name; empty if the name is none of ours. */
  static Optional<String> submissionId(String fileName) {
    return fileName.endsWith(SUFFIX)
        ? Optional.of(fileName.substring(0, fileName.length() - SUFFIX.length()))
        : Optional.empty();
  }
}
