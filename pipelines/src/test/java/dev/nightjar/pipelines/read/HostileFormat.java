package dev.nightjar.pipelines.read;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Does to its process what the file says, as a parser does that a file has brought to it. */
public final class HostileFormat implements DocumentFormat {
  @Override
  public Set<String> mediaTypes() {
    return Set.of("application/x-nightjar-hostile");
  }

  @Override
  public Optional<Set<String>> fields() {
    return Optional.of(Set.of());
  }

  @Override
  public Written read(CorpusFile file, Columns columns, Records records) throws IOException {
    String what = new String(file.open().readAllBytes(), StandardCharsets.UTF_8).strip();
    records.document(1, "1", "one", Map.of());
    switch (what) {
      case "loop" -> {
        while (!Thread.currentThread().isInterrupted()) {
          Thread.onSpinWait();
        }
      }
      case "fill" -> {
        List<byte[]> all = new ArrayList<>();
        while (!all.contains(new byte[0])) {
          all.add(new byte[1 << 20]);
        }
      }
      case "exit" -> Runtime.getRuntime().halt(17);
      case "nest" -> nest(0);
      case "connect" -> URI.create("http://127.0.0.1:9/").toURL().openStream().close();
      case "print" -> System.out.println("what a library prints");
      case "environment" ->
          records.document(2, "2", String.join(" ", System.getenv().keySet()), Map.of());
      default -> throw new IOException("damaged");
    }
    return Written.as("hostile");
  }

  private static long nest(long level) {
    return level < 0 ? 0 : 1 + nest(level + 1);
  }
}
