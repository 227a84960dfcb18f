package dev.nightjar.sql;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Habits that a reader of the migrations may rely on. */
class MigrationLintTest {
  private static final Path MIGRATIONS = Path.of("migrations");
  private static final Path VIEWS = Path.of("views");
  private static final Pattern NAME = Pattern.compile("V([0-9]+)__[a-z0-9_]+\\.sql");
  private static final Pattern UPPER_CASE_KEYWORD =
      Pattern.compile("\\b(CREATE|SELECT|INSERT|UPDATE|DELETE|TABLE|INDEX|WHERE|FROM|NOT NULL)\\b");

  private static List<Path> files(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.sorted().toList();
    }
  }

  @Test
  void versionsAreNamedAndHaveNoGap() throws IOException {
    List<Integer> versions =
        files(MIGRATIONS).stream()
            .map(
                file -> {
                  Matcher matcher = NAME.matcher(file.getFileName().toString());
                  assertThat(matcher.matches()).as(file + " is named V<n>__<words>.sql").isTrue();
                  return Integer.parseInt(matcher.group(1));
                })
            .sorted()
            .toList();
    for (int i = 0; i < versions.size(); i++) {
      assertThat(versions.get(i)).isEqualTo(i + 1);
    }
  }

  @Test
  void everyFileOpensWithWhyAndIsLowerCase() throws IOException {
    for (Path directory : List.of(MIGRATIONS, VIEWS)) {
      for (Path file : files(directory)) {
        String sql = Files.readString(file);
        assertThat(sql).as(file.toString()).startsWith("-- ");
        assertThat(UPPER_CASE_KEYWORD.matcher(sql).find()).as(file + " is lower case").isFalse();
      }
    }
  }

  @Test
  void everyViewOpensWithTheQuestionItAnswers() throws IOException {
    for (Path file : files(VIEWS)) {
      String comment =
          Files.readString(file)
              .lines()
              .takeWhile(line -> line.startsWith("--"))
              .reduce("", String::concat);
      assertThat(comment).as(file.toString()).contains("?");
    }
  }

  @Test
  void aMigrationMakesOneObjectAndNamesItsConstraints() throws IOException {
    for (Path file : files(MIGRATIONS)) {
      String sql = Files.readString(file);
      assertThat(sql.split("\\bcreate table\\b", -1).length - 1)
          .as(file + " makes at most one table")
          .isLessThanOrEqualTo(1);
      assertThat(
              sql.lines()
                  .map(String::strip)
                  .filter(line -> line.matches("(primary key|unique|foreign key|check) ?\\(.*"))
                  .toList())
          .as(file + " names every constraint")
          .isEmpty();
    }
  }

  @Test
  void moneyIsNumeric() throws IOException {
    for (Path file : files(MIGRATIONS)) {
      assertThat(
              Files.readString(file).lines().filter(line -> line.matches(" +\\w+_usd .*")).toList())
          .as(file.toString())
          .allSatisfy(line -> assertThat(line).contains(" numeric"));
    }
  }
}
