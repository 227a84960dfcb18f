package dev.nightjar.cachestore.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.postgres.Migrations;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DockerPostgresTest {
  @TempDir Path home;

  @Test
  void neitherALostPasswordNorALostContainerNorAnotherEngineMakesASecondDatabase()
      throws Exception {
    assumeTrue(DockerPostgres.available(), "no Docker engine with " + DockerPostgres.IMAGE);
    DockerPostgres postgres = DockerPostgres.in(home);
    try {
      DatabaseAddress address = postgres.start();
      String version = Migrations.migrate(address);
      Path environment = home.resolve("docker-postgres.env");
      String password = Files.readString(environment);

      Files.delete(environment);
      assertThatThrownBy(postgres::start)
          .hasMessageStartingWith("HOME_UNUSABLE: " + environment)
          .hasMessageContaining("nightjar db password");
      PrivateDatabase.in(home).setNewPassword();
      assertThat(Files.readString(environment)).isNotEqualTo(password);
      assertThat(Migrations.migrate(postgres.start())).isEqualTo(version);

      Commands.run(List.of(Commands.program("docker"), "rm", "-f", postgres.name()));
      assertThat(Migrations.migrate(postgres.start())).as("on its volume").isEqualTo(version);

      Files.writeString(environment, password);
      assertThatThrownBy(postgres::start)
          .hasMessageStartingWith("DATABASE_UNREACHABLE")
          .hasMessageContaining("is refused");
      postgres.setNewPassword();

      postgres.start();
      postgres.destroyForGood();
      Files.writeString(environment, password);
      assertThatThrownBy(postgres::start)
          .hasMessageStartingWith("HOME_UNUSABLE")
          .hasMessageContaining("DOCKER_HOST");
      Files.delete(environment);
      postgres.start();
      assertThat(PrivateDatabase.in(home).place())
          .as("also where PostgreSQL is installed")
          .contains(postgres.name());
    } finally {
      postgres.destroyForGood();
    }
  }

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
      assertThat(Commands.run(List.of(Commands.program("ps"), "-eo", "args")).output())
          .doesNotContain(first.readPassword().orElseThrow());
      assertThat(postgres.stop()).isTrue();
      DatabaseAddress second = postgres.start(); // on another port, perhaps
      assertThat(Migrations.migrate(second)).isEqualTo(version);
    } finally {
      postgres.destroyForGood();
    }
  }
}
