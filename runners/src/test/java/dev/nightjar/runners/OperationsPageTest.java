package dev.nightjar.runners;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nightjar.cachestore.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** The operations page keeps up with the code. */
class OperationsPageTest {
  private static String page() throws IOException {
    return Files.readString(Path.of("../docs/operations.md"));
  }

  @Test
  void everyErrorCodeIsToldWithWhatHappenedAndWhatToDoAndNoOther() throws Exception {
    List<String> told =
        Pattern.compile("(?m)^\\| `([A-Z_]+)` \\| [^|]{10,} \\| [^|]{5,} \\|$")
            .matcher(page())
            .results()
            .map(row -> row.group(1))
            .toList();
    assertThat(told)
        .containsExactlyInAnyOrderElementsOf(
            Arrays.stream(ErrorCode.values()).map(ErrorCode::name).toList());
  }

  @Test
  void theTableOfExitCodesIsThatOfTheCode() throws Exception {
    List<String> told =
        Pattern.compile("(?m)^\\| (\\d+) \\| ")
            .matcher(page())
            .results()
            .map(row -> row.group(1))
            .toList();
    assertThat(told)
        .containsExactly(
            "0",
            String.valueOf(Main.EXIT_FAILED),
            String.valueOf(Main.EXIT_USAGE),
            String.valueOf(Main.EXIT_STOPPED),
            "130");
  }

  /** Of the README too: what stands there can be typed. */
  @Test
  void everyCommandThatThePagesNameExists() throws Exception {
    CommandLine all = Main.commandLine();
    for (String page : List.of(page(), Files.readString(Path.of("../README.md")))) {
      List<MatchResult> named =
          Pattern.compile("(?:bin/|`|^)nightjar ([a-z]+)(?: ([a-z-]+))?", Pattern.MULTILINE)
              .matcher(page)
              .results()
              .toList();
      assertThat(named).hasSizeGreaterThan(5);
      for (MatchResult command : named) {
        CommandLine found = all.getSubcommands().get(command.group(1));
        assertThat(found).as(command.group()).isNotNull();
        if (command.group(2) != null && !found.getSubcommands().isEmpty()) {
          assertThat(found.getSubcommands()).as(command.group()).containsKey(command.group(2));
        }
      }
    }
  }
}
