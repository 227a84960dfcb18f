package dev.nightjar.runners;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.testing.TestPostgres;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CorpusQueryTest {
  private static final DatabaseAddress DATABASE = TestPostgres.newDatabase();

  @TempDir Path home;

  private Path keep(String query) {
    return new CorpusQuery(
            DATABASE.jdbcUrl() + "?user=" + DATABASE.user(),
            query,
            DATABASE.readPassword().orElse(null))
        .keep(home.resolve("corpora"));
  }

  private static String content(Path file) throws IOException {
    try (InputStream in = new GZIPInputStream(Files.newInputStream(file))) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @Test
  void rowsAreKeptAsJsonLines() throws IOException {
    Path file =
        keep(
            "select i as id, 'Grüße \"' || i || '\"' as text, null as note, date '2026-11-28' as opened"
                + " from generate_series(1, 2) i");
    assertThat(content(file).lines())
        .containsExactly(
            "{\"id\":\"1\",\"text\":\"Grüße \\\"1\\\"\",\"opened\":\"2026-11-28\"}",
            "{\"id\":\"2\",\"text\":\"Grüße \\\"2\\\"\",\"opened\":\"2026-11-28\"}");
    assertThat(
            content(keep("select i as id, 'x' as text from generate_series(1, 20000) i")).lines())
        .hasSize(20_000);
  }

  @Test
  void theSameRowsLeaveTheFileAsItIs() throws IOException {
    Path file = keep("select 1 as id, 'x' as text");
    FileTime before = FileTime.fromMillis(1_000);
    Files.setLastModifiedTime(file, before);
    assertThat(keep("select 1 as id, 'x' as text")).isEqualTo(file);
    assertThat(Files.getLastModifiedTime(file)).isEqualTo(before);
    assertThat(keep("select 2 as id, 'x' as text")).isNotEqualTo(file);
  }

  @Test
  void nothingIsChangedAndAFailureSaysWhatToDo() throws IOException {
    assertThatThrownBy(() -> keep("create table t (i int)"))
        .hasMessageStartingWith("INPUT_UNREADABLE: --corpus-sql: ")
        .hasMessageContaining("read-only")
        .hasMessageContaining("correct --corpus-sql");
    assertThatThrownBy(
            () -> new CorpusQuery("jdbc:none://x", "select 1", null).keep(home.resolve("corpora")))
        .hasMessageContaining("NIGHTJAR_CLASSPATH");
    assertThat(Files.list(home.resolve("corpora"))).as("nothing half-written").isEmpty();
    Path file =
        new CorpusQuery("jdbc:sqlite:" + home.resolve("a.db"), "select 1 as id, 'x' as text", null)
            .keep(home.resolve("corpora"));
    assertThat(content(file)).isEqualTo("{\"id\":\"1\",\"text\":\"x\"}");
  }
}
