package dev.nightjar.cachestore.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.postgres.Migrations;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DockerPostgresTest {
  @TempDir Path home;

  @Test
  void aContainerIsMadeOnceKeepsItsDataThroughAStopAndHidesItsPassword() throws Exception {
    assumeTrue(DockerPostgres.available(), "no Docker engine with " + DockerPostgres.IMAGE);
    DockerPostgres postgres = DockerPostgres.in(home);
    try {
      DatabaseAddress first = postgres.start();
      String version = Migrations.migrate(first);
      assertThat(first.host()).isEqualTo("127.0.0.1");
      assertThat(Files.readString(Path.of(first.passwordFile())))
          .contains(first.readPassword().orElseThrow());
      assertThat(Commands.run(java.util.List.of("ps", "-eo", "args")).output())
          .doesNotContain(first.readPassword().orElseThrow());
      assertThat(postgres.stop()).isTrue();
      DatabaseAddress second = postgres.start(); // on another port, perhaps
      assertThat(Migrations.migrate(second)).isEqualTo(version);
    } finally {
      postgres.destroy();
    }
  }
}
