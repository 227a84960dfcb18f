package dev.nightjar.cachestore.testing;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.local.DockerPostgres;
import dev.nightjar.cachestore.local.LocalPostgres;
import dev.nightjar.cachestore.postgres.Migrations;
import dev.nightjar.cachestore.postgres.PostgresStores;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.testcontainers.postgresql.PostgreSQLContainer;
import org.testcontainers.utility.DockerImageName;

/**
 * One real PostgreSQL per JVM, a fresh database per caller. Testcontainers where a Docker engine
 * has or can get the image, else a private cluster of the PostgreSQL on this machine. The
 * environment variable {@code NIGHTJAR_TEST_POSTGRES} ({@code docker} or {@code local}) forces one;
 * which was used is printed.
 */
public final class TestPostgres {
  private static final AtomicInteger DATABASES = new AtomicInteger();

  private static final String OF_THE_DATABASE = resource("/dev/nightjar/sql/roles/roles.sql");

  private static @Nullable DatabaseAddress server;
  private static @Nullable DatabaseAddress template;

  private TestPostgres() {}

  /** The server, started by the first caller and destroyed when this JVM ends. */
  public static synchronized DatabaseAddress server() {
    DatabaseAddress running = server;
    if (running == null) {
      String wanted =
          System.getenv().getOrDefault("NIGHTJAR_TEST_POSTGRES", "").toLowerCase(Locale.ROOT);
      boolean docker =
          wanted.equals("docker") || (!wanted.equals("local") && DockerPostgres.available());
      running = docker ? container() : cluster();
      System.out.println(
          "tests use PostgreSQL "
              + (docker ? "in a container (Testcontainers)" : "of this machine (private cluster)"));
      server = running;
    }
    return running;
  }

  /** A new, migrated database with the price list in it. */
  public static DatabaseAddress newDatabase() {
    DatabaseAddress address = database(Integer.toString(DATABASES.incrementAndGet()));
    execute(
        server().withDatabase("postgres"),
        "create database " + address.database() + " template " + template().database());
    execute(address, OF_THE_DATABASE); // what a copy does not bring
    return address;
  }

  /** The database that others are copies of: migrating one takes a second. */
  private static synchronized DatabaseAddress template() {
    DatabaseAddress migrated = template;
    if (migrated == null) {
      migrated = database("template");
      Migrations.migrate(migrated);
      try (PostgresStores stores = PostgresStores.open(migrated, 1, Clock.systemUTC())) {
        stores.prices().seed();
      }
      template = migrated;
    }
    return migrated;
  }

  private static DatabaseAddress database(String name) {
    return server().withDatabase("test_" + ProcessHandle.current().pid() + "_" + name);
  }

  private static String resource(String name) {
    try (InputStream file =
        Objects.requireNonNull(TestPostgres.class.getResourceAsStream(name), name)) {
      return new String(file.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void execute(DatabaseAddress address, String sql) {
    try (Connection connection =
            DriverManager.getConnection(
                address.jdbcUrl(), address.user(), address.readPassword().orElseThrow());
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static DatabaseAddress container() {
    // Debian 12's engine speaks API 1.41 at most; Testcontainers asks for a newer one unless told.
    String apiVersion = output("docker", "version", "--format", "{{.Server.APIVersion}}");
    if (!apiVersion.isBlank()) {
      System.setProperty("api.version", apiVersion);
    }
    PostgreSQLContainer container =
        new PostgreSQLContainer(
                DockerImageName.parse(DockerPostgres.IMAGE).asCompatibleSubstituteFor("postgres"))
            .withUsername("nightjar")
            .withPassword("nightjar")
            .withDatabaseName("nightjar");
    container.start();
    Runtime.getRuntime().addShutdownHook(new Thread(container::stop));
    try {
      Path passwordFile =
          Files.createTempFile(
              "nightjar-test",
              ".pgpass",
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      passwordFile.toFile().deleteOnExit();
      Files.writeString(passwordFile, "*:*:*:nightjar:nightjar\n");
      return new DatabaseAddress(
          container.getHost(),
          container.getMappedPort(5432),
          "nightjar",
          "nightjar",
          passwordFile.toString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String output(String... command) {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(false).start();
      return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    } catch (IOException e) {
      return "";
    }
  }

  private static DatabaseAddress cluster() {
    try {
      Path home = Files.createTempDirectory("nightjar-test");
      Files.setPosixFilePermissions(home, PosixFilePermissions.fromString("rwxr-xr-x"));
      LocalPostgres postgres = LocalPostgres.disposableIn(home);
      DatabaseAddress address = postgres.start();
      Runtime.getRuntime().addShutdownHook(new Thread(postgres::destroy));
      return address;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
