package dev.nightjar.emulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every fault as a client sees it, and what it does to the invoice. */
class FaultTest {
  @TempDir Path home;

  private final TestClock clock = new TestClock();
  private final List<String> heard = java.util.Collections.synchronizedList(new ArrayList<>());
  private Emulator emulator;
  private Wire wire;

  @BeforeEach
  void start() throws Exception {
    open(FaultPlan.none());
  }

  private void open(FaultPlan plan) throws IOException {
    emulator =
        Emulator.in(home)
            .clock(clock)
            .holdMillis(40)
            .faults(plan)
            .onCall((number, call, phase) -> heard.add(number + " " + call + " " + phase))
            .start();
    wire = new Wire(emulator.uri());
  }

  @AfterEach
  void stop() {
    emulator.close();
  }

  private void pass(Duration duration) {
    clock.pass(duration);
    emulator.advance();
  }

  private void finish() {
    pass(Duration.ofSeconds(2));
    pass(Duration.ofMinutes(2));
    pass(Duration.ofSeconds(2));
  }

  private int batches() throws IOException {
    return wire.get(Wire.OPENAI, "/v1/batches").json().get("data").size();
  }

  // ---- Calls ----

  @ParameterizedTest
  @EnumSource(
      value = Fault.class,
      names = {"HTTP_408", "HTTP_409", "HTTP_429", "HTTP_500", "HTTP_503", "HTTP_529"})
  void anErrorComesBeforeTheEffect(Fault fault) throws Exception {
    String file =
        wire.uploadOpenAi(Wire.chatLine("a", "gpt-6-luna", "x")).json().get("id").asText();
    emulator.inject(fault, Call.CREATE, 1);
    Wire.Answer answer = wire.createOpenAi(file, "/v1/chat/completions");
    assertThat(answer.status()).isEqualTo(fault.status());
    assertThat(answer.json().at("/error/message").asText()).isNotEmpty();
    assertThat(answer.header("Retry-After")).isEqualTo(fault == Fault.HTTP_429 ? "1" : "");
    assertThat(batches()).isZero();
    assertThat(wire.createOpenAi(file, "/v1/chat/completions").status()).isEqualTo(200);
    assertThat(emulator.faultsInjected()).isEqualTo(Map.of(fault, 1));
  }

  @Test
  void anErrorIsInTheProvidersOwnForm() throws Exception {
    emulator.inject(Fault.HTTP_529, Call.LIST, 1);
    assertThat(wire.get(Wire.ANTHROPIC, "/v1/messages/batches").json().at("/error/type").asText())
        .isEqualTo("overloaded_error");
    emulator.inject(Fault.HTTP_503, Call.LIST, 1);
    assertThat(wire.get(Wire.GEMINI, "/v1/batches").json().at("/error/status").asText())
        .isEqualTo("UNAVAILABLE");
    emulator.inject(Fault.HTTP_500, Call.LIST, 1);
    assertThat(wire.get(Wire.OPENAI, "/v1/batches").json().at("/error/type").asText())
        .isEqualTo("server_error");
  }

  @ParameterizedTest
  @EnumSource(
      value = Fault.class,
      names = {"HTTP_500_AFTER", "HTTP_503_AFTER"})
  void anErrorMayHideThatABatchWasCreated(Fault fault) throws Exception {
    emulator.inject(fault, Call.CREATE, 1);
    assertThat(wire.createOpenAi(1).status()).isEqualTo(fault.status());
    assertThat(batches()).isEqualTo(1);
    emulator.inject(fault, Call.CREATE, 1);
    assertThat(wire.createAnthropic(1, "").status()).isEqualTo(fault.status());
    assertThat(wire.get(Wire.ANTHROPIC, "/v1/messages/batches").json().get("data")).hasSize(1);
    emulator.inject(fault, Call.CREATE, 1);
    assertThat(wire.createGemini(1).status()).isEqualTo(fault.status());
    assertThat(wire.get(Wire.GEMINI, "/v1beta/batches").json().get("operations")).hasSize(1);
  }

  @ParameterizedTest
  @EnumSource(
      value = Fault.class,
      names = {"TIMEOUT_BEFORE", "TIMEOUT_AFTER", "RESET_BEFORE", "RESET_AFTER"})
  void aCallWithoutAnAnswerMayHaveBeenCarriedOut(Fault fault) throws Exception {
    emulator.inject(fault, Call.CREATE, 1);
    assertThatThrownBy(() -> wire.createOpenAi(1)).isInstanceOf(IOException.class);
    assertThat(batches()).isEqualTo(fault.name().endsWith("AFTER") ? 1 : 0);
    assertThat(emulator.faultsInjected()).containsEntry(fault, 1);
  }

  @Test
  void anAnswerMayTrickleAndIsWhole() throws Exception {
    String id = wire.createOpenAi(50).json().get("id").asText();
    finish();
    JsonNode before = wire.openAi(id);
    emulator.inject(Fault.SLOW_BODY, Call.STATUS, 1);
    assertThat(wire.openAi(id)).isEqualTo(before);
    assertThat(emulator.faultsInjected()).containsEntry(Fault.SLOW_BODY, 1);
  }

  @Test
  void anAnswerMayEndInTheMiddle() throws Exception {
    String id = wire.createOpenAi(50).json().get("id").asText();
    finish();
    emulator.inject(Fault.TRUNCATED_BODY, Call.STATUS, 1);
    assertThatThrownBy(() -> wire.openAi(id)).isInstanceOf(IOException.class);
    emulator.inject(Fault.TRUNCATED_BODY, Call.RESULTS, 1);
    assertThatThrownBy(() -> wire.resultsOpenAi(id)).isInstanceOf(IOException.class);
    assertThat(wire.resultsOpenAi(id)).hasSize(50);
  }

  @Test
  void aBatchMayBeSaidNotToExist() throws Exception {
    String id = wire.createGemini(1).json().get("name").asText();
    emulator.inject(Fault.NOT_FOUND, Call.STATUS, 2);
    assertThat(wire.gemini(id).at("/error/status").asText()).isEqualTo("NOT_FOUND");
    assertThat(wire.gemini(id).at("/error/code").asInt()).isEqualTo(404);
    assertThat(wire.gemini(id).get("name").asText()).isEqualTo(id);
  }

  @Test
  void theListenerHearsEveryCallAroundItsEffect() throws Exception {
    wire.get(Wire.OPENAI, "/emulator/invoice");
    wire.get(Wire.OPENAI, "/v1/batches");
    emulator.inject(Fault.HTTP_500, Call.STATUS, 1);
    wire.get(Wire.GEMINI, "/v1/batches/none");
    emulator.inject(Fault.RESET_AFTER, Call.ASK, 1);
    assertThatThrownBy(
            () ->
                wire.post(
                    Wire.GEMINI,
                    "/v1beta/models/gemini-3.8-flash:generateContent",
                    Json.write(Wire.geminiRequest("x"))))
        .isInstanceOf(IOException.class);
    assertThat(heard)
        .containsExactly(
            "1 LIST BEFORE_EFFECT",
            "1 LIST AFTER_EFFECT",
            "2 STATUS BEFORE_EFFECT",
            "3 ASK BEFORE_EFFECT",
            "3 ASK AFTER_EFFECT");
    assertThat(emulator.invoice().count()).isEqualTo(1); // billed, and never answered
  }

  @Test
  void whatCannotBeInjectedIsRefused() {
    assertThatThrownBy(() -> emulator.inject(Fault.STUCK, Call.STATUS, 1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> emulator.inject(Fault.HTTP_500, Call.STATUS, 0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> FaultPlan.seeded(1, 1.5, 0))
        .isInstanceOf(IllegalArgumentException.class);
  }

  // ---- Batches ----

  private String openAi(int requests, Fault... faults) throws IOException {
    inject(faults);
    return wire.createOpenAi(requests).json().get("id").asText();
  }

  private String anthropic(int requests, Fault... faults) throws IOException {
    inject(faults);
    return wire.createAnthropic(requests, "").json().get("id").asText();
  }

  private String gemini(int requests, Fault... faults) throws IOException {
    inject(faults);
    return wire.createGemini(requests).json().get("name").asText();
  }

  private void inject(Fault... faults) {
    Arrays.asList(faults).forEach(fault -> emulator.inject(fault, Call.CREATE, 1));
  }

  private JsonNode anthropicBatch(String id) throws IOException {
    return wire.get(Wire.ANTHROPIC, "/v1/messages/batches/" + id).json();
  }

  private static List<String> ids(List<JsonNode> lines) {
    return lines.stream()
        .map(line -> line.path(line.has("custom_id") ? "custom_id" : "key").asText())
        .toList();
  }

  private static long count(List<JsonNode> lines, Predicate<JsonNode> predicate) {
    return lines.stream().filter(predicate).count();
  }

  @Test
  void aStuckBatchExpiresWithItsWindow() throws Exception {
    String openAi = openAi(3, Fault.STUCK);
    String anthropic = anthropic(3, Fault.STUCK);
    String gemini = gemini(3, Fault.STUCK);
    finish();
    pass(Duration.ofHours(23));
    assertThat(wire.openAi(openAi).get("status").asText()).isEqualTo("in_progress");
    assertThat(anthropicBatch(anthropic).get("processing_status").asText())
        .isEqualTo("in_progress");
    pass(Duration.ofHours(1));
    assertThat(wire.openAi(openAi).get("status").asText()).isEqualTo("expired");
    assertThat(wire.resultsOpenAi(openAi))
        .hasSize(3)
        .allMatch(line -> line.at("/error/code").asText().equals("batch_expired"));
    assertThat(anthropicBatch(anthropic).at("/request_counts/expired").asInt()).isEqualTo(3);
    assertThat(wire.gemini(gemini).at("/metadata/state").asText()).isEqualTo("BATCH_STATE_RUNNING");
    pass(Duration.ofHours(24));
    assertThat(wire.gemini(gemini).at("/metadata/state").asText()).isEqualTo("BATCH_STATE_EXPIRED");
    assertThat(wire.gemini(gemini).has("response")).isFalse();
    assertThat(emulator.invoice().count()).isZero();
  }

  @Test
  void aBatchMayExpireHalfDone() throws Exception {
    String openAi = openAi(4, Fault.EXPIRES);
    String anthropic = anthropic(4, Fault.EXPIRES);
    String gemini = gemini(4, Fault.EXPIRES);
    finish();
    assertThat(wire.openAi(openAi).get("status").asText()).isEqualTo("expired");
    assertThat(count(wire.resultsOpenAi(openAi), line -> line.get("response").isObject()))
        .isEqualTo(2);
    assertThat(anthropicBatch(anthropic).at("/request_counts/succeeded").asInt()).isEqualTo(2);
    assertThat(anthropicBatch(anthropic).at("/request_counts/expired").asInt()).isEqualTo(2);
    assertThat(wire.gemini(gemini).at("/metadata/state").asText()).isEqualTo("BATCH_STATE_EXPIRED");
    assertThat(emulator.invoice().count()).isEqualTo(4);
  }

  @Test
  void aBatchMayFailItsValidation() throws Exception {
    String openAi = openAi(2, Fault.FAILS_VALIDATION);
    String anthropic = anthropic(2, Fault.FAILS_VALIDATION);
    String gemini = gemini(2, Fault.FAILS_VALIDATION);
    finish();
    assertThat(wire.openAi(openAi).get("status").asText()).isEqualTo("failed");
    assertThat(wire.resultsAnthropic(anthropic))
        .hasSize(2)
        .allMatch(
            line -> line.at("/result/error/error/type").asText().equals("invalid_request_error"));
    assertThat(wire.gemini(gemini).at("/metadata/state").asText()).isEqualTo("BATCH_STATE_FAILED");
    assertThat(wire.gemini(gemini).get("done").asBoolean()).isTrue();
    assertThat(emulator.invoice().count()).isZero();
  }

  @Test
  void theQueueMayBeFull() throws Exception {
    String openAi = openAi(2, Fault.QUEUE_FULL);
    finish();
    JsonNode error = wire.openAi(openAi).at("/errors/data/0");
    assertThat(error.get("code").asText()).isEqualTo("token_limit_exceeded");
    assertThat(error.get("message").asText()).contains("Limit: 2,000,000 enqueued tokens");
    inject(Fault.QUEUE_FULL);
    assertThat(wire.createAnthropic(1, "").status()).isEqualTo(429);
    inject(Fault.QUEUE_FULL);
    Wire.Answer refused = wire.createGemini(1);
    assertThat(refused.status()).isEqualTo(429);
    assertThat(refused.json().at("/error/status").asText()).isEqualTo("RESOURCE_EXHAUSTED");
    assertThat(emulator.invoice().count()).isZero();
    assertThat(emulator.faultsInjected()).containsEntry(Fault.QUEUE_FULL, 3);
  }

  @Test
  void aRefusedCreationLeavesOtherFaultsToTheNextBatch() throws Exception {
    inject(Fault.MISSING_LINE, Fault.QUEUE_FULL);
    assertThat(wire.createGemini(2).status()).isEqualTo(429);
    String created = gemini(2);
    finish();
    assertThat(wire.resultsGemini(created)).hasSize(1);
  }

  @Test
  void aFileThatIsThereMayNotBeFound() throws Exception {
    String file =
        wire.uploadOpenAi(Wire.chatLine("a", "gpt-6-luna", "x")).json().get("id").asText();
    inject(Fault.FILE_NOT_FOUND);
    Wire.Answer refused = wire.createOpenAi(file, "/v1/chat/completions");
    assertThat(refused.status()).isEqualTo(400);
    assertThat(refused.json().at("/error/message").asText()).startsWith("Cannot find file " + file);
    assertThat(wire.createOpenAi(file, "/v1/chat/completions").status()).isEqualTo(200);
  }

  @Test
  void allLinesMayFail() throws Exception {
    String openAi = openAi(3, Fault.ALL_LINES_FAIL);
    String anthropic = anthropic(3, Fault.ALL_LINES_FAIL);
    String gemini = gemini(3, Fault.ALL_LINES_FAIL);
    finish();
    JsonNode batch = wire.openAi(openAi);
    assertThat(batch.get("status").asText()).isEqualTo("completed");
    assertThat(batch.get("output_file_id").isNull()).isTrue();
    assertThat(batch.get("request_counts"))
        .isEqualTo(Json.read("{\"total\":3,\"completed\":0,\"failed\":3}"));
    assertThat(wire.resultsAnthropic(anthropic))
        .allMatch(line -> line.at("/result/error/error/type").asText().equals("api_error"));
    assertThat(wire.resultsGemini(gemini))
        .hasSize(3)
        .allMatch(line -> line.at("/error/status").asText().equals("INTERNAL"));
    assertThat(emulator.invoice().count()).isZero();
  }

  @Test
  void anErrorFileIdMayBeEmpty() throws Exception {
    String id = openAi(1, Fault.EMPTY_ERROR_FILE_ID);
    finish();
    assertThat(wire.openAi(id).get("error_file_id").asText("null")).isEmpty();
    assertThat(wire.openAi(id).get("error_file_id").isTextual()).isTrue();
  }

  @Test
  void finalizingMayTakeLongWithAllCountsThere() throws Exception {
    String id = openAi(1, Fault.LONG_FINALIZING);
    finish();
    JsonNode batch = wire.openAi(id);
    assertThat(batch.get("status").asText()).isEqualTo("finalizing");
    assertThat(batch.at("/request_counts/completed").asInt()).isEqualTo(1);
    pass(Duration.ofSeconds(40));
    assertThat(wire.openAi(id).get("status").asText()).isEqualTo("completed");
  }

  @Test
  void aLineMayHaveStatusZero() throws Exception {
    String id = openAi(5, Fault.LINE_STATUS_ZERO);
    finish();
    assertThat(wire.openAi(id).at("/request_counts/completed").asInt()).isEqualTo(5);
    List<JsonNode> zero =
        wire.resultsOpenAi(id).stream()
            .filter(line -> line.at("/response/status_code").asInt() == 0)
            .toList();
    assertThat(zero).hasSize(1);
    assertThat(zero.get(0).at("/response/body").isNull()).isTrue();
    assertThat(emulator.invoice().count()).isEqualTo(4);
  }

  @Test
  void aLineMayBeMissing() throws Exception {
    String openAi = openAi(5, Fault.MISSING_LINE);
    String anthropic = anthropic(5, Fault.MISSING_LINE);
    String gemini = gemini(5, Fault.MISSING_LINE);
    finish();
    assertThat(wire.resultsOpenAi(openAi)).hasSize(4);
    assertThat(wire.resultsAnthropic(anthropic)).hasSize(4);
    assertThat(wire.resultsGemini(gemini)).hasSize(4);
    assertThat(emulator.invoice().count()).isEqualTo(12);
  }

  @Test
  void aLineMayComeTwiceAndIsBilledOnce() throws Exception {
    String openAi = openAi(5, Fault.DUPLICATE_LINE);
    String anthropic = anthropic(5, Fault.DUPLICATE_LINE);
    String gemini = gemini(5, Fault.DUPLICATE_LINE);
    finish();
    for (List<JsonNode> lines :
        List.of(
            wire.resultsOpenAi(openAi),
            wire.resultsAnthropic(anthropic),
            wire.resultsGemini(gemini))) {
      assertThat(lines).hasSize(6);
      assertThat(new HashSet<>(ids(lines))).hasSize(5);
    }
    assertThat(emulator.invoice().count()).isEqualTo(15);
  }

  @Test
  void aLineThatNobodySentMayCome() throws Exception {
    String openAi = openAi(2, Fault.UNKNOWN_LINE);
    String anthropic = anthropic(2, Fault.UNKNOWN_LINE);
    String gemini = gemini(2, Fault.UNKNOWN_LINE);
    finish();
    for (List<JsonNode> lines :
        List.of(
            wire.resultsOpenAi(openAi),
            wire.resultsAnthropic(anthropic),
            wire.resultsGemini(gemini))) {
      assertThat(ids(lines)).hasSize(3).contains("r0", "r1");
      assertThat(ids(lines).stream().filter(id -> id.startsWith("unknown-"))).hasSize(1);
    }
    assertThat(emulator.invoice().count()).isEqualTo(6);
  }

  @Test
  void someLinesMayEndInServerErrors() throws Exception {
    String openAi = openAi(20, Fault.LINE_ERRORS);
    String anthropic = anthropic(20, Fault.LINE_ERRORS);
    String gemini = gemini(20, Fault.LINE_ERRORS);
    finish();
    long failed =
        count(wire.resultsOpenAi(openAi), line -> line.at("/response/status_code").asInt() == 500);
    assertThat(failed).isBetween(1L, 19L);
    failed +=
        count(
            wire.resultsAnthropic(anthropic),
            line -> line.at("/result/error/error/type").asText().equals("api_error"));
    failed += count(wire.resultsGemini(gemini), line -> line.at("/error/code").asInt() == 500);
    assertThat(failed).isGreaterThanOrEqualTo(3);
    assertThat(emulator.invoice().count()).isEqualTo(60 - failed);
  }

  @Test
  void furtherFieldsComeBackAndTheirArraysMayBeEmpty() throws Exception {
    String sound = gemini(1);
    String emptied = gemini(1, Fault.EMPTIED_ARRAYS);
    finish();
    assertThat(wire.resultsGemini(sound).get(0).at("/extra/tags")).hasSize(2);
    JsonNode line = wire.resultsGemini(emptied).get(0);
    assertThat(line.at("/extra/tags")).isEmpty();
    assertThat(line.at("/response/candidates")).hasSize(1);
  }

  @Test
  void aLineMayEndInAnErrorThatSaysNothing() throws Exception {
    String id = anthropic(5, Fault.OPAQUE_ERROR);
    finish();
    assertThat(
            count(
                wire.resultsAnthropic(id),
                line ->
                    line.at("/result/error/error/message")
                        .asText()
                        .equals("Internal server error")))
        .isEqualTo(1);
    assertThat(emulator.invoice().count()).isEqualTo(4);
  }

  @Test
  void aCacheMayNotForm() throws Exception {
    inject(Fault.CACHE_NOT_FORMED);
    String id = wire.createAnthropic(3, "Rule. ".repeat(1_000)).json().get("id").asText();
    finish();
    for (JsonNode line : wire.resultsAnthropic(id)) {
      JsonNode usage = line.at("/result/message/usage");
      assertThat(usage.get("cache_creation_input_tokens").asInt()).isZero();
      assertThat(usage.get("cache_read_input_tokens").asInt()).isZero();
    }
  }

  @Test
  void aBatchKeepsItsFaultsThroughARestart() throws Exception {
    String id = openAi(5, Fault.MISSING_LINE, Fault.DUPLICATE_LINE);
    pass(Duration.ofSeconds(2));
    emulator.close();
    open(FaultPlan.none());
    finish();
    assertThat(new HashSet<>(ids(wire.resultsOpenAi(id)))).hasSizeBetween(4, 4);
    assertThat(wire.openAi(id).toString()).doesNotContain("emulator");
  }

  // ---- Plans ----

  @Test
  void aPlanDrawsTheSameFaultsAgain() throws Exception {
    emulator.close();
    Set<Map<Fault, Integer>> runs = new HashSet<>();
    for (String run : List.of("one", "two")) {
      try (Emulator seeded =
          Emulator.in(home.resolve(run))
              .clock(clock)
              .holdMillis(0)
              .faults(FaultPlan.seeded(7, 0.5, 0.5))
              .start()) {
        Wire to = new Wire(seeded.uri());
        for (int i = 0; i < 40; i++) {
          try {
            to.createAnthropic(1, "");
          } catch (IOException e) {
            assertThat(e).isNotNull(); // some of them have no answer
          }
        }
        assertThat(seeded.faultsInjected().keySet().stream().anyMatch(Fault::ofBatch)).isTrue();
        runs.add(seeded.faultsInjected());
      }
    }
    assertThat(runs).hasSize(1);
  }

  @Test
  void aPlanDrawsWhatMakesSense() {
    RandomGenerator random = RandomGenerator.getDefault();
    Set<Fault> asked = EnumSet.noneOf(Fault.class);
    Set<Fault> gemini = EnumSet.noneOf(Fault.class);
    Set<Fault> stuck = EnumSet.noneOf(Fault.class);
    FaultPlan plan = FaultPlan.seeded(1, 1, 1);
    for (int i = 0; i < 2_000; i++) {
      asked.add(plan.drawForCall(random, Vendor.OPENAI, Call.ASK).orElseThrow());
      gemini.add(plan.drawForBatch(random, Vendor.GEMINI).orElseThrow());
      stuck.add(plan.allowStuck(true).drawForBatch(random, Vendor.OPENAI).orElseThrow());
    }
    assertThat(asked).doesNotContain(Fault.TIMEOUT_AFTER, Fault.RESET_AFTER, Fault.NOT_FOUND);
    assertThat(gemini).contains(Fault.EMPTIED_ARRAYS).doesNotContain(Fault.FILE_NOT_FOUND);
    assertThat(gemini).doesNotContain(Fault.STUCK);
    assertThat(stuck).contains(Fault.STUCK, Fault.FILE_NOT_FOUND);
  }
}
