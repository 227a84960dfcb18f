package dev.nightjar.runners;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.testing.TestPostgres;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LintCommandTest {
  @TempDir Path home;

  private static final String TASK =
      """
      name: parcels
      system: |
        Please judge the parcel by what is in it.
        Please judge the parcel by what is in it.
      user: "{{text}}"
      output_schema:
        type: object
        additionalProperties: false
        required: [topic]
        properties:
          topic: {type: string}
      tiers:
        - name: small
          provider: openai
          model: gpt-6-luna
          output_tokens_max: 60
      """;

  @Test
  void aPromptIsPricedItsEditsAreShownAndWrittenOnlyWhenAskedFor() throws Exception {
    DatabaseAddress database = TestPostgres.newDatabase();
    Path file = Files.writeString(home.resolve("kept.yaml"), TASK);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
    Files.createSymbolicLink(home.resolve("parcels.yaml"), file);
    String lint = "lint parcels.yaml --database " + database.url();
    List<CommandProcess.Ended> ended =
        new CommandProcess(home, database)
            .run(
                List.of(
                    lint,
                    lint + " --json --requests 1000000",
                    lint + " --requests 0",
                    lint + " --write",
                    lint));
    assertThat(ended).extracting(CommandProcess.Ended::exitCode).containsExactly(0, 0, 2, 0, 0);
    assertThat(ended.get(0).output())
        .contains("10,000 requests a night, assumed", "system prompt", "safe", "padded")
        .contains("--write would apply", "-  Please judge the parcel by what is in it.");
    JsonNode json = new ObjectMapper().readTree(ended.get(1).output());
    assertThat(json.path("requests").asInt()).isEqualTo(1_000_000);
    assertThat(json.path("findings").findValuesAsText("kind")).contains("safe", "padded");
    JsonNode safe = json.path("findings").get(0);
    assertThat(safe.path("usd_a_night").asDouble())
        .isEqualTo(safe.path("tokens").asDouble() * json.path("input_usd_per_million").asDouble());
    assertThat(ended.get(3).output()).contains("written to");
    assertThat(Files.readString(file))
        .isEqualTo(TASK.replaceFirst("  Please judge the parcel by what is in it.\n", ""));
    assertThat(home.resolve("parcels.yaml")).isSymbolicLink();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-r-----");
    try (Stream<Path> files = Files.list(home)) {
      assertThat(files.map(Path::getFileName).map(Path::toString))
          .noneMatch(name -> name.startsWith(".lint"));
    }
    assertThat(ended.get(4).output()).doesNotContain("--write would apply");
  }
}
