package dev.nightjar.runners;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nightjar.pipelines.compress.Excerpt.Span;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;

class SentPromptTest {
  private static String printed(String document, List<Span> spans, boolean highlights) {
    StringWriter out = new StringWriter();
    PrintWriter writer = new PrintWriter(out);
    new SentPrompt("", "", document, spans, 9, 3).printCut(writer, highlights);
    writer.flush();
    return out.toString();
  }

  @Test
  void whatWasSentAndWhatWasLeftOutAreToldApart() {
    assertThat(printed("𝕏 one.\nTwo.\nThree.", List.of(new Span(7, 11)), false))
        .isEqualToNormalizingNewlines("  - 𝕏 one.\n  + Two.\n  - Three.\n");
  }

  @Test
  void onATerminalWhatWasLeftOutIsDimmed() {
    assertThat(printed("One.\nTwo.", List.of(new Span(5, 9)), true))
        .isEqualToNormalizingNewlines("  - \u001b[2mOne.\u001b[0m\n  + Two.\n");
  }

  @Test
  void ofALongGapBeginningAndEndAreShown() {
    String gap = "a".repeat(300) + "b".repeat(300);
    assertThat(printed(gap + "\nTwo.", List.of(new Span(601, 605)), false))
        .contains("[… 201 more characters left out …]", "  + Two.")
        .doesNotContain("a".repeat(201));
  }
}
