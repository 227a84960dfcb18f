package dev.nightjar.pipelines.route;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nightjar.cachestore.Fingerprint;
import dev.nightjar.pipelines.TestTasks;
import org.junit.jupiter.api.Test;

class RouterTest {
  private final Router router = new Router(TestTasks.task().tiers());

  @Test
  void aPromptStartsAtTheCheapestTierThatAdmitsIt() {
    assertThat(router.route(500).orElseThrow().name()).isEqualTo("small");
    assertThat(router.route(501).orElseThrow().name()).isEqualTo("large");
    assertThat(router.route(1_000_000).orElseThrow().name()).isEqualTo("large");
  }

  @Test
  void aPromptIsNeverSentToAModelThatDoesNotTakeIt() {
    Router limited =
        new Router(
            TestTasks.of(
                    TestTasks.YAML
                        .replace("    prompt_tokens_max: 500\n", "    context_tokens_max: 128000\n")
                        .replaceFirst(
                            "(model: claude-opus-5-5)", "$1\n    context_tokens_max: 1000000"))
                .tiers());
    assertThat(limited.route(127_940).orElseThrow().name()).isEqualTo("small");
    assertThat(limited.route(127_941).orElseThrow().name())
        .as("60 of the answer")
        .isEqualTo("large");
    assertThat(limited.route(140_000).orElseThrow().name()).isEqualTo("large");
    assertThat(limited.route(1_000_000)).isEmpty();
    assertThat(limited.route(Integer.MAX_VALUE)).isEmpty();
  }

  @Test
  void aCustomIdIsPortableAndTellsAttemptsApart() {
    String key = Fingerprint.sha256("x");
    assertThat(CustomIds.of(key, 1))
        .matches("[A-Za-z0-9_-]{1,64}")
        .isNotEqualTo(CustomIds.of(key, 2));
    assertThatThrownBy(() -> CustomIds.of(key, 0))
        .hasMessage("attemptNumber must be > 0, but was 0");
  }
}
