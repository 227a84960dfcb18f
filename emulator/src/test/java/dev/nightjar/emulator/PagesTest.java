package dev.nightjar.emulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a person sees, and the invoice in its two forms. */
class PagesTest {
  @TempDir Path home;

  private final TestClock clock = new TestClock();
  private Emulator emulator;
  private Wire wire;

  @BeforeEach
  void start() throws Exception {
    emulator = Emulator.in(home).clock(clock).start();
    wire = new Wire(emulator.uri());
  }

  @AfterEach
  void stop() {
    emulator.close();
  }

  private void finish() {
    for (int seconds : new int[] {2, 120, 2}) {
      clock.pass(Duration.ofSeconds(seconds));
      emulator.advance();
    }
  }

  private String page(String path) throws Exception {
    Wire.Answer answer = wire.get(new String[0], path);
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.header("Content-Type")).startsWith("text/html");
    assertThat(answer.header("Content-Security-Policy")).contains("default-src 'none'");
    assertThat(answer.body()).contains("<caption>").doesNotContain("<script");
    return answer.body();
  }

  @Test
  void batchesOfAllProvidersAreShownWithWhatIsInThem() throws Exception {
    emulator.inject(Fault.DUPLICATE_LINE, Call.CREATE, 1);
    String openAi =
        wire.createOpenAi(
                List.of(
                    Wire.chatLine("<b>&\"'", "gpt-6-luna", "Say <i>this</i>, if you please."),
                    Wire.chatLine("plain", "gpt-6-luna", "x")))
            .json()
            .get("id")
            .asText();
    String anthropic = wire.createAnthropic(1, "").json().get("id").asText();
    String gemini = wire.createGemini(1).json().get("name").asText();
    finish();
    String list = page("/emulator/");
    assertThat(list).contains(openAi, anthropic, gemini, "DUPLICATE_LINE", "completed", "ended");
    assertThat(list).contains(emulator.invoice().total().toPlainString() + " USD in 4 lines");
    assertThat(page("/emulator/batches/" + openAi))
        .contains("&lt;b&gt;&amp;&quot;&#39;", "plain", "chat.completion")
        .doesNotContain("<b>", "<i>");
    assertThat(page("/emulator/batches/" + anthropic)).contains("r0", "succeeded");
    assertThat(page("/emulator/batches/" + gemini)).contains("r0", "candidates");
    assertThat(page("/emulator/uploads")).contains("r.jsonl", "batch_output", "requests");
    assertThat(wire.get(new String[0], "/emulator/batches/none").status()).isEqualTo(404);
  }

  @Test
  void aLongBatchIsShownInPart() throws Exception {
    String id = wire.createOpenAi(600).json().get("id").asText();
    finish();
    String page = page("/emulator/batches/" + id);
    assertThat(page).contains("Requests (first 500)");
    assertThat(page.split("<tr>")).hasSize(1 + 3 * (1 + 500)); // three tables
  }

  @Test
  void theInvoiceHasATotalWithoutItsLines() throws Exception {
    wire.createOpenAi(3);
    wire.createOpenAi(2);
    finish();
    wire.createAnthropic(1, "");
    finish();
    assertThat(wire.get(new String[0], "/emulator/invoice?total").json())
        .isEqualTo(
            Json.object()
                .put("total_usd", emulator.invoice().total().toPlainString())
                .put("lines", 6)
                .put("distinct_custom_ids", 3));
    assertThat(emulator.invoice().billedTwice()).containsExactly("r0", "r1");
    assertThat(wire.get(new String[0], "/emulator/invoice").json().get("total_usd").asText())
        .isEqualTo(emulator.invoice().total().toPlainString());
    assertThat(
            emulator.invoice().lines().stream()
                .map(Invoice.Line::usd)
                .reduce(java.math.BigDecimal.ZERO, java.math.BigDecimal::add))
        .isEqualByComparingTo(emulator.invoice().total());
  }
}
