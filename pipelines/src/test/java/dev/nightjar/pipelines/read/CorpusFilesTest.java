package dev.nightjar.pipelines.read;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CorpusFilesTest {
  @TempDir Path directory;

  private Path file(String name) throws IOException {
    Path file = directory.resolve(name);
    Files.createDirectories(file.getParent());
    return Files.writeString(file, name);
  }

  private List<String> match(String... patterns) {
    return CorpusFiles.match(Stream.of(patterns).map(p -> directory + "/" + p).toList()).stream()
        .map(
            metadata ->
                metadata.resourceId().toString().substring(directory.toString().length() + 1))
        .toList();
  }

  @Test
  void aLoopOfLinksEndsAndOnlyTheNamedLevelsAreLookedAt() throws IOException {
    file("d/a.jsonl");
    file("d/s/b.jsonl");
    file("d/s/t/c.jsonl");
    Files.createSymbolicLink(directory.resolve("d/l"), Path.of("."));
    Files.createSymbolicLink(directory.resolve("d/s/u"), Path.of(".."));
    assertThat(match("d/*.jsonl")).containsExactly("d/a.jsonl");
    assertThat(match("d/*/*.jsonl")).containsExactly("d/l/a.jsonl", "d/s/b.jsonl");
    assertThat(match("d/**/*.jsonl")).containsExactly("d/a.jsonl", "d/s/b.jsonl", "d/s/t/c.jsonl");
    assertThat(match("d/**.jsonl")).hasSize(3);
    assertThat(match("**/t/*.jsonl")).containsExactly("d/s/t/c.jsonl");
  }

  @Test
  void aFolderIsAllThatIsBelowItButWhatIsHidden() throws IOException {
    for (String name : List.of("d/a.pdf", "d/s/b", "d/.git/config", "d/s/.DS_Store", "e.txt")) {
      file(name);
    }
    assertThat(match("d")).containsExactly("d/a.pdf", "d/s/b");
    assertThat(match("d/")).hasSize(2);
    Files.createDirectory(directory.resolve("empty"));
    assertThatThrownBy(() -> match("empty")).hasMessageStartingWith("CORPUS_EMPTY: ");
  }

  @Test
  void aSchemeThatNoFileSystemHasSaysWhereToPutOne() {
    assertThatThrownBy(() -> CorpusFiles.match(List.of("s3://bucket/*.eml")))
        .hasMessageStartingWith("INPUT_UNREADABLE: s3://bucket/*.eml")
        .hasMessageContaining("NIGHTJAR_CLASSPATH");
  }

  private String root(String... patterns) {
    String root = CorpusFiles.root(Stream.of(patterns).map(p -> directory + "/" + p).toList());
    return root.substring(Math.min(root.length(), directory.toString().length() + 1));
  }

  @Test
  void idsAreToldFromTheFolderThatAllPatternsAreBelow() throws IOException {
    file("d/a.pdf");
    file("d/s/b.pdf");
    file("d/[x].csv");
    assertThat(root("d")).isEqualTo("d/");
    assertThat(root("d/")).isEqualTo("d/");
    assertThat(root("d/*.pdf")).isEqualTo("d/");
    assertThat(root("d/**/*.pdf")).isEqualTo("d/");
    assertThat(root("d/a.pdf")).isEqualTo("d/");
    assertThat(root("d/[x].csv")).isEqualTo("d/");
    assertThat(root("d/a.pdf", "d/s/*.pdf")).isEqualTo("d/");
    assertThat(root("d/a.pdf", "e/*")).isEmpty();
    assertThat(CorpusFiles.root(List.of("s3://bucket/mail/2026-*/x.eml")))
        .isEqualTo("s3://bucket/mail/");
    assertThat(CorpusFiles.path("/d/", "/d/s/b.pdf")).isEqualTo("s/b.pdf");
    assertThat(CorpusFiles.path("/d/", "/e")).isEqualTo("/e");
  }

  @Test
  void aFileOfSeveralNamesIsReadOnce() throws IOException {
    file("a.csv");
    Files.createSymbolicLink(directory.resolve("b.csv"), Path.of("a.csv"));
    assertThat(match("*.csv")).containsExactly("a.csv");
    assertThat(match("*.csv", "a.*", "./b.csv")).hasSize(1);
  }

  @Test
  void patternsMeanWhatShellsMean() throws IOException {
    for (String name : List.of("a1.csv", "a2.csv", "b1.csv", "[x].csv", "c d.csv", "ü.csv")) {
      file(name);
    }
    assertThat(match("a?.csv")).containsExactly("a1.csv", "a2.csv");
    assertThat(match("[ab]1.csv")).containsExactly("a1.csv", "b1.csv");
    assertThat(match("{a1,b1}.csv")).containsExactly("a1.csv", "b1.csv");
    assertThat(match("[x].csv")).as("a file of that very name").containsExactly("[x].csv");
    assertThat(match("c d.csv", "ü.csv")).containsExactly("c d.csv", "ü.csv");
    assertThat(match("*.csv")).hasSize(6);
  }

  @Test
  void whatIsListedAndCannotBeOpenedIsToldWithTheWayOut() throws IOException {
    file("a.csv");
    Files.createSymbolicLink(directory.resolve("b.csv"), Path.of("missing"));
    assertThatThrownBy(() -> match("*.csv"))
        .hasMessageStartingWith("INPUT_UNREADABLE: ")
        .hasMessageContaining("b.csv: it is a link to nothing");
    assertThatThrownBy(() -> match("x*.csv")).hasMessageStartingWith("CORPUS_EMPTY: ");
  }

  @Test
  void aNameInAnotherEncodingIsToldAndNotLeftOut() throws Exception {
    Process touch =
        new ProcessBuilder("sh", "-c", "printf x > \"$(printf 'caf\\351.csv')\"")
            .directory(directory.toFile())
            .start();
    assertThat(touch.waitFor()).isZero();
    assertThatThrownBy(() -> match("*.csv"))
        .hasMessageStartingWith("INPUT_UNREADABLE: ")
        .hasMessageContaining("its name is not written in");
  }
}
