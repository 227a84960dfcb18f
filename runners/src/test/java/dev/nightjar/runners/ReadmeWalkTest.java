package dev.nightjar.runners;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.nightjar.cachestore.local.LocalPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The README's own night, command by command, through the launcher, with nothing in the
 * environment.
 */
class ReadmeWalkTest {
  private static final int SECONDS_MAX = 600;

  private Path directory;
  private Path checkout;

  @BeforeEach
  void install() throws IOException {
    assumeTrue(LocalPostgres.binariesWithVector().isPresent(), "no PostgreSQL with pgvector here");
    directory = Files.createTempDirectory("nightjar-walk");
    checkout = Checkout.in(directory);
    InitCommandTest.example(checkout);
    Files.delete(checkout.resolve("tickets.yaml")); // a stranger has data, and no task
  }

  @AfterEach
  void remove() throws Exception {
    if (directory == null) {
      return;
    }
    shell("runners/bin/nightjar db destroy --confirm " + directory.resolve("home/.nightjar"));
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  private record Ended(int exitCode, String output) {}

  private Ended shell(String command) throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder("/bin/bash", "-c", command)
            .directory(checkout.toFile())
            .redirectErrorStream(true);
    builder.environment().clear();
    builder.environment().put("PATH", "/usr/bin:/bin");
    builder.environment().put("HOME", directory.resolve("home").toString());
    // A short life is over before C2's code pays.
    builder.environment().put("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1");
    Process process = builder.start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes());
    assertThat(process.waitFor(SECONDS_MAX, TimeUnit.SECONDS)).isTrue();
    return new Ended(process.exitValue(), output);
  }

  private static List<String> commands() throws IOException {
    Matcher block =
        Pattern.compile("## Your own night.*?```sh\\n(.*?)```", Pattern.DOTALL)
            .matcher(Files.readString(Path.of("../README.md")));
    assertThat(block.find()).isTrue();
    return Arrays.asList(block.group(1).split("\n"));
  }

  @Test
  void fiveCommandsLeadFromAFileOfOnesOwnToItsAnswersForFree() throws Exception {
    List<String> commands = commands();
    assertThat(commands).hasSizeLessThanOrEqualTo(5);
    for (String command : commands) {
      Ended ended = shell(command);
      assertThat(ended.exitCode()).as(command + "\n" + ended.output()).isZero();
    }
    assertThat(shell("runners/bin/nightjar results --rehearse").output())
        .contains("150 of 150 answered");
    assertThat(Files.readString(checkout.resolve("nightjar-report.html")))
        .contains("150 of 150 answered");
  }
}
