package dev.nightjar.pipelines.read;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nightjar.cachestore.DeadLetter;
import dev.nightjar.cachestore.FileReading;
import dev.nightjar.pipelines.TestTasks;
import dev.nightjar.pipelines.model.Document;
import dev.nightjar.pipelines.task.TaskSpec;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Files of any bytes: the first says the format. */
public final class ReaderFuzz {
  private static final List<String> NAMES =
      List.of("a.csv", "a.jsonl", "a.json", "a.tsv", "a.txt", "a.md", "a.csv", "a.jsonl");

  private static final TaskSpec TASK = TestTasks.task();
  private static final TaskSpec TEXT =
      TestTasks.of(
          TestTasks.YAML.replace("{{title}}: ", "").replace("input:\n  fields: [title]\n", ""));

  private ReaderFuzz() {}

  /** What is read is storable and counted; nothing else comes of any file. */
  public static void fuzzerTestOneInput(byte[] data) {
    if (data.length == 0) {
      return;
    }
    int choice = data[0] & 7;
    byte[] bytes = Arrays.copyOfRange(data, 1, data.length);
    if (choice >= 6) { // deeper: past a header, inside a record
      byte[] head =
          (choice == 6 ? "id;title;text\n1;a;" : "{\"id\":1,\"title\":\"a\",\"text\":")
              .getBytes(StandardCharsets.UTF_8);
      byte[] whole = Arrays.copyOf(head, head.length + bytes.length);
      System.arraycopy(bytes, 0, whole, head.length, bytes.length);
      bytes = whole;
    }
    byte[] file = bytes;
    List<Document> documents = new ArrayList<>();
    List<DeadLetter> refused = new ArrayList<>();
    FileReading reading =
        new DocumentReader(choice == 4 || choice == 5 ? TEXT : TASK, documents::add, refused::add)
            .read(NAMES.get(choice), () -> new ByteArrayInputStream(file));
    assertThat(reading.documents()).isEqualTo(documents.size());
    assertThat(reading.refused()).isEqualTo(refused.size());
    for (Document document : documents) {
      assertThat(document.id()).isNotBlank().isEqualTo(DocumentReader.storable(document.id()));
      assertThat(document.text()).isEqualTo(DocumentReader.storable(document.text()));
      assertThat(DocumentReader.isBlank(document.text())).isFalse();
    }
    for (DeadLetter letter : refused) {
      assertThat(letter.reason()).isNotBlank().doesNotContain("\n");
    }
  }
}
