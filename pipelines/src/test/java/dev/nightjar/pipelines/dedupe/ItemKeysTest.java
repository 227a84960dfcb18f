package dev.nightjar.pipelines.dedupe;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nightjar.pipelines.model.Document;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.AlphaChars;
import net.jqwik.api.constraints.StringLength;

class ItemKeysTest {
  private static Document document(String id, String text, Map<String, String> fields) {
    return new Document(id, text, fields, 0, "file", 1);
  }

  private static String key(String text) {
    return ItemKeys.of("namespace", document("id", text, Map.of()), false);
  }

  @Property
  void whiteSpaceThatNoReaderSeesDoesNotMatter(
      @ForAll @AlphaChars @StringLength(min = 1, max = 40) String text) {
    assertThat(key("  " + text + " \r\nend\n\n")).isEqualTo(key(text + "\nend"));
  }

  @Property
  void anotherTextHasAnotherKey(@ForAll @AlphaChars String a, @ForAll @AlphaChars String b) {
    assertThat(key(a).equals(key(b))).isEqualTo(a.equals(b));
  }

  @org.junit.jupiter.api.Test
  void unicodeCompositionDoesNotMatter() {
    assertThat(key("caf\u00e9")).isEqualTo(key("cafe\u0301"));
  }

  @org.junit.jupiter.api.Test
  void namespaceAndFieldsMatterAndTheIdOnlyIfThePromptShowsIt() {
    Document a = document("1", "text", Map.of("title", "A"));
    Document b = document("2", "text", Map.of("title", "A"));
    Document c = document("1", "text", Map.of("title", "B"));
    assertThat(ItemKeys.of("n", a, false)).isEqualTo(ItemKeys.of("n", b, false));
    assertThat(ItemKeys.of("n", a, true)).isNotEqualTo(ItemKeys.of("n", b, true));
    assertThat(ItemKeys.of("n", a, false)).isNotEqualTo(ItemKeys.of("n", c, false));
    assertThat(ItemKeys.of("n", a, false)).isNotEqualTo(ItemKeys.of("m", a, false));
  }
}
