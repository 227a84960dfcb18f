package dev.nightjar.pipelines.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nightjar.cachestore.AuditStore;
import dev.nightjar.pipelines.task.TaskLoader;
import dev.nightjar.pipelines.task.TaskSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GoldFileTest {
  @TempDir Path home;

  private TaskSpec task;

  @BeforeEach
  void load() throws IOException {
    Path file = home.resolve("task.yaml");
    Files.writeString(
        file,
        """
        name: test
        system: Say what it is.
        user: "{{text}}"
        input: {id_field: key}
        output_schema:
          type: object
          properties:
            kind: {enum: [a, "1"]}
            score: {type: [number, "null"]}
            sure: {type: boolean}
            tags: {type: array, items: {type: string}}
        tiers:
          - {name: only, provider: openai, model: gpt-6-luna, output_tokens_max: 60}
        """);
    task = TaskLoader.load(file);
  }

  private List<AuditStore.Gold> read(String name, String text) throws IOException {
    return GoldFile.read(Files.writeString(home.resolve(name), text), task);
  }

  @Test
  void aCellIsReadAsTheSchemaHasIt() throws IOException {
    assertThat(
            read(
                "gold.csv",
                "key,kind,score,sure,tags,note\n"
                    + "one,1,2.5,TRUE,\"[\"\"x\"\"]\",passed over\n"
                    + "two,a,null,,,\n"))
        .containsExactly(
            new AuditStore.Gold(
                "one", "{\"kind\":\"1\",\"score\":2.5,\"sure\":true,\"tags\":[\"x\"]}"),
            new AuditStore.Gold("two", "{\"kind\":\"a\",\"score\":null}"));
  }

  @Test
  void linesOfJsonAreTakenAsTheyAre() throws IOException {
    assertThat(read("gold.jsonl", "{\"key\": \"one\", \"sure\": false, \"more\": 1}\n\n"))
        .containsExactly(new AuditStore.Gold("one", "{\"sure\":false}"));
  }

  @Test
  void whatDoesNotFitIsToldByItsLine() {
    assertThatThrownBy(() -> read("gold.csv", "key,score\none,1\ntwo,many\n"))
        .hasMessageContaining("gold.csv:3: score: expected null or number, but was 'many'");
    assertThatThrownBy(() -> read("gold.csv", "id,score\none,1\n"))
        .hasMessageContaining("gold.csv:2: expected a document's id in the field 'key'");
    assertThatThrownBy(() -> read("gold.jsonl", "{\"key\": \"one\""))
        .hasMessageContaining("gold.jsonl:1: expected a JSON object a line");
  }
}
