package dev.nightjar.pipelines;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Runs the targets of {@code runners/bin/fuzz} on its seeds, and on all that ever felled one. */
class FuzzTest {
  private static final Path INPUTS = Path.of("src/test/resources/fuzz");

  static Stream<Path> inputs() throws IOException {
    try (Stream<Path> files = Files.walk(INPUTS)) {
      return files.filter(Files::isRegularFile).map(INPUTS::relativize).sorted().toList().stream();
    }
  }

  @ParameterizedTest
  @MethodSource("inputs")
  void noInputFellsATarget(Path input) throws Throwable {
    Class<?> target =
        Class.forName("dev.nightjar.pipelines." + input.getParent().toString().replace('/', '.'));
    try {
      target
          .getMethod("fuzzerTestOneInput", byte[].class)
          .invoke(null, (Object) Files.readAllBytes(INPUTS.resolve(input)));
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }
}
