package dev.nightjar.pipelines.submit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** How often a provider is called, and how a download goes on. */
class ProviderCallsTest {
  private final AtomicInteger called = new AtomicInteger();
  private final ProviderCalls calls = new ProviderCalls("p", Duration.ofMillis(4));

  private <T> T failing(int times, ProviderException failure, T value) {
    if (called.incrementAndGet() <= times) {
      throw failure;
    }
    return value;
  }

  private static ProviderException failure(ProviderException.Kind kind) {
    return new ProviderException(kind, "no", null);
  }

  @Test
  void aReadIsRepeatedUntilItWorksAndNotMoreThanFiveTimes() {
    assertThat(
            calls.<String>reading(
                () -> failing(5, failure(ProviderException.Kind.UNAVAILABLE), "yes")))
        .isEqualTo("yes");
    assertThat(called).hasValue(6);
    called.set(0);
    ProviderCalls others = new ProviderCalls("q", Duration.ofMillis(4));
    assertThatThrownBy(
            () ->
                others.<String>reading(
                    () -> failing(99, failure(ProviderException.Kind.OUTCOME_UNKNOWN), "")))
        .isInstanceOf(ProviderException.class);
    assertThat(called).hasValue(6);
  }

  @Test
  void whatIsRefusedForGoodIsNotRepeated() {
    for (ProviderException.Kind kind :
        List.of(ProviderException.Kind.REFUSED, ProviderException.Kind.KEY_REFUSED)) {
      called.set(0);
      assertThatThrownBy(() -> calls.<String>reading(() -> failing(9, failure(kind), "")))
          .isInstanceOf(ProviderException.class);
      assertThat(called).hasValue(1);
    }
  }

  @Test
  void aCallWithAnEffectIsSentOnce() {
    assertThatThrownBy(
            () ->
                calls.<String>once(
                    () -> failing(1, failure(ProviderException.Kind.OUTCOME_UNKNOWN), "")))
        .isInstanceOf(ProviderException.class);
    assertThat(called).hasValue(1);
  }

  @Test
  void whatTheProviderAsksForIsWaitedForButNotForEver() {
    ProviderException later =
        new ProviderException(
            ProviderException.Kind.UNAVAILABLE,
            "later",
            Optional.of(Duration.ofHours(9)),
            false,
            null);
    // Would last nine hours if the bound of four milliseconds did not hold.
    assertThat(calls.<String>reading(() -> failing(2, later, "yes"))).isEqualTo("yes");
    assertThat(RawHttp.seconds("1.5")).contains(Duration.ofMillis(1_500));
    assertThat(RawHttp.seconds("Wed, 21 Oct 2026 07:28:00 GMT")).isEmpty();
  }

  @Test
  void anOutageOpensTheBreakerAndAProviderThatSaysLaterDoesNot() {
    ProviderCalls patient = new ProviderCalls("p", Duration.ofMinutes(5));
    ProviderException later =
        new ProviderException(
            ProviderException.Kind.UNAVAILABLE, "later", Optional.of(Duration.ZERO), false, null);
    for (int i = 0; i < 20; i++) {
      assertThatThrownBy(() -> patient.<String>once(() -> failing(99, later, "")))
          .hasMessage("later");
    }
    called.set(0);
    for (int i = 0; i < 20; i++) {
      assertThatThrownBy(
              () ->
                  patient.<String>once(
                      () -> failing(99, failure(ProviderException.Kind.OUTCOME_UNKNOWN), "")))
          .isInstanceOf(ProviderException.class);
    }
    assertThat(called).as("left alone after eight").hasValue(8);
    assertThatThrownBy(() -> patient.<String>once(() -> "x"))
        .hasMessageContaining("failed 8 times in a row")
        .isInstanceOfSatisfying(
            ProviderException.class,
            e -> assertThat(e.kind()).isEqualTo(ProviderException.Kind.UNAVAILABLE));
  }

  // ---- downloads ----

  private static final String TEXT = "{\"a\":1}\n{\"b\":\"é\"}\n\n{\"c\":3}";

  @Test
  void linesAreDeliveredOnceEachWhereverTheDownloadBreaks() {
    byte[] bytes = TEXT.getBytes(StandardCharsets.UTF_8);
    for (boolean ranges : new boolean[] {true, false}) {
      for (int cut = 1; cut < bytes.length; cut++) {
        int breakAt = cut;
        AtomicInteger opened = new AtomicInteger();
        List<String> lines = new ArrayList<>();
        ResumingLines.forEachLine(
            calls,
            offset -> {
              boolean first = opened.getAndIncrement() == 0;
              int from = ranges ? (int) offset : 0;
              // A cut without an exception: a proxy that ends the body early.
              byte[] body = first ? Arrays.copyOf(bytes, breakAt) : bytes;
              return new ResumingLines.Body(
                  new ByteArrayInputStream(Arrays.copyOfRange(body, from, body.length)), ranges);
            },
            JsonNode::toString,
            lines::add,
            unreadable -> {
              throw new AssertionError(unreadable);
            });
        if (opened.get() == 1) {
          continue; // cut at the end of a line: nothing shows that there was more
        }
        assertThat(lines)
            .as("cut at " + cut)
            .containsExactly("{\"a\":1}", "{\"b\":\"é\"}", "{\"c\":3}");
      }
    }
  }

  @Test
  void whatNobodyCanReadIsToldApartAndHoldsNothingUp() {
    List<String> lines = new ArrayList<>();
    List<String> unreadable = new ArrayList<>();
    String text = "{\"a\":1}\n{\"custom_id\": \"cut\n7\n[]\n\uFFFD\n{\"n\":-1}\n{\"b\":2}\n";
    ResumingLines.forEachLine(
        calls,
        offset ->
            new ResumingLines.Body(
                new ByteArrayInputStream(
                    Arrays.copyOfRange(
                        text.getBytes(StandardCharsets.UTF_8),
                        (int) offset,
                        text.getBytes(StandardCharsets.UTF_8).length)),
                true),
        line -> {
          if (line.path("n").asInt() < 0) {
            throw new IllegalArgumentException("below zero");
          }
          return line.toString();
        },
        lines::add,
        unreadable::add);
    assertThat(lines).containsExactly("{\"a\":1}", "{\"b\":2}");
    assertThat(unreadable)
        .containsExactly("{\"custom_id\": \"cut", "7", "[]", "\uFFFD", "{\"n\":-1}");
  }

  @Test
  void aDownloadThatNeverGetsOnIsGivenUp() {
    assertThatThrownBy(
            () ->
                ResumingLines.forEachLine(
                    calls,
                    offset ->
                        new ResumingLines.Body(
                            new InputStream() {
                              @Override
                              public int read() throws IOException {
                                throw new IOException("reset");
                              }
                            },
                            true),
                    JsonNode::toString,
                    line -> {},
                    unreadable -> {}))
        .isInstanceOfSatisfying(
            ProviderException.class,
            e -> assertThat(e.kind()).isEqualTo(ProviderException.Kind.UNAVAILABLE));
  }

  @Test
  void whatAKilledProcessSpooledIsDeletedByTheNextAndOursIsNot() throws IOException {
    Path temporary = Path.of(System.getProperty("java.io.tmpdir", "/tmp"));
    Path dead = Files.createTempDirectory("nightjar-spool-999999999-");
    Files.writeString(dead.resolve("sub_x.jsonl"), "a prompt");
    Path ours = Files.createTempDirectory("nightjar-spool-" + ProcessHandle.current().pid() + "-");
    Spool.deleteLeftovers();
    assertThat(dead).doesNotExist();
    assertThat(ours).exists().hasParent(temporary);
    Files.delete(ours);
  }
}
