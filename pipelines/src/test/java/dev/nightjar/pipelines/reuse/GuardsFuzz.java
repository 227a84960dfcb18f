package dev.nightjar.pipelines.reuse;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nightjar.cachestore.embed.EmbeddingModel;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/** Texts of any characters. */
public final class GuardsFuzz {
  private GuardsFuzz() {}

  /** A text's marks are the same each time, storable, and those of an equal text. */
  public static void fuzzerTestOneInput(byte[] data) {
    String text = new String(data, StandardCharsets.UTF_8).replace("\0", "");
    String title = text.substring(0, Math.min(text.length(), 12));
    for (EmbeddingModel model : EmbeddingModel.values()) {
      List<String> marks = Guards.marks(model, Map.of("title", title), text);
      assertThat(Guards.marks(model, Map.of("title", title), text)).isEqualTo(marks);
      assertThat(marks).allSatisfy(mark -> assertThat(mark).doesNotContain("\0", ","));
      assertThat(Guards.DEFAULT.difference(marks, marks)).isEmpty();
    }
  }
}
