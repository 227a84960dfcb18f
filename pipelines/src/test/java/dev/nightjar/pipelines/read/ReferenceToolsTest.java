package dev.nightjar.pipelines.read;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.nightjar.pipelines.TestTasks;
import dev.nightjar.pipelines.model.Document;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The text of documents, against that of pdftotext and pandoc: the same words in the same order.
 */
class ReferenceToolsTest {
  private static final double SHARE_MIN = 0.95;
  private static final int WORDS_MAX = 6_000;
  private static final int FILES_MAX = 5;
  private static final Pattern WORD = Pattern.compile("[\\p{L}\\p{N}_]+");

  @TempDir Path directory;

  private static boolean has(String program) {
    return Stream.of(System.getenv("PATH").split(":"))
        .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
  }

  private String run(String... command) throws IOException, InterruptedException {
    Path out = directory.resolve("out.txt");
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(out.toFile())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
    return new String(Files.readAllBytes(out), StandardCharsets.UTF_8);
  }

  private static String ours(Path file) {
    List<Document> documents = new ArrayList<>();
    new DocumentReader(
            TestTasks.of(
                TestTasks.YAML
                    .replace("{{title}}: ", "")
                    .replace("input:\n  fields: [title]\n", "")),
            documents::add,
            letter -> {
              throw new AssertionError(letter);
            })
        .read(file.toString(), file.getFileName().toString(), () -> Files.newInputStream(file));
    return documents.get(0).text();
  }

  private static List<String> words(String text) {
    return WORD.matcher(text).results().map(word -> word.group()).limit(WORDS_MAX).toList();
  }

  /**
   * Of the reference's words, how many are ours in the same order: their longest common
   * subsequence.
   */
  private static double share(String reference, String ours) {
    List<String> theirs = words(reference);
    List<String> own = words(ours);
    int[] before = new int[own.size() + 1];
    for (String word : theirs) {
      int[] now = new int[own.size() + 1];
      for (int i = 1; i <= own.size(); i++) {
        now[i] = own.get(i - 1).equals(word) ? before[i - 1] + 1 : Math.max(now[i - 1], before[i]);
      }
      before = now;
    }
    return (double) before[own.size()] / theirs.size();
  }

  @Test
  void pdfsOfThisMachineReadAsPdftotextReadsThem() throws Exception {
    assumeTrue(has("pdftotext"), "no pdftotext: runners/bin/install-packages --tests installs it");
    List<Path> files;
    try (Stream<Path> all = Files.walk(Path.of("/usr/share/doc"))) {
      files =
          all.filter(file -> file.toString().endsWith(".pdf")).sorted().limit(FILES_MAX).toList();
    } catch (IOException | UncheckedIOException e) {
      files = List.of();
    }
    assumeTrue(!files.isEmpty(), "no PDF below /usr/share/doc");
    for (Path file : files) {
      // Both keep a hyphen at a line's end or take it out, each as it sees fit.
      String reference = run("pdftotext", "-q", file.toString(), "-");
      assertThat(share(joined(reference), joined(ours(file))))
          .as(file.toString())
          .isGreaterThanOrEqualTo(SHARE_MIN);
    }
  }

  private static String joined(String text) {
    return text.replaceAll("[-\u00AD]\\s*\\R\\s*", "");
  }

  @ParameterizedTest
  @ValueSource(strings = {"docx", "html", "epub", "odt", "rtf"})
  void whatPandocWritesReadsAsPandocReadsIt(String format) throws Exception {
    assumeTrue(has("pandoc"), "no pandoc: runners/bin/install-packages --tests installs it");
    for (String page : List.of("tasks.md", "operations.md", "providers.md")) {
      Path file = directory.resolve(page + "." + format);
      run("pandoc", "-s", "-M", "title=A page", "-o", file.toString(), "../docs/" + page);
      String reference = run("pandoc", "-t", "plain", "--wrap=none", file.toString());
      assertThat(share(reference, ours(file)))
          .as(page + " as " + format)
          .isGreaterThanOrEqualTo(SHARE_MIN);
    }
  }
}
