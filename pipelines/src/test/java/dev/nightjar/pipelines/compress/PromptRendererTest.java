package dev.nightjar.pipelines.compress;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nightjar.pipelines.TestTasks;
import dev.nightjar.pipelines.model.SourceDocument;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PromptRendererTest {
  private static final SourceDocument DOCUMENT =
      new SourceDocument(
          "d",
          IntStream.range(0, 300)
              .mapToObj(i -> "The committee met on day " + i + " and adjourned without a vote.")
              .collect(Collectors.joining(" ")),
          Map.of("title", "T"));

  private static PromptRenderer renderer(String more) {
    return new PromptRenderer(TestTasks.of(TestTasks.YAML + more));
  }

  @Test
  void eachLargerMessageHoldsMoreUpToTheWholeDocumentAndThenThereIsNone() {
    PromptRenderer renderer =
        renderer("retrieval: {document_tokens_max: 100, chunk_tokens: 50, query: vote}\n");
    List<Integer> tokens = new ArrayList<>();
    PromptRenderer.Rendered last = renderer.render(DOCUMENT);
    for (Optional<PromptRenderer.Rendered> next = Optional.of(last);
        next.isPresent();
        next = renderer.larger(DOCUMENT, last.user(), 1)) {
      last = next.get();
      tokens.add(last.promptTokens());
    }
    assertThat(tokens).isSorted().doesNotHaveDuplicates().hasSize(4); // 100, 400, 1,600, all
    assertThat(last.user()).isEqualTo("T: " + DOCUMENT.text());
  }

  @Test
  void aDocumentThatIsSentWholeHasNoLargerMessage() {
    PromptRenderer renderer = renderer("");
    String prompt = renderer.render(DOCUMENT).user();
    assertThat(renderer.larger(DOCUMENT, prompt, 1)).isEmpty();
  }

  @Test
  void whatWasCompressedAwayIsMore() {
    SourceDocument mail =
        new SourceDocument("d", "Agreed.\n> The bridge opened in 1901.\n", Map.of("title", ""));
    PromptRenderer renderer = renderer("compression: replies\n");
    String prompt = renderer.render(mail).user();
    assertThat(renderer.larger(mail, prompt, 1).orElseThrow().user()).contains("1901");
    assertThat(renderer.larger(mail, prompt, 100)).isEmpty();
  }

  @Test
  void whiteSpaceIsNothingMore() {
    SourceDocument airy =
        new SourceDocument("d", "Agreed.   \n\n\n\n\n----------\nBob\n", Map.of("title", ""));
    PromptRenderer renderer = renderer("compression: furniture\n");
    assertThat(renderer.larger(airy, renderer.render(airy).user(), 1)).isEmpty();
  }

  @Test
  void aDocumentIsKeptAsItIs() {
    SourceDocument odd = new SourceDocument("ü\"", "𝕏\n\u0000 {{text}}", Map.of("a", "b\\"));
    assertThat(SourceDocument.ofJson(odd.toJson())).isEqualTo(odd);
  }
}
