package dev.nightjar.pipelines.read;

import dev.nightjar.cachestore.DeadLetter;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.pipelines.beam.RecordCoder;
import dev.nightjar.pipelines.model.Document;
import dev.nightjar.pipelines.task.TaskSpec;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.util.ArrayList;
import java.util.List;
import org.apache.beam.sdk.io.Compression;
import org.apache.beam.sdk.io.FileIO;
import org.apache.beam.sdk.io.FileIO.ReadableFile;
import org.apache.beam.sdk.io.fs.EmptyMatchTreatment;
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
 * Reads the files that match patterns as documents; outputs {@link #DOCUMENTS} and {@link
 * #DEAD_LETTERS}.
 */
public final class ReadCorpus extends PTransform<PBegin, PCollectionTuple> {
  private static final long serialVersionUID = 1L;

  public static final TupleTag<Document> DOCUMENTS = new TupleTag<>("documents") {};
  public static final TupleTag<DeadLetter> DEAD_LETTERS = new TupleTag<>("dead letters") {};

  private final List<String> patterns;
  private final TaskSpec task;

  private ReadCorpus(List<String> patterns, TaskSpec task) {
    this.patterns = patterns;
    this.task = task;
  }

  /** Reads all files that match one of the patterns. */
  public static ReadCorpus matching(List<String> patterns, TaskSpec task) {
    return new ReadCorpus(List.copyOf(patterns), task);
  }

  @Override
  public PCollectionTuple expand(PBegin input) {
    PCollectionTuple read =
        input
            .apply("List patterns", Create.of(patterns))
            .apply(
                "Match files", FileIO.matchAll().withEmptyMatchTreatment(EmptyMatchTreatment.ALLOW))
            .apply("Open files", FileIO.readMatches().withCompression(Compression.AUTO))
            // Matching leaves all files in one subtask; this spreads them.
            .apply("Spread files", Reshuffle.viaRandomKey())
            .apply(
                "Read documents",
                ParDo.of(new ReadFn(task))
                    .withOutputTags(DOCUMENTS, TupleTagList.of(DEAD_LETTERS)));
    read.get(DOCUMENTS).setCoder(RecordCoder.of(Document.class));
    read.get(DEAD_LETTERS).setCoder(RecordCoder.of(DeadLetter.class));
    return read;
  }

  private static final class ReadFn extends DoFn<ReadableFile, Document> {
    private static final long serialVersionUID = 1L;
    private final TaskSpec task;

    ReadFn(TaskSpec task) {
      this.task = task;
    }

    @ProcessElement
    public void process(@Element ReadableFile file, MultiOutputReceiver output) {
      OutputReceiver<Document> documents = output.get(DOCUMENTS);
      OutputReceiver<DeadLetter> deadLetters = output.get(DEAD_LETTERS);
      String uri = file.getMetadata().resourceId().toString();
      List<DeadLetter> unread = new ArrayList<>();
      try (InputStream bytes = Channels.newInputStream(file.open())) {
        new DocumentReader(task, documents::output, deadLetters::output).read(uri, bytes);
      } catch (IOException e) {
        unread.add(
            new DeadLetter(
                uri,
                0,
                "",
                ErrorCode.INPUT_UNREADABLE,
                "cannot be read to its end: "
                    + String.valueOf(e.getMessage()).lines().findFirst().orElse("")));
      }
      unread.forEach(deadLetters::output);
    }
  }
}
