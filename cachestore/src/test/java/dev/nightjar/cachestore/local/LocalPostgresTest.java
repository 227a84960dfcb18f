package dev.nightjar.cachestore.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.postgres.Migrations;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;

class LocalPostgresTest {
  @Test
  void aClusterIsMadeOnceSurvivesARestartAndKeepsItsPasswordToItsOwner() throws Exception {
    assumeTrue(LocalPostgres.binariesWithVector().isPresent(), "no PostgreSQL with pgvector here");
    Path home = Files.createTempDirectory("nightjar-local");
    Files.setPosixFilePermissions(home, PosixFilePermissions.fromString("rwxr-xr-x"));
    LocalPostgres postgres = LocalPostgres.in(home);
    try {
      DatabaseAddress first = postgres.start();
      assertThat(postgres.start()).isEqualTo(first);
      Migrations.migrate(first);
      assertThat(first.host()).isEqualTo("127.0.0.1");
      assertThat(
              PosixFilePermissions.toString(Files.getPosixFilePermissions(home.resolve("pgpass"))))
          .isEqualTo("rw-------");
      assertThat(connects(first, "wrong")).isFalse();

      assertThat(postgres.stop()).isTrue();
      assertThat(postgres.stop()).isFalse();
      DatabaseAddress second = postgres.start();
      assertThat(connects(second, second.readPassword().orElseThrow())).isTrue();
    } finally {
      postgres.destroy();
    }
  }

  private static boolean connects(DatabaseAddress address, String password) {
    try (Connection connection =
        DriverManager.getConnection(address.jdbcUrl(), address.user(), password)) {
      return connection.isValid(5);
    } catch (SQLException e) {
      return false;
    }
  }
}
