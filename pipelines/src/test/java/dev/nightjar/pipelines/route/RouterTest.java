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
    assertThat(router.route(500).name()).isEqualTo("small");
    assertThat(router.route(501).name()).isEqualTo("large");
    assertThat(router.route(1_000_000).name()).isEqualTo("large");
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
