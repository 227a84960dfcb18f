package dev.nightjar.pipelines.submit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.Submission;
import dev.nightjar.cachestore.SubmissionState;
import dev.nightjar.emulator.Call;
import dev.nightjar.emulator.Fault;
import dev.nightjar.pipelines.model.Provider;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What users have met at the real providers, one test each: every document is answered or fails
 * with a reason, the ledger equals the invoice, nothing is billed twice.
 */
class FaultCatalogueTest {
  @TempDir Path home;

  private ProviderFixture fixture;

  @BeforeEach
  void open() {
    fixture = new ProviderFixture(home);
  }

  @AfterEach
  void close() {
    // Whatever happened, and at the end of every test: these hold.
    assertThat(fixture.ledger()).isEqualByComparingTo(fixture.emulator.invoice().total());
    assertThat(fixture.emulator.invoice().billedTwice()).isEmpty();
    assertThat(
            fixture.one(
                "select count(*) from submissions where lease_owner is not null and state in"
                    + " ('collected', 'failed', 'expired', 'cancelled')"))
        .isEqualTo("0");
    fixture.close();
  }

  /** A submission of six requests that suffers a fault, taken to its end. */
  private String suffer(Provider provider, Fault fault, Call call, int times) {
    fixture.emulator.inject(fault, call, times);
    String id = fixture.planned(fixture.tier(provider), 6);
    try {
      fixture.submit(id);
    } catch (dev.nightjar.cachestore.NightjarException e) {
      assertThat(e).hasMessageStartingWith("PROVIDER_UNAVAILABLE"); // tried again by the next round
    }
    fixture.runToEnd(fixture.runOf(id));
    assertThat(fixture.emulator.faultsInjected()).containsKey(fault);
    return id;
  }

  private void assertAllAnswered(String id, String attempts) {
    assertThat(fixture.attempts(fixture.runOf(id))).isEqualTo(attempts);
    assertThat(fixture.stores.runs().progress(fixture.runOf(id)).failed()).isZero();
  }

  @Test
  @DisplayName("all lines fail: completed, output_file_id null, counts 0/n/n")
  void allLinesFail() {
    assertAllAnswered(
        suffer(Provider.OPENAI, Fault.ALL_LINES_FAIL, Call.CREATE, 1),
        "REQUEST_ERRORED=6 succeeded=6");
  }

  @Test
  @DisplayName("clean batch: error_file_id is \"\" or null")
  void emptyErrorFileId() {
    assertAllAnswered(
        suffer(Provider.OPENAI, Fault.EMPTY_ERROR_FILE_ID, Call.CREATE, 1), "succeeded=6");
  }

  @Test
  @DisplayName("\"completed, 0 failed\" but lines have status_code 0")
  void statusZero() {
    assertAllAnswered(
        suffer(Provider.OPENAI, Fault.LINE_STATUS_ZERO, Call.CREATE, 1),
        "REQUEST_ERRORED=1 succeeded=6");
  }

  @Test
  @DisplayName("100 % counts while long in finalizing")
  void longFinalizing() {
    fixture.emulator.inject(Fault.LONG_FINALIZING, Call.CREATE, 1);
    String id = fixture.planned(fixture.tier(Provider.OPENAI), 6);
    fixture.submit(id);
    fixture.pass(Duration.ofSeconds(3));
    fixture.pass(Duration.ofSeconds(60)); // the work is done, the batch is not
    fixture.round(fixture.runOf(id));
    assertThat(fixture.state(id)).isEqualTo(SubmissionState.IN_PROGRESS);
    fixture.runToEnd(fixture.runOf(id));
    assertAllAnswered(id, "succeeded=6");
  }

  @ParameterizedTest
  @CsvSource({"OPENAI", "ANTHROPIC", "GEMINI"})
  @DisplayName("in_progress stuck until the window ends; Gemini PENDING > 24 h, then EXPIRED")
  void stuckInProgress(Provider provider) {
    fixture.emulator.inject(Fault.STUCK, Call.CREATE, 1);
    String id = fixture.planned(fixture.tier(provider), 6);
    fixture.submit(id);
    fixture.pass(Duration.ofHours(20));
    fixture.round(fixture.runOf(id));
    assertThat(fixture.state(id)).isEqualTo(SubmissionState.IN_PROGRESS);
    fixture.pass(Duration.ofHours(29));
    fixture.runToEnd(fixture.runOf(id));
    assertThat(fixture.state(id)).isEqualTo(SubmissionState.EXPIRED);
    assertAllAnswered(id, "REQUEST_EXPIRED=6 succeeded=6");
  }

  @ParameterizedTest
  @CsvSource({"OPENAI,3", "ANTHROPIC,3", "GEMINI,6"})
  @DisplayName("partial results of an expired batch are kept and charged; Gemini's has none")
  void expiredWithPartialResults(Provider provider, int lost) {
    String id = suffer(provider, Fault.EXPIRES, Call.CREATE, 1);
    assertThat(fixture.state(id)).isEqualTo(SubmissionState.EXPIRED);
    assertAllAnswered(id, "REQUEST_EXPIRED=" + lost + " succeeded=6");
  }

  @Test
  @DisplayName("enqueued-token failure: waits for room instead of burning its tries")
  void queueFull() {
    fixture.emulator.inject(Fault.QUEUE_FULL, Call.CREATE, 5); // more often than tries at a tier
    String id = fixture.planned(fixture.tier(Provider.OPENAI), 6);
    fixture.submit(id);
    fixture.runToEnd(fixture.runOf(id));
    assertAllAnswered(id, "QUEUE_FULL=30 succeeded=6");
    assertThat(fixture.state(id)).isEqualTo(SubmissionState.FAILED);
    assertThat(fixture.one("select enqueued_tokens_max > 0 from provider_quotas")).isEqualTo("t");
  }

  @ParameterizedTest
  @CsvSource({"ANTHROPIC", "GEMINI"})
  @DisplayName("Gemini 429 RESOURCE_EXHAUSTED below quota; Anthropic's queue full")
  void refusedForNow(Provider provider) {
    assertAllAnswered(suffer(provider, Fault.QUEUE_FULL, Call.CREATE, 4), "succeeded=6");
  }

  @ParameterizedTest
  @CsvSource({"OPENAI", "MISTRAL"})
  @DisplayName("file uploaded, then \"Cannot find file\"")
  void cannotFindFile(Provider provider) {
    fixture.emulator.inject(Fault.FILE_NOT_FOUND, Call.CREATE, 2);
    String id = fixture.planned(fixture.tier(provider), 6);
    fixture.submit(id);
    assertThat(fixture.state(id)).isEqualTo(SubmissionState.PLANNED);
    String upload = fixture.find(id).inputFileId().orElseThrow();
    fixture.runToEnd(fixture.runOf(id));
    assertAllAnswered(id, "succeeded=6");
    assertThat(fixture.find(id).inputFileId()).as("no second upload").contains(upload);
  }

  @ParameterizedTest
  @CsvSource({"OPENAI", "MISTRAL"})
  @DisplayName("\"Cannot find file\" again and again: the upload is made anew, the old one deleted")
  void cannotFindFileForGood(Provider provider) {
    String id = suffer(provider, Fault.FILE_NOT_FOUND, Call.CREATE, 5);
    assertAllAnswered(id, "succeeded=6");
    OrphanUploads.delete(
        fixture.stores.submissions(), fixture.clients, java.util.List.of(provider), fixture.clock);
    assertThat(fixture.clients.of(provider).uploads()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "OPENAI,TIMEOUT_BEFORE",
    "OPENAI,TIMEOUT_AFTER",
    "OPENAI,RESET_AFTER",
    "GEMINI,TIMEOUT_AFTER"
  })
  @DisplayName("upload timeouts; orphans after a crash")
  void uploadTimeout(Provider provider, Fault fault) {
    fixture.emulator.inject(fault, Call.UPLOAD, 8); // also through all retries of one try
    String id = fixture.planned(fixture.tier(provider), 30, 150_000);
    for (int i = 0; i < 2; i++) {
      try {
        fixture.submit(id);
      } catch (dev.nightjar.cachestore.NightjarException e) {
        assertThat(e).hasMessageStartingWith("PROVIDER_UNAVAILABLE: " + id);
      }
      fixture.clock.advance(Duration.ofMinutes(1));
    }
    fixture.runToEnd(fixture.runOf(id));
    assertAllAnswered(id, "succeeded=30");
    OrphanUploads.delete(
        fixture.stores.submissions(), fixture.clients, java.util.List.of(provider), fixture.clock);
    assertThat(fixture.clients.of(provider).uploads()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"OPENAI", "ANTHROPIC", "GEMINI"})
  @DisplayName("duplicate custom_id hangs or overwrites rows: no batch holds one twice")
  void duplicateCustomIds(Provider provider) {
    String id = fixture.planned(fixture.tier(provider), 6);
    Set<String> customIds = new HashSet<>();
    fixture
        .stores
        .submissions()
        .forEachAttempt(id, attempt -> assertThat(customIds.add(attempt.customId())).isTrue());
    fixture.submit(id);
    fixture.runToEnd(fixture.runOf(id));
    String again = suffer(provider, Fault.DUPLICATE_LINE, Call.CREATE, 1);
    assertAllAnswered(again, "succeeded=6");
    assertThat(fixture.one("select count(*) from ledger")).isEqualTo("12");
  }

  @Test
  @DisplayName("client cancelled, batch still billed")
  void cancelledIsStillBilled() {
    String id = fixture.planned(fixture.tier(Provider.ANTHROPIC), 20);
    fixture.submit(id);
    fixture.pass(Duration.ofSeconds(20));
    fixture
        .stores
        .submissions()
        .requestCancel(id, ErrorCode.SUBMISSION_CANCELLED, fixture.clock.instant());
    fixture.round(fixture.runOf(id));
    fixture.emulator.advance();
    fixture.runToEnd(fixture.runOf(id));
    assertThat(fixture.state(id)).isEqualTo(SubmissionState.CANCELLED);
    assertThat(fixture.emulator.invoice().count()).isBetween(1L, 19L);
    assertThat(fixture.one("select count(*) from results"))
        .as("what was paid for is kept")
        .isEqualTo(Long.toString(fixture.emulator.invoice().count()));
  }

  @ParameterizedTest
  @CsvSource({"ANTHROPIC", "GEMINI", "OPENAI"})
  @DisplayName("intermittent 404 on a batch; Gemini's false 404, many times over")
  void false404(Provider provider) {
    String id = fixture.planned(fixture.tier(provider), 6);
    fixture.submit(id);
    fixture.emulator.inject(Fault.NOT_FOUND, Call.STATUS, 5);
    for (int i = 0; i < 5; i++) {
      try (LeaseKeeper keeper =
          new LeaseKeeper(
              fixture.stores.submissions(), "k" + i, Duration.ofSeconds(60), fixture.clock)) {
        Submission submission = fixture.find(id);
        org.assertj.core.api.Assertions.assertThatThrownBy(
                () -> fixture.submitter().poll(submission, keeper))
            .hasMessageStartingWith("PROVIDER_UNAVAILABLE: " + id)
            .hasMessageContaining("404");
      }
    }
    assertThat(fixture.state(id)).as("not given up").isEqualTo(SubmissionState.IN_PROGRESS);
    fixture.runToEnd(fixture.runOf(id));
    assertAllAnswered(id, "succeeded=6");
  }

  @Test
  @DisplayName("Anthropic: opaque error on a line")
  void opaqueError() {
    assertAllAnswered(
        suffer(Provider.ANTHROPIC, Fault.OPAQUE_ERROR, Call.CREATE, 1),
        "REQUEST_ERRORED=1 succeeded=6");
  }

  @Test
  @DisplayName("cache not formed at the documented minimum: charged as what it was, plain input")
  void cacheNotFormed() {
    String id = suffer(Provider.ANTHROPIC, Fault.CACHE_NOT_FORMED, Call.CREATE, 1);
    assertAllAnswered(id, "succeeded=6");
    assertThat(
            fixture.one(
                "select sum(cache_write_tokens + cached_input_tokens) || ' ' || (sum(input_tokens) > 0)"
                    + " from ledger"))
        .isEqualTo("0 true");
  }

  @Test
  @DisplayName("Gemini SUCCEEDED but get answers 503/504")
  void succeededButUnreadable() {
    String id = fixture.planned(fixture.tier(Provider.GEMINI), 6);
    fixture.submit(id);
    fixture.finishAtProvider();
    fixture.emulator.inject(Fault.HTTP_503, Call.STATUS, 8); // more than one poll retries
    try (LeaseKeeper keeper =
        new LeaseKeeper(fixture.stores.submissions(), "k", Duration.ofSeconds(60), fixture.clock)) {
      Submission submission = fixture.find(id);
      org.assertj.core.api.Assertions.assertThatThrownBy(
              () -> fixture.submitter().poll(submission, keeper))
          .hasMessageStartingWith("PROVIDER_UNAVAILABLE: " + id)
          .hasMessageContaining("503");
    }
    assertThat(fixture.state(id)).isEqualTo(SubmissionState.IN_PROGRESS);
    fixture.emulator.inject(Fault.SLOW_BODY, Call.STATUS, 1);
    fixture.clock.advance(Duration.ofMinutes(1));
    fixture.runToEnd(fixture.runOf(id));
    assertAllAnswered(id, "succeeded=6");
  }

  @Test
  @DisplayName("Gemini arrays in extra JSONL fields emptied in output: our lines have none")
  void emptiedArrays() {
    assertAllAnswered(suffer(Provider.GEMINI, Fault.EMPTIED_ARRAYS, Call.CREATE, 1), "succeeded=6");
  }

  // ---- beyond the catalogue ----

  @Test
  @DisplayName("completed and billed, but the output file is not there yet: nothing is asked again")
  void lateOutput() {
    fixture.emulator.inject(Fault.LATE_OUTPUT, Call.CREATE, 1);
    String id = fixture.planned(fixture.tier(Provider.OPENAI), 6);
    fixture.submit(id);
    fixture.finishAtProvider();
    fixture.round(fixture.runOf(id));
    fixture.round(fixture.runOf(id));
    assertThat(fixture.state(id)).as("read again later").isEqualTo(SubmissionState.ENDED);
    assertThat(fixture.attempts(fixture.runOf(id))).isEqualTo("submitted=6");
    fixture.pass(Duration.ofMinutes(6));
    fixture.runToEnd(fixture.runOf(id));
    assertAllAnswered(id, "succeeded=6");
  }

  @Test
  @DisplayName(
      "a Gemini upload that is gone after two days is made again, its results are given up")
  void geminiFilesEnd() {
    String id = fixture.planned(fixture.tier(Provider.GEMINI), 501);
    fixture.emulator.inject(Fault.HTTP_503, Call.CREATE, 1);
    fixture.submit(id); // uploaded, and not created
    fixture.pass(Duration.ofDays(3));
    fixture.runToEnd(fixture.runOf(id));
    assertAllAnswered(id, "succeeded=501");
  }

  @ParameterizedTest
  @CsvSource({"OPENAI", "ANTHROPIC", "GEMINI"})
  @DisplayName("a line is missing: asked again in a new submission, under a new custom id")
  void missingLine(Provider provider) {
    String id = suffer(provider, Fault.MISSING_LINE, Call.CREATE, 1);
    assertAllAnswered(id, "REQUEST_LOST=1 succeeded=6");
    assertThat(
            fixture.one(
                "select count(distinct submission_id) from attempts where run_id = '"
                    + fixture.runOf(id)
                    + "'"))
        .isEqualTo("2");
  }

  @ParameterizedTest
  @CsvSource({"OPENAI", "ANTHROPIC", "GEMINI"})
  @DisplayName("a line with a custom id nobody sent is passed over")
  void unknownLine(Provider provider) {
    assertAllAnswered(suffer(provider, Fault.UNKNOWN_LINE, Call.CREATE, 1), "succeeded=6");
  }

  @ParameterizedTest
  @CsvSource({"OPENAI", "ANTHROPIC", "GEMINI"})
  @DisplayName("lines that are not 2xx are asked again")
  void lineErrors(Provider provider) {
    String id = suffer(provider, Fault.LINE_ERRORS, Call.CREATE, 1);
    assertThat(fixture.attempts(fixture.runOf(id))).matches("REQUEST_ERRORED=[1-6] succeeded=6");
  }

  @ParameterizedTest
  @CsvSource({"OPENAI,BATCH_FAILED", "GEMINI,BATCH_FAILED"})
  @DisplayName("a batch that fails validation bills nothing and is made anew")
  void failsValidation(Provider provider, String code) {
    String id = suffer(provider, Fault.FAILS_VALIDATION, Call.CREATE, 1);
    assertAllAnswered(id, code + "=6 succeeded=6");
  }

  @Test
  @DisplayName("lines that Anthropic finds wrong bill nothing and are not asked again as they are")
  void linesThatAreWrong() {
    String id = suffer(Provider.ANTHROPIC, Fault.FAILS_VALIDATION, Call.CREATE, 1);
    assertThat(fixture.attempts(fixture.runOf(id))).isEqualTo("REQUEST_INVALID=6");
    assertThat(fixture.stores.runs().progress(fixture.runOf(id)).failed()).isEqualTo(6);
    assertThat(fixture.emulator.invoice().lines()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "OPENAI,HTTP_408",
    "OPENAI,HTTP_409",
    "OPENAI,HTTP_429",
    "OPENAI,HTTP_500",
    "OPENAI,HTTP_503",
    "OPENAI,HTTP_500_AFTER",
    "OPENAI,HTTP_503_AFTER",
    "OPENAI,TIMEOUT_BEFORE",
    "OPENAI,TIMEOUT_AFTER",
    "OPENAI,RESET_BEFORE",
    "OPENAI,RESET_AFTER",
    "ANTHROPIC,HTTP_409",
    "ANTHROPIC,HTTP_429",
    "ANTHROPIC,HTTP_529",
    "ANTHROPIC,HTTP_500_AFTER",
    "ANTHROPIC,TIMEOUT_AFTER",
    "ANTHROPIC,RESET_BEFORE",
    "ANTHROPIC,RESET_AFTER",
    "GEMINI,HTTP_429",
    "GEMINI,HTTP_503",
    "GEMINI,HTTP_503_AFTER",
    "GEMINI,TIMEOUT_AFTER",
    "GEMINI,RESET_AFTER"
  })
  @DisplayName("a create that goes wrong makes one batch, not none and not two")
  void createFaults(Provider provider, Fault fault) {
    String id = suffer(provider, fault, Call.CREATE, 1);
    assertAllAnswered(id, "succeeded=6");
    assertThat(fixture.emulator.invoice().count()).isEqualTo(6);
  }

  @ParameterizedTest
  @CsvSource({
    "OPENAI,STATUS",
    "OPENAI,RESULTS",
    "OPENAI,LIST",
    "ANTHROPIC,STATUS",
    "ANTHROPIC,RESULTS",
    "GEMINI,STATUS"
  })
  @DisplayName("reads that go wrong are repeated")
  void readFaults(Provider provider, Call call) {
    for (Fault fault :
        new Fault[] {Fault.HTTP_503, Fault.RESET_BEFORE, Fault.TRUNCATED_BODY, Fault.SLOW_BODY}) {
      fixture.emulator.inject(fault, call, 1);
      String id = fixture.planned(fixture.tier(provider), 2);
      if (call == Call.LIST) {
        fixture.emulator.inject(Fault.RESET_AFTER, Call.CREATE, 1); // so that there is a list
      }
      fixture.submit(id);
      fixture.runToEnd(fixture.runOf(id));
      assertAllAnswered(id, "succeeded=2");
    }
  }
}
