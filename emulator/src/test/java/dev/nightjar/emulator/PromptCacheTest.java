package dev.nightjar.emulator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nightjar.emulator.PromptCache.Prefix;
import dev.nightjar.emulator.PromptCache.Served;
import dev.nightjar.emulator.PromptCache.World;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import org.junit.jupiter.api.Test;

class PromptCacheTest {
  private static final Instant START = Instant.parse("2026-11-29T00:00:00Z");
  private static final List<Prefix> RULES = List.of(new Prefix(1, 2_000));
  private static final List<Prefix> RULES_AND_DOCUMENT =
      List.of(new Prefix(1, 2_000), new Prefix(2, 9_000));

  private Instant now = START;
  private final Clock clock =
      new Clock() {
        @Override
        public java.time.ZoneId getZone() {
          return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(java.time.ZoneId zone) {
          return this;
        }

        @Override
        public Instant instant() {
          return now;
        }
      };
  private final PromptCache cache = new PromptCache(clock, World.MEASURED);

  private Served serve(List<Prefix> marks, long batch, long request) {
    return cache.serve(1, marks, false, 300, batch, request);
  }

  @Test
  void requestsOfAColdBatchAllWrite() {
    assertThat(serve(RULES, 7, 1)).isEqualTo(new Served(0, 2_000));
    assertThat(serve(RULES, 7, 2)).isEqualTo(new Served(0, 2_000));
  }

  @Test
  void theBatchAfterItReads() {
    serve(RULES, 7, 1);
    assertThat(serve(RULES, 8, 2)).isEqualTo(new Served(2_000, 0));
    assertThat(serve(RULES_AND_DOCUMENT, 8, 3)).isEqualTo(new Served(2_000, 7_000));
  }

  @Test
  void batchesAndDirectRequestsAreApart() {
    serve(RULES, PromptCache.DIRECT, 1);
    assertThat(serve(RULES, 8, 2).read()).isZero();
    assertThat(serve(RULES, PromptCache.DIRECT, 3).read()).isEqualTo(2_000);
    assertThat(cache.serve(2, RULES, false, 300, PromptCache.DIRECT, 4).read())
        .as("another model")
        .isZero();
  }

  @Test
  void eachUseKeepsAPrefixWarmAndThenItIsCold() {
    serve(RULES, 1, 1);
    now = now.plus(Duration.ofSeconds(299));
    assertThat(serve(RULES, 2, 2).read()).isEqualTo(2_000);
    now = now.plus(Duration.ofSeconds(299));
    assertThat(serve(RULES, 3, 3).read()).isEqualTo(2_000);
    now = now.plus(Duration.ofSeconds(301));
    assertThat(serve(RULES, 4, 4).read()).isZero();
  }

  @Test
  void inAnotherWorldAShareIsServed() {
    PromptCache half = new PromptCache(clock, new World(0.5, 1, true, 3));
    half.serve(1, RULES, false, 300, 1, 0);
    long served = 0;
    for (int request = 1; request <= 1_000; request++) {
      served += half.serve(1, RULES, false, 300, 1, request).read() > 0 ? 1 : 0;
    }
    assertThat(served).isBetween(450L, 550L);
  }

  @Test
  void aMarkCoversWhatStandsBeforeIt() {
    String request =
        """
        {"system":"Rules.","messages":[{"role":"user","content":[
          {"type":"text","text":"A long document.","cache_control":{"type":"ephemeral","ttl":"1h"}},
          {"type":"text","text":"A question."}]}]}
        """;
    List<AnthropicMarks.Mark> marks = AnthropicMarks.of(Rules.ALL, Json.read(request));
    assertThat(marks).hasSize(1);
    assertThat(marks.get(0).prefix().tokens())
        .isEqualTo(Tokens.of("Rules.") + Tokens.of("A long document."));
    assertThat(AnthropicMarks.isLong(marks)).isTrue();
  }
}
