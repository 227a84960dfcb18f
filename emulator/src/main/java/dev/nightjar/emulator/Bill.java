package dev.nightjar.emulator;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;

/**
 * The bill of one batch while it is executed: a file, as a batch may have a hundred thousand lines.
 * It becomes valid only when the storage takes it over, together with the end of the batch. Not
 * thread-safe.
 */
final class Bill implements AutoCloseable {
  private final Path file;
  private final BufferedWriter writer;

  Bill(Path file) throws IOException {
    this.file = file;
    this.writer = Files.newBufferedWriter(file, StandardCharsets.UTF_8);
  }

  void add(Invoice.Line line) throws IOException {
    if (line.usage().isFree()) {
      return;
    }
    writer.write(
        Json.write(
            Json.object()
                .put("provider", line.provider())
                .put("batch_id", line.batchId())
                .put("custom_id", line.customId())
                .put("model", line.model())
                .put("usd", line.usd().toPlainString())
                .set("usage", Json.MAPPER.valueToTree(line.usage()))));
    writer.write('\n');
  }

  void forEach(Consumer<Invoice.Line> consumer) {
    try {
      writer.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Lines.read(
        file,
        (number, text) -> {
          var line = Json.read(text);
          consumer.accept(
              new Invoice.Line(
                  line.get("provider").asText(),
                  line.get("batch_id").asText(),
                  line.get("custom_id").asText(),
                  line.get("model").asText(),
                  Json.MAPPER.convertValue(line.get("usage"), Usage.class),
                  new BigDecimal(line.get("usd").asText())));
          return true;
        });
  }

  @Override
  public void close() throws IOException {
    try (writer) {
      Files.deleteIfExists(file);
    }
  }
}
