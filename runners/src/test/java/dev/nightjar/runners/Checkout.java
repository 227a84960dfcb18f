package dev.nightjar.runners;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Objects;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;

/** A checkout that is built, for tests that call the launcher as people and machines do. */
final class Checkout {
  private Checkout() {}

  /** What the launcher needs, where another user can read it. */
  static Path in(Path directory) throws IOException {
    Path root = Files.createDirectory(directory.resolve("nightjar"));
    Path repository = Objects.requireNonNull(Path.of("").toAbsolutePath().getParent());
    Path bin = Files.createDirectories(root.resolve("runners/bin"));
    try (Stream<Path> scripts = Files.list(repository.resolve("runners/bin"))) {
      for (Path script : scripts.toList()) {
        open(Files.copy(script, bin.resolve(script.getFileName())));
      }
    }
    for (String module : List.of("sql", "cachestore", "emulator", "pipelines")) {
      Files.createDirectory(root.resolve(module));
    }
    Files.createFile(root.resolve("pom.xml"));
    Path target = Files.createDirectories(root.resolve("runners/target/run/built"));
    Files.createSymbolicLink(root.resolve("runners/target/run/current"), Path.of("built"));
    int number = 0;
    for (String entry : System.getProperty("java.class.path").split(":")) {
      Path jar = target.resolve(number++ + ".jar");
      if (Files.isDirectory(Path.of(entry))) {
        ToolProvider.findFirst("jar")
            .orElseThrow()
            .run(System.out, System.err, "--create", "--file", jar.toString(), "-C", entry, ".");
      } else if (Files.exists(Path.of(entry))) {
        link(Path.of(entry), jar);
      }
    }
    Files.createFile(root.resolve("runners/target/nightjar.built"));
    return root;
  }

  private static void link(Path from, Path to) throws IOException {
    try {
      Files.createLink(to, from);
    } catch (FileSystemException e) { // another file system
      Files.copy(from, to);
    }
  }

  private static Path open(Path path) throws IOException {
    return Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-xr-x"));
  }
}
