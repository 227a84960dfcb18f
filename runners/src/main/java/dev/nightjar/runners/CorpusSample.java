package dev.nightjar.runners;

import dev.nightjar.cachestore.DeadLetter;
import dev.nightjar.cachestore.FileReading;
import dev.nightjar.pipelines.model.Document;
import dev.nightjar.pipelines.read.CorpusFiles;
import dev.nightjar.pipelines.read.Decompression;
import dev.nightjar.pipelines.read.DocumentReader;
import dev.nightjar.pipelines.task.TaskSpec;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.apache.beam.sdk.io.FileSystems;
import org.apache.beam.sdk.io.fs.MatchResult;
import org.apache.beam.sdk.options.PipelineOptionsFactory;

/**
 * The first documents of a corpus, read as a night reads them, in this thread and no further than
 * need be.
 *
 * @param documents those that were wanted
 * @param refused input that became no document, as far as was read
 * @param files how each file was read that was read to its end
 */
record CorpusSample(List<Document> documents, List<DeadLetter> refused, List<FileReading> files) {

  CorpusSample {
    documents = List.copyOf(documents);
    refused = List.copyOf(refused);
    files = List.copyOf(files);
  }

  /** There are enough. */
  private static final class Enough extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Enough() {
      super(null, null, false, false);
    }
  }

  /**
   * Reads documents until there are enough, or the corpus ends.
   *
   * @param patterns absolute ones
   * @param wanted which documents count
   * @param documentsMax how many are enough, at least 1
   * @throws dev.nightjar.cachestore.NightjarException CORPUS_EMPTY or INPUT_UNREADABLE if a pattern
   *     matches nothing that can be read
   */
  static CorpusSample read(
      List<String> patterns, TaskSpec task, Predicate<Document> wanted, int documentsMax) {
    FileSystems.setDefaultPipelineOptions(PipelineOptionsFactory.create());
    List<Document> documents = new ArrayList<>();
    List<DeadLetter> refused = new ArrayList<>();
    List<FileReading> files = new ArrayList<>();
    DocumentReader reader =
        new DocumentReader(
            task,
            document -> {
              if (wanted.test(document)) {
                documents.add(document);
                if (documents.size() == documentsMax) {
                  throw new Enough();
                }
              }
            },
            refused::add);
    try {
      String root = CorpusFiles.root(patterns);
      for (MatchResult.Metadata file : CorpusFiles.match(patterns)) {
        String uri = file.resourceId().toString();
        files.add(reader.read(uri, CorpusFiles.path(root, uri), () -> open(file)));
      }
    } catch (Enough e) {
      // the rest is of no interest
    }
    return new CorpusSample(documents, refused, files);
  }

  /** A file's content, decompressed. */
  static InputStream decompressed(MatchResult.Metadata file) throws IOException {
    return Decompression.decompressed(file.resourceId().toString(), open(file));
  }

  private static InputStream open(MatchResult.Metadata file) throws IOException {
    return Channels.newInputStream(FileSystems.open(file.resourceId()));
  }
}
