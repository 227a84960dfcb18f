package dev.nightjar.pipelines;

import dev.nightjar.pipelines.task.TaskLoader;
import dev.nightjar.pipelines.task.TaskSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Small tasks for tests. */
public final class TestTasks {
  /** A task over two tiers of two providers. */
  public static final String YAML =
      """
      name: test-task
      system: Answer in JSON.
      user: "{{title}}: {{text}}"
      input:
        fields: [title]
      output_schema:
        type: object
        additionalProperties: false
        required: [topic]
        properties:
          topic: {type: string, maxLength: 80}
      tiers:
        - name: small
          provider: openai
          model: gpt-6-luna
          output_tokens_max: 60
          prompt_tokens_max: 500
        - name: large
          provider: anthropic
          model: claude-opus-5-5
          output_tokens_max: 60
      """;

  private TestTasks() {}

  public static TaskSpec task() {
    return of(YAML);
  }

  public static TaskSpec of(String yaml) {
    try {
      Path file = Files.createTempFile("task", ".yaml");
      Files.writeString(file, yaml);
      try {
        return TaskLoader.load(file);
      } finally {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
