package dev.nightjar.pipelines.read;

import dev.nightjar.cachestore.DeadLetter;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.FileReading;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.pipelines.beam.RecordCoder;
import dev.nightjar.pipelines.model.Document;
import dev.nightjar.pipelines.task.TaskSpec;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.util.List;
import org.apache.beam.sdk.coders.ListCoder;
import org.apache.beam.sdk.coders.StringUtf8Coder;
import org.apache.beam.sdk.io.Compression;
import org.apache.beam.sdk.io.FileIO;
import org.apache.beam.sdk.io.FileIO.ReadableFile;
import org.apache.beam.sdk.io.fs.MatchResult;
import org.apache.beam.sdk.io.fs.MetadataCoderV2;
import org.apache.beam.sdk.transforms.Create;
import org.apache.beam.sdk.transforms.DoFn;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.transforms.Reshuffle;
import org.apache.beam.sdk.values.PBegin;
import org.apache.beam.sdk.values.PCollectionTuple;
import org.apache.beam.sdk.values.TupleTag;
import org.apache.beam.sdk.values.TupleTagList;

/**
 * Reads the files that match patterns as documents; outputs {@link #DOCUMENTS}, {@link
 * #DEAD_LETTERS}, and how each file was read as {@link #FILES}.
 */
public final class ReadCorpus extends PTransform<PBegin, PCollectionTuple> {
  private static final long serialVersionUID = 1L;

  public static final TupleTag<Document> DOCUMENTS = new TupleTag<>("documents") {};
  public static final TupleTag<DeadLetter> DEAD_LETTERS = new TupleTag<>("dead letters") {};
  public static final TupleTag<FileReading> FILES = new TupleTag<>("files") {};

  private final List<String> patterns;
  private final TaskSpec task;
  private final boolean strict;

  private ReadCorpus(List<String> patterns, TaskSpec task, boolean strict) {
    this.patterns = patterns;
    this.task = task;
    this.strict = strict;
  }

  /** Reads all files that match one of the patterns. */
  public static ReadCorpus matching(List<String> patterns, TaskSpec task) {
    return new ReadCorpus(List.copyOf(patterns), task, false);
  }

  /** The same, but a file that can be read by an assumption only stops the run. */
  public ReadCorpus strict(boolean isStrict) {
    return new ReadCorpus(patterns, task, isStrict);
  }

  @Override
  public PCollectionTuple expand(PBegin input) {
    PCollectionTuple read =
        input
            .apply(
                "List patterns",
                Create.of(List.of(patterns)).withCoder(ListCoder.of(StringUtf8Coder.of())))
            .apply("Match files", ParDo.of(new MatchFn()))
            .setCoder(MetadataCoderV2.of())
            .apply("Open files", FileIO.readMatches().withCompression(Compression.UNCOMPRESSED))
            // Matching leaves all files in one subtask; this spreads them.
            .apply("Spread files", Reshuffle.viaRandomKey())
            .apply(
                "Read documents",
                ParDo.of(new ReadFn(CorpusFiles.root(patterns), task, strict))
                    .withOutputTags(DOCUMENTS, TupleTagList.of(DEAD_LETTERS).and(FILES)));
    read.get(DOCUMENTS).setCoder(RecordCoder.of(Document.class));
    read.get(DEAD_LETTERS).setCoder(RecordCoder.of(DeadLetter.class));
    read.get(FILES).setCoder(RecordCoder.of(FileReading.class));
    return read;
  }

  private static final class MatchFn extends DoFn<List<String>, MatchResult.Metadata> {
    private static final long serialVersionUID = 1L;

    @ProcessElement
    public void process(
        @Element List<String> patterns, OutputReceiver<MatchResult.Metadata> output) {
      CorpusFiles.match(patterns).forEach(output::output);
    }
  }

  private static final class ReadFn extends DoFn<ReadableFile, Document> {
    private static final long serialVersionUID = 1L;
    private final String root;
    private final TaskSpec task;
    private final boolean strict;

    ReadFn(String root, TaskSpec task, boolean strict) {
      this.root = root;
      this.task = task;
      this.strict = strict;
    }

    @ProcessElement
    public void process(@Element ReadableFile file, MultiOutputReceiver output) {
      OutputReceiver<Document> documents = output.get(DOCUMENTS);
      OutputReceiver<DeadLetter> deadLetters = output.get(DEAD_LETTERS);
      String uri = file.getMetadata().resourceId().toString();
      FileReading reading =
          new DocumentReader(task, documents::output, deadLetters::output)
              .read(uri, CorpusFiles.path(root, uri), () -> bytes(file));
      if (strict && !reading.assumptions().isEmpty()) {
        throw new NightjarException(
            ErrorCode.INPUT_ASSUMED,
            uri,
            String.join("; ", reading.assumptions()),
            "correct the file, or run without --strict");
      }
      output.get(FILES).output(reading);
    }

    private static InputStream bytes(ReadableFile file) throws IOException {
      return Channels.newInputStream(file.open());
    }
  }
}
