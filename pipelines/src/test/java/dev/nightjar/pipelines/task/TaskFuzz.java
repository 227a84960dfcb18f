package dev.nightjar.pipelines.task;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.nightjar.pipelines.TestTasks;
import dev.nightjar.pipelines.submit.RequestLines;
import java.nio.charset.StandardCharsets;

/** Task files of any text, and any output schema in one that is otherwise good. */
public final class TaskFuzz {
  private static final String BEFORE = TestTasks.YAML.replaceAll("(?s)output_schema:.*", "");
  private static final String AFTER = TestTasks.YAML.replaceAll("(?s).*\ntiers:", "tiers:");

  private TaskFuzz() {}

  /** Either it loads, and then it can judge, or each of its problems is one line. */
  public static void fuzzerTestOneInput(byte[] data) {
    String text = new String(data, StandardCharsets.UTF_8);
    load(text);
    load(BEFORE + "output_schema: " + text.replace('\n', ' ') + "\n" + AFTER);
  }

  private static void load(String yaml) {
    TaskSpec task;
    try {
      task = TaskLoader.parse("task.yaml", yaml);
    } catch (TaskInvalidException e) {
      assertThat(e.getMessage()).isNotBlank();
      e.problems()
          .forEach(problem -> assertThat(problem.toString()).isNotBlank().doesNotContain("\n"));
      return;
    }
    AnswerSchema.of(task.outputSchemaJson())
        .firstProblem(JsonNodeFactory.instance.objectNode().put("topic", "tax"));
    RequestLines requests = new RequestLines(task);
    task.tiers().forEach(tier -> requests.of(tier, "id", "prompt"));
  }
}
