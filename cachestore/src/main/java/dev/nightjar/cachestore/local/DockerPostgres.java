package dev.nightjar.cachestore.local;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.List;
import java.util.Set;

/**
 * PostgreSQL with pgvector in a container, for machines that have Docker and no PostgreSQL. One
 * container and one named volume per home directory; published on loopback only.
 */
public final class DockerPostgres {
  /** The image, also the tests'. */
  public static final String IMAGE = "pgvector/pgvector:pg17";

  private final Path home;
  private final String container;

  private DockerPostgres(Path home, String container) {
    this.home = home;
    this.container = container;
  }

  /** The container that belongs to a home directory; it may not exist yet. */
  public static DockerPostgres in(Path home) {
    Path absolute = home.toAbsolutePath().normalize();
    return new DockerPostgres(
        absolute, "nightjar-postgres-" + Integer.toHexString(absolute.toString().hashCode()));
  }

  /** Whether a Docker engine answers and has the image or can pull it. */
  public static boolean available() {
    return Commands.run(List.of("docker", "image", "inspect", IMAGE)).ok()
        || (Commands.run(List.of("docker", "info")).ok()
            && Commands.run(List.of("docker", "pull", "-q", IMAGE)).ok());
  }

  /** Makes or starts the container, waits until it answers, and returns its address. */
  public DatabaseAddress start() {
    Path environment = home.resolve("docker-postgres.env");
    if (!Commands.run(List.of("docker", "start", container)).ok()) {
      create(environment);
    }
    Commands.Ended port = Commands.run(List.of("docker", "port", container, "5432/tcp"));
    if (!port.ok()) {
      throw failed(port.output());
    }
    int number =
        Integer.parseInt(port.output().lines().findFirst().orElseThrow().replaceAll(".*:", ""));
    try {
      String password =
          Files.readString(environment).lines().findFirst().orElseThrow().split("=", 2)[1];
      Path passwordFile = home.resolve("docker-pgpass");
      ownerOnly(passwordFile, "127.0.0.1:" + number + ":*:nightjar:" + password + "\n");
      for (int attempt = 0; attempt < 60; attempt++) {
        // Over TCP: the image's first, socket-only start answers pg_isready before it is ready.
        if (Commands.run(
                List.of(
                    "docker",
                    "exec",
                    container,
                    "pg_isready",
                    "-q",
                    "-h",
                    "127.0.0.1",
                    "-U",
                    "nightjar"))
            .ok()) {
          return new DatabaseAddress(
              "127.0.0.1", number, "nightjar", "nightjar", passwordFile.toString());
        }
        Thread.sleep(500);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    throw failed("the container did not become ready in 30 s");
  }

  private void create(Path environment) {
    try {
      Files.createDirectories(home);
      byte[] secret = new byte[24];
      new SecureRandom().nextBytes(secret);
      // An environment file, because a command line can be read by every user of the machine.
      ownerOnly(
          environment,
          "POSTGRES_PASSWORD="
              + Base64.getUrlEncoder().withoutPadding().encodeToString(secret)
              + "\nPOSTGRES_USER=nightjar\nPOSTGRES_DB=nightjar\n");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Commands.Ended ended =
        Commands.run(
            List.of(
                "docker",
                "run",
                "-d",
                "--name",
                container,
                "--env-file",
                environment.toString(),
                "-p",
                "127.0.0.1::5432",
                "-v",
                container + ":/var/lib/postgresql/data",
                IMAGE));
    if (!ended.ok()) {
      throw failed(ended.output());
    }
  }

  /** Stops the container if it runs; its volume stays. */
  public boolean stop() {
    return Commands.run(List.of("docker", "stop", container)).ok();
  }

  /** Removes the container and its volume. */
  public void destroy() {
    Commands.run(List.of("docker", "rm", "-f", "-v", container));
    Commands.run(List.of("docker", "volume", "rm", "-f", container));
  }

  private static void ownerOnly(Path file, String text) throws IOException {
    Files.deleteIfExists(file);
    Files.createFile(
        file,
        PosixFilePermissions.asFileAttribute(
            Set.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE)));
    Files.writeString(file, text);
  }

  private static NightjarException failed(String what) {
    return new NightjarException(
        ErrorCode.DATABASE_UNREACHABLE,
        "Docker PostgreSQL",
        what,
        "see 'docker logs', or give --database URL");
  }
}
