package dev.nightjar.pipelines.submit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nightjar.cachestore.Ending;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.Lease;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.StrayStore;
import dev.nightjar.cachestore.Submission;
import dev.nightjar.cachestore.SubmissionState;
import dev.nightjar.cachestore.SubmissionStore;
import dev.nightjar.emulator.AnswerFinish;
import dev.nightjar.emulator.Answers;
import dev.nightjar.emulator.Call;
import dev.nightjar.emulator.Emulator;
import dev.nightjar.emulator.Fault;
import dev.nightjar.emulator.Phase;
import dev.nightjar.emulator.Usage;
import dev.nightjar.pipelines.model.Provider;
import dev.nightjar.pipelines.model.ResultLine;
import dev.nightjar.pipelines.task.TierSpec;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What every provider's client must do, against a server that speaks its wire format. */
class ProviderContractTest {
  /** Thirty of these are more than goes inline at Gemini. */
  private static final int LARGE_CHARACTERS = 150_000;

  private static final String ONLINE_FALLBACK = "online_fallback: {minutes_before_deadline: 60}";

  @TempDir Path home;

  private ProviderFixture fixture;

  private ProviderFixture open() {
    fixture = new ProviderFixture(home);
    return fixture;
  }

  /** A fixture in a directory of its own, whose deadline is near if it is to ask online. */
  private void open(boolean online, UnaryOperator<Emulator.Builder> emulated) {
    fixture =
        new ProviderFixture(
            home.resolve(String.valueOf(online)), emulated, false, online ? ONLINE_FALLBACK : "");
    if (online) {
      fixture.deadline(Duration.ofMinutes(30));
    }
  }

  @AfterEach
  void close() {
    if (fixture != null) {
      fixture.close();
    }
  }

  private int billed(Provider provider) {
    return provider == Provider.SELF_HOSTED ? 0 : (int) fixture.emulator.invoice().count();
  }

  private List<ResultLine> results(String submissionId) {
    ProviderClient client =
        fixture.clients.of(Provider.ofLabel(fixture.find(submissionId).provider()));
    List<ResultLine> lines = new ArrayList<>();
    client.results(
        submissionId,
        client.status(fixture.find(submissionId).providerBatchId().orElseThrow()),
        lines::add,
        unreadable -> {
          throw new AssertionError(unreadable);
        });
    return lines;
  }

  @ParameterizedTest
  @ValueSource(strings = {"openai", "responses", "anthropic", "tool", "gemini"})
  void aRequestThatIsTooLongIsToldFromOneThatMayBeRepeated(String tierName) {
    open();
    String id = fixture.planned(fixture.task.tier(tierName), 1, 2_200_000);
    assertThat(fixture.submit(id)).isTrue();
    fixture.finishAtProvider();
    assertThat(results(id))
        .singleElement()
        .satisfies(line -> assertThat(line.error()).contains(ErrorCode.REQUEST_TOO_LONG));
    assertThat(fixture.emulator.invoice().lines()).isEmpty();
  }

  /** Answers that do not come to their own end. */
  private static Answers ending(AnswerFinish finish) {
    return new Answers() {
      @Override
      public String answer(Question question) {
        return "{\"topic\":\"t\"}";
      }

      @Override
      public Optional<AnswerFinish> finish(Question question) {
        return Optional.of(finish);
      }
    };
  }

  @ParameterizedTest
  @CsvSource({
    "openai, REFUSED, ANSWER_REFUSED, true",
    "openai, FILTERED, ANSWER_FILTERED, true",
    "responses, REFUSED, ANSWER_REFUSED, true",
    "responses, FILTERED, ANSWER_FILTERED, true",
    "anthropic, REFUSED, ANSWER_REFUSED, true",
    "anthropic, DECLINED, ANSWER_REFUSED, false",
    "anthropic, CONTEXT_FULL, ANSWER_CONTEXT_FULL, true",
    "tool, REFUSED, ANSWER_REFUSED, true",
    "gemini, FILTERED, ANSWER_FILTERED, true",
    "gemini, PROMPT_BLOCKED, ANSWER_FILTERED, true",
    "azure, FILTERED, ANSWER_FILTERED, true",
    "azure, PROMPT_BLOCKED, ANSWER_FILTERED, false",
    "groq, REFUSED, ANSWER_REFUSED, true",
  })
  void howAnAnswerEndedIsToldAndChargedAsItIsBilledAndNotBoughtAgain(
      String tierName, AnswerFinish finish, ErrorCode code, boolean billed) {
    for (boolean online : List.of(false, true)) {
      open(online, builder -> builder.answers(ending(finish)));
      String id = fixture.planned(fixture.task.tier(tierName), 2);
      assertThat(fixture.submit(id)).isTrue();
      fixture.runToEnd(fixture.runOf(id));
      assertThat(fixture.attempts(fixture.runOf(id))).isEqualTo(code + "=2");
      assertThat(fixture.emulator.invoice().count()).isEqualTo(billed ? 2 : 0);
      assertThat(fixture.ledger()).isEqualByComparingTo(fixture.emulator.invoice().total());
      assertThat(fixture.one("select count(*) from unknown_spend")).isEqualTo("0");
      assertThat(fixture.one("select count(*) from misses where lasting_failure_code is not null"))
          .as("the next night does not ask again")
          .isEqualTo("2");
      fixture.close();
    }
  }

  @Test
  void aPausedTurnIsAskedAgainAtItsOwnTierAndThenFails() {
    fixture =
        new ProviderFixture(
            home, builder -> builder.answers(ending(AnswerFinish.PAUSED)), false, "");
    String id = fixture.planned(fixture.tier(Provider.ANTHROPIC), 1);
    assertThat(fixture.submit(id)).isTrue();
    fixture.runToEnd(fixture.runOf(id));
    assertThat(fixture.attempts(fixture.runOf(id))).isEqualTo("ANSWER_PAUSED=3");
    assertThat(fixture.ledger()).isEqualByComparingTo(fixture.emulator.invoice().total());
  }

  @ParameterizedTest
  @CsvSource({
    "OPENAI, NO_CREDIT",
    "OPENAI, ON_HOLD",
    "ANTHROPIC, NO_CREDIT",
    "ANTHROPIC, ON_HOLD",
    "GEMINI, NO_CREDIT",
    "GEMINI, ON_HOLD"
  })
  void anAccountThatIsSoldNothingMoreStopsTheNightAndKeepsWhatIsPlanned(
      Provider provider, Fault stop) {
    for (boolean online : List.of(false, true)) {
      open(online, builder -> builder);
      String id = fixture.planned(fixture.tier(provider), 1);
      fixture.emulator.inject(stop, online ? Call.ASK : Call.CREATE, 1);
      assertThatThrownBy(() -> fixture.submit(id))
          .hasMessageStartingWith("PROVIDER_ACCOUNT_STOPPED: ")
          .hasMessageContaining("billing page");
      assertThat(fixture.emulator.invoice().count()).isZero();
      fixture.runToEnd(fixture.runOf(id)); // somebody has paid
      assertThat(fixture.attempts(fixture.runOf(id))).isEqualTo("succeeded=1");
      fixture.close();
    }
  }

  @Test
  void aBatchThatFailsForWantOfMoneyStopsTheNightAndIsAskedAgainLater() {
    open();
    String id = fixture.planned(Provider.OPENAI);
    fixture.emulator.inject(Fault.BILLING_LIMIT, Call.CREATE, 4);
    String runId = fixture.runOf(id);
    int stops = 0;
    for (int round = 0; round < 40 && fixture.stores.runs().progress(runId).open() > 0; round++) {
      try {
        fixture.round(runId);
      } catch (NightjarException e) {
        assertThat(e)
            .hasMessageStartingWith("PROVIDER_ACCOUNT_STOPPED: ")
            .hasMessageContaining("billing_hard_limit_reached");
        stops++;
      }
      fixture.pass(Duration.ofMinutes(2));
    }
    assertThat(stops).isEqualTo(4);
    assertThat(fixture.attempts(runId))
        .as("however often, it is no try of a document's")
        .isEqualTo("PROVIDER_ACCOUNT_STOPPED=12 succeeded=3");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "openai",
        "responses",
        "anthropic",
        "tool",
        "gemini",
        "azure",
        "groq",
        "dashscope",
        "mistral"
      })
  void tokensAreBookedByClassAsTheProviderBillsThem(String tierName) {
    open();
    String id = fixture.planned(fixture.task.tier(tierName), 3, 20_000);
    assertThat(fixture.submit(id)).isTrue();
    fixture.runToEnd(fixture.runOf(id));
    Usage billed = fixture.emulator.invoice().usage();
    assertThat(
            fixture.one(
                "select concat_ws(' ', sum(input_tokens), sum(cached_input_tokens), sum(cache_write_tokens),"
                    + " sum(cache_write_long_tokens), sum(output_tokens), sum(reasoning_tokens)) from ledger"))
        .isEqualTo(
            "%d %d %d %d %d %d"
                .formatted(
                    billed.input(),
                    billed.cached(),
                    billed.write5m(),
                    billed.write1h(),
                    billed.output(),
                    billed.reasoning()));
    assertThat(billed.write5m()).as("nothing is shared, so nothing is written").isZero();
    assertThat(billed.reasoning() > 0)
        .as("only where it cannot be turned off")
        .isEqualTo(tierName.equals("gemini") || tierName.equals("groq"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "openai",
        "responses",
        "anthropic",
        "tool",
        "gemini",
        "azure",
        "groq",
        "dashscope",
        "mistral",
        "self-hosted"
      })
  void aBatchIsCreatedWorkedOnCollectedAndChargedToTheLastDigit(String tierName) {
    open();
    TierSpec tier = fixture.task.tier(tierName);
    String id = fixture.planned(tier, 5);
    assertThat(fixture.submit(id)).isTrue();
    assertThat(fixture.state(id)).isEqualTo(SubmissionState.IN_PROGRESS);
    fixture.runToEnd(fixture.runOf(id));
    assertThat(fixture.attempts(fixture.runOf(id))).isEqualTo("succeeded=5");
    assertThat(fixture.state(id)).isEqualTo(SubmissionState.COLLECTED);
    assertThat(fixture.ledger()).isEqualByComparingTo(fixture.emulator.invoice().total());
    assertThat(fixture.one("select count(*) from results where answer = '{\"topic\":\"t\"}'"))
        .isEqualTo("5");
    assertThat(fixture.one("select count(*) from ledger where total_usd > 0")).isEqualTo("5");
  }

  @ParameterizedTest
  @EnumSource(Provider.class)
  void aCreateWhoseAnswerIsLostIsFoundAndNotRepeated(Provider provider) {
    open();
    String id = fixture.planned(provider);
    if (provider == Provider.SELF_HOSTED) {
      fixture.submit(id); // the file is there, the note of it is not
      fixture.execute("alter table submissions disable trigger user");
      fixture.execute(
          "update submissions set state = 'creating', came_from = 'planned', provider_batch_id = null,"
              + " creating_at = '2026-11-24Z', provider_creating_at = '2026-11-24Z',"
              + " provider_renewed_at = '2026-11-24Z'");
      fixture.execute("alter table submissions enable trigger user");
    } else {
      fixture.emulator.inject(Fault.RESET_AFTER, Call.CREATE, 1);
      assertThat(fixture.submit(id)).isFalse();
    }
    assertThat(fixture.state(id)).isEqualTo(SubmissionState.CREATING);
    fixture.finishAtProvider(); // Anthropic shows custom ids only in the results
    assertThat(fixture.submit(id)).isTrue();
    assertThat(fixture.state(id)).isEqualTo(SubmissionState.IN_PROGRESS);
    fixture.runToEnd(fixture.runOf(id));
    assertThat(fixture.emulator.invoice().count())
        .isEqualTo(provider == Provider.SELF_HOSTED ? 0 : 3);
    assertThat(fixture.ledger()).isEqualByComparingTo(fixture.emulator.invoice().total());
  }

  @ParameterizedTest
  @EnumSource(
      value = Provider.class,
      names = {"SELF_HOSTED"},
      mode = EnumSource.Mode.EXCLUDE)
  void aLostCreateIsFoundThoughTheClockWasAheadAndIsRight(Provider provider) {
    open();
    String id = fixture.planned(provider);
    fixture.emulator.inject(Fault.RESET_AFTER, Call.CREATE, 1);
    assertThat(fixture.submitter(Duration.ofMinutes(20), Map.of()).submit(id)).isFalse();
    fixture.finishAtProvider();
    assertThat(fixture.submit(id)).as("ours is right again").isTrue();
    fixture.runToEnd(fixture.runOf(id));
    assertThat(fixture.emulator.invoice().billedTwice()).isEmpty();
    assertThat(fixture.ledger()).isEqualByComparingTo(fixture.emulator.invoice().total());
  }

  @ParameterizedTest
  @EnumSource(
      value = Provider.class,
      names = {"SELF_HOSTED"},
      mode = EnumSource.Mode.EXCLUDE)
  void aClockThatIsSetAheadMakesNoWaitShorter(Provider provider) {
    open();
    String id = fixture.planned(provider);
    fixture.emulator.inject(Fault.TIMEOUT_BEFORE, Call.CREATE, 1);
    assertThat(fixture.submit(id)).isFalse();
    BatchSubmitter ahead = fixture.submitter(Duration.ofMinutes(20), Map.of());
    assertThat(ahead.submit(id)).as("by the provider's clock it is too early").isFalse();
    assertThat(fixture.state(id)).isEqualTo(SubmissionState.CREATING);
    fixture.pass(Duration.ofMinutes(30)); // its lease was taken 20 minutes ahead
    assertThat(fixture.submit(id)).isTrue();
  }

  @ParameterizedTest
  @EnumSource(
      value = Provider.class,
      names = {"SELF_HOSTED"},
      mode = EnumSource.Mode.EXCLUDE)
  void whatAnotherKeyMayHaveCreatedIsNotCreatedAgainByThisOne(Provider provider) {
    open();
    String id = fixture.planned(provider);
    fixture.emulator.inject(Fault.TIMEOUT_BEFORE, Call.CREATE, 1); // where only the old key sees it
    assertThat(fixture.submit(id)).isFalse();
    Map<String, String> rotated = Map.of(provider.keyVariable(), "another-key");
    fixture.pass(Duration.ofHours(2));
    assertThat(fixture.submitter(Duration.ZERO, rotated).submit(id)).isFalse();
    assertThat(fixture.state(id)).isEqualTo(SubmissionState.CREATING);
    assertThat(fixture.one("select account from submissions"))
        .as("neither key nor address can be had from it")
        .matches("[0-9a-f]{16}");
    assertThat(fixture.submit(id)).as("the old key is back").isTrue();
    fixture.runToEnd(fixture.runOf(id));
    assertThat(fixture.attempts(fixture.runOf(id))).isEqualTo("succeeded=3");
  }

  @Test
  void aStrayOfAProviderWhoseKeyIsNotSetStopsNobody() {
    open();
    fixture
        .stores
        .strays()
        .found(
            "openai",
            "another",
            true,
            List.of(new StrayStore.Found("batch_1", fixture.clock.instant())));
    ProviderSettings real = new ProviderSettings(Map.of(), null, ProviderSettings.Patience.DEFAULT);
    try (ProviderClients keyless = ProviderClients.open(real, Map.of())) {
      new StrayBatches(fixture.stores, keyless, fixture.clock).look(List.of());
    }
    assertThat(fixture.stores.strays().held()).as("it waits for its key").containsExactly("openai");
  }

  /** Which another worker believes not to exist: it creates its own, under the same names. */
  @ParameterizedTest
  @EnumSource(
      value = Provider.class,
      names = {"SELF_HOSTED"},
      mode = EnumSource.Mode.EXCLUDE)
  void whatAWorkerCreatesAfterItsLeaseWasLostIsKeptAsAStray(Provider provider) {
    AtomicReference<Runnable> whileCreating = new AtomicReference<>(() -> {});
    fixture =
        new ProviderFixture(
            home,
            builder ->
                builder.onCall(
                    (number, call, phase) -> {
                      if (call == Call.CREATE && phase == Phase.AFTER_EFFECT) {
                        whileCreating.getAndSet(() -> {}).run();
                      }
                    }),
            false,
            "");
    String id = fixture.planned(provider);
    whileCreating.set(
        () ->
            fixture.execute(
                "update submissions set state = 'planned', lease_owner = null, lease_until = null"
                    + " where submission_id = '"
                    + id
                    + "'"));
    fixture.emulator.inject(Fault.HTTP_500, Call.CANCEL, 1);
    assertThat(fixture.submit(id)).isFalse();
    assertThat(fixture.one("select count(*) from stray_batches where state = 'working'"))
        .isEqualTo("1");
    assertThat(fixture.submit(id)).as("whoever holds it creates its own").isTrue();
    fixture.finishAtProvider();
    new StrayBatches(fixture.stores, fixture.clients, fixture.clock).look(List.of());
    fixture.runToEnd(fixture.runOf(id));
    assertThat(
            fixture
                .ledger()
                .add(
                    new BigDecimal(
                        fixture.one("select coalesce(sum(worst_case_usd), 0) from unknown_spend"))))
        .as("all that was billed is in the ledger, or known to be unknown")
        .isGreaterThan(fixture.ledger())
        .isEqualByComparingTo(fixture.emulator.invoice().total());
  }

  @ParameterizedTest
  @EnumSource(
      value = Provider.class,
      names = {"SELF_HOSTED"},
      mode = EnumSource.Mode.EXCLUDE)
  void oneFalse404WhileALostCreateIsLookedForIsABlip(Provider provider) {
    open();
    String id = fixture.planned(provider);
    fixture.emulator.inject(Fault.RESET_AFTER, Call.CREATE, 1);
    assertThat(fixture.submit(id)).isFalse();
    fixture.finishAtProvider();
    fixture.emulator.inject(Fault.NOT_FOUND, Call.LIST, 2);
    fixture.runToEnd(fixture.runOf(id)); // nothing but PROVIDER_UNAVAILABLE is tolerated
    assertThat(fixture.emulator.invoice().billedTwice()).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(Provider.class)
  void aProcessThatDiedBeforeTheCallIsFollowedOnlyAfterItsLeaseAndTheWait(Provider provider) {
    open();
    String id = fixture.planned(provider);
    SubmissionStore submissions = fixture.stores.submissions();
    submissions.claim(
        id, new Lease("dead", fixture.clock.instant().plusSeconds(30)), fixture.clock.instant());
    submissions.begin(
        id,
        "dead",
        false,
        Providers.of(provider).queue(),
        fixture.clients.account(provider),
        fixture.clock.instant());
    submissions.renewCreating(id, "dead", fixture.clock.instant(), fixture.clock.instant());
    assertThat(fixture.submit(id)).as("its lease runs").isFalse();
    fixture.clock.advance(Duration.ofSeconds(31));
    assertThat(fixture.submit(id)).as("too early to say").isFalse();
    assertThat(fixture.state(id)).isEqualTo(SubmissionState.CREATING);
    fixture.clock.advance(Duration.ofSeconds(60)); // the wait, and half a lease for two clocks
    assertThat(fixture.submit(id)).isTrue();
    fixture.runToEnd(fixture.runOf(id));
    assertThat(fixture.attempts(fixture.runOf(id))).isEqualTo("succeeded=3");
  }

  @ParameterizedTest
  @EnumSource(
      value = Provider.class,
      names = {"OPENAI", "GEMINI", "MISTRAL"})
  void anUploadWhoseProcessDiedIsAnOrphanAndIsDeletedAndNoOtherFileIs(Provider provider)
      throws IOException {
    open();
    TierSpec tier = fixture.tier(provider);
    String dead = fixture.planned(provider);
    ProviderClient client = fixture.clients.of(provider);
    Path requests = java.nio.file.Files.writeString(home.resolve(dead + ".jsonl"), "{}\n");
    String orphan = client.upload(fixture.find(dead), requests);
    Path foreign = java.nio.file.Files.writeString(home.resolve("of_somebody_else.jsonl"), "{}\n");
    String alive = client.upload(named(fixture.find(dead), "of_somebody_else"), foreign);
    assertThat(client.uploads()).containsKeys(orphan, alive);
    int deleted =
        OrphanUploads.delete(
            fixture.stores.submissions(), fixture.clients, List.of(provider), fixture.clock);
    assertThat(deleted).isEqualTo(1);
    assertThat(client.uploads()).doesNotContainKey(orphan).containsKey(alive);
    client.deleteUpload(orphan); // gone already: no error
    client.deleteBatch(
        provider == Provider.GEMINI ? "batches/none" : "batch_none", Optional.of(orphan));
    assertThat(tier.provider()).isEqualTo(provider);
  }

  private static Submission named(Submission s, String id) {
    return new Submission(
        id,
        s.runId(),
        s.provider(),
        s.model(),
        s.tier(),
        s.mode(),
        s.state(),
        s.requests(),
        s.requestBytes(),
        s.promptTokens(),
        s.inputFileId(),
        s.providerBatchId(),
        s.ending(),
        s.tries(),
        s.notBefore(),
        s.plannedAt(),
        s.creatingAt(),
        s.account(),
        s.providerCreatingAt(),
        s.providerRenewedAt(),
        s.inProgressAt(),
        s.endedAt(),
        s.cancelRequestedAt(),
        s.cancelReason(),
        s.cacheMark(),
        s.lease(),
        s.failure());
  }

  @Test
  void theUploadsOfAFinishedSubmissionAreDeletedAndItsResultsStay() {
    open();
    String id = fixture.planned(Provider.OPENAI);
    fixture.submit(id);
    ProviderClient client = fixture.clients.of(Provider.OPENAI);
    assertThat(
            OrphanUploads.delete(
                fixture.stores.submissions(),
                fixture.clients,
                List.of(Provider.OPENAI),
                fixture.clock))
        .as("in use")
        .isZero();
    fixture.runToEnd(fixture.runOf(id));
    assertThat(
            OrphanUploads.delete(
                fixture.stores.submissions(),
                fixture.clients,
                List.of(Provider.OPENAI),
                fixture.clock))
        .isEqualTo(1);
    assertThat(client.uploads()).isEmpty();
    assertThat(results(id)).hasSize(3);
  }

  @ParameterizedTest
  @EnumSource(
      value = Provider.class,
      names = {"OPENAI", "ANTHROPIC", "MISTRAL"})
  void aCancelledBatchIsChargedForWhatItDidAndTheRestFailsAsCancelled(Provider provider) {
    open();
    String id = fixture.planned(fixture.tier(provider), 20);
    fixture.submit(id);
    fixture.pass(Duration.ofSeconds(3)); // validated
    fixture.pass(Duration.ofSeconds(20)); // half way
    fixture
        .stores
        .submissions()
        .requestCancel(id, ErrorCode.SUBMISSION_CANCELLED, fixture.clock.instant());
    fixture.round(fixture.runOf(id));
    fixture.emulator.advance(); // the provider has heard it
    fixture.runToEnd(fixture.runOf(id));
    assertThat(fixture.state(id)).isEqualTo(SubmissionState.CANCELLED);
    assertThat(billed(provider)).isBetween(1, 19);
    assertThat(fixture.attempts(fixture.runOf(id)))
        .isEqualTo(
            "SUBMISSION_CANCELLED=" + (20 - billed(provider)) + " succeeded=" + billed(provider));
    assertThat(fixture.ledger()).isEqualByComparingTo(fixture.emulator.invoice().total());
  }

  @ParameterizedTest
  @EnumSource(
      value = Provider.class,
      names = {"SELF_HOSTED"},
      mode = EnumSource.Mode.EXCLUDE)
  void aDownloadThatBreaksOffIsResumedWithAndWithoutRanges(Provider provider) {
    for (boolean ranges : new boolean[] {true, false}) {
      UnaryOperator<Emulator.Builder> emulated = builder -> builder.ranges(ranges);
      fixture = new ProviderFixture(home.resolve("ranges-" + ranges), emulated, false, "");
      // Gemini's inline results come with the status: a batch that is large enough goes by file.
      int requests = 30;
      String id = fixture.planned(fixture.tier(provider), requests, LARGE_CHARACTERS);
      fixture.submit(id);
      fixture.finishAtProvider();
      fixture.emulator.inject(Fault.TRUNCATED_BODY, Call.RESULTS, 2);
      List<ResultLine> lines = results(id);
      assertThat(lines).hasSize(requests);
      assertThat(lines.stream().map(ResultLine::customId).distinct().count()).isEqualTo(requests);
      assertThat(fixture.emulator.faultsInjected()).containsEntry(Fault.TRUNCATED_BODY, 2);
      fixture.close();
    }
    fixture = null;
  }

  @Test
  void geminiTakesSmallBatchesInlineAndLargeOnesAsAFile() {
    open();
    String small = fixture.planned(fixture.tier(Provider.GEMINI), 2);
    fixture.submit(small);
    assertThat(fixture.find(small).inputFileId()).isEmpty();
    String large = fixture.planned(fixture.tier(Provider.GEMINI), 30, LARGE_CHARACTERS);
    assertThat(fixture.find(large).requestBytes()).isGreaterThan(GeminiClient.INLINE_BYTES_MAX);
    fixture.submit(large);
    assertThat(fixture.find(large).inputFileId()).isPresent();
    fixture.finishAtProvider();
    assertThat(results(large)).hasSize(30).allMatch(line -> line.error().isEmpty());
  }

  @Test
  void aRefusedCreateFailsItsDocumentsAndLeavesNothingReserved() {
    open();
    String id = fixture.planned(Provider.OPENAI);
    fixture.execute("update submissions set model = 'x'"); // only to see that nothing depends on it
    ProviderSettings nowhere =
        new ProviderSettings(
            java.util.Map.of(Provider.OPENAI, fixture.emulator.uri() + "/nothing/here"),
            null,
            fixture.settings.patience());
    try (ProviderClients clients = ProviderClients.open(nowhere, java.util.Map.of())) {
      new BatchSubmitter(fixture.stores, clients, nowhere, fixture.task, fixture.clock).submit(id);
    }
    assertThat(fixture.state(id)).isEqualTo(SubmissionState.FAILED);
    assertThat(fixture.attempts(fixture.runOf(id))).isEqualTo("PROVIDER_REFUSED=3");
    assertThat(fixture.stores.runs().progress(fixture.runOf(id)).failed()).isEqualTo(3);
    assertThat(fixture.one("select reserved_usd from runs")).matches("0(\\.0+)?");
  }

  @Test
  void aSubmissionThatAnotherWorkerHoldsIsLeftToIt() {
    open();
    String id = fixture.planned(Provider.OPENAI);
    try (LeaseKeeper other =
        new LeaseKeeper(
            fixture.stores.submissions(), "other", Duration.ofSeconds(60), fixture.clock)) {
      assertThat(other.claim(id)).isPresent();
      assertThat(fixture.submit(id)).isFalse();
      assertThat(fixture.state(id)).isEqualTo(SubmissionState.PLANNED);
    }
    assertThat(fixture.find(id).lease()).as("given back on closing").isEmpty();
    assertThat(fixture.submit(id)).isTrue();
  }

  @Test
  void aPollSeesTheEndOnceAndOneProcessCollects() {
    open();
    String id = fixture.planned(Provider.OPENAI);
    fixture.submit(id);
    try (LeaseKeeper one =
            new LeaseKeeper(
                fixture.stores.submissions(), "one", Duration.ofSeconds(600), fixture.clock);
        LeaseKeeper two =
            new LeaseKeeper(
                fixture.stores.submissions(), "two", Duration.ofSeconds(600), fixture.clock)) {
      assertThat(fixture.submitter().poll(fixture.find(id), one)).isFalse();
      fixture.finishAtProvider();
      Submission seenByBoth = fixture.find(id);
      assertThat(fixture.submitter().poll(seenByBoth, one)).isTrue();
      assertThat(fixture.submitter().poll(seenByBoth, two)).isFalse();
      assertThat(fixture.find(id).ending()).contains(Ending.COMPLETED);
    }
  }

  @Test
  void aFileOfRequestsIsAsManyBytesAsWerePackedOrNothingIsSent() {
    open();
    String id = fixture.planned(Provider.OPENAI);
    fixture.execute("update submissions set request_bytes = request_bytes + 1");
    org.assertj.core.api.Assertions.assertThatThrownBy(() -> fixture.submit(id))
        .hasMessageStartingWith("INTERNAL: " + id)
        .hasMessageContaining("nothing was sent");
    assertThat(fixture.clients.of(Provider.OPENAI).uploads()).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(Provider.class)
  void anOnlineRequestIsAnsweredChargedAsItIsBilledAndBounded(Provider provider) throws Exception {
    nearDeadline();
    String id = fixture.planned(fixture.tier(provider), 12);
    assertThat(fixture.submit(id)).isTrue();
    assertThat(fixture.state(id)).isEqualTo(SubmissionState.ENDED);
    String runId = fixture.runOf(id);
    fixture.round(runId);
    assertThat(fixture.attempts(runId)).isEqualTo("succeeded=12");
    assertThat(fixture.ledger()).isEqualByComparingTo(fixture.emulator.invoice().total());
    assertThat(fixture.state(id)).isEqualTo(SubmissionState.COLLECTED);
    assertThat(fixture.one("select count(*) from online_requests where response_body <> ''"))
        .as("answers are not kept twice")
        .isEqualTo("0");
  }

  /** Flex costs what a batch does; which of the two it was the answer says. */
  @ParameterizedTest
  @ValueSource(strings = {"openai", "responses", "gemini"})
  void nearADeadlineWhatIsAskedByItselfCostsWhatABatchDoes(String tierName) {
    nearDeadline();
    String id = fixture.planned(fixture.task.tier(tierName), 3);
    fixture.submit(id);
    fixture.runToEnd(fixture.runOf(id));
    assertThat(fixture.attempts(fixture.runOf(id))).isEqualTo("succeeded=3");
    assertThat(
            fixture.one(
                "select string_agg(distinct mode || ' ' || service_tier, ', ') from attempts"))
        .isEqualTo("online flex");
    assertThat(fixture.ledger()).isEqualByComparingTo(fixture.emulator.invoice().total());
    assertThat(
            fixture.one(
                "select bool_and(l.input_usd = l.input_tokens * p.batch_input_usd * 0.000001) from ledger l join prices p using (price_id)"))
        .isEqualTo("t");
  }

  /** The cheapest way that meets the deadline: what has no room is not waited for. */
  @ParameterizedTest
  @CsvSource({
    "openai, 540, online",
    "gemini, 540, online",
    "responses, 540, online background_8h",
    "responses, 180, online background_2h",
    "responses, 60, online",
    "openai, 20, online",
    "responses, 20, online"
  })
  void whereFlexHasNoRoomTheNextCheapestWayThatMeetsTheDeadlineIsTaken(
      String tierName, int minutesLeft, String asked) {
    fixture =
        new ProviderFixture(
            home, builder -> builder, true, "online_fallback: {minutes_before_deadline: 600}");
    fixture.deadline(Duration.ofMinutes(minutesLeft));
    String id = fixture.planned(fixture.task.tier(tierName), 1);
    if (minutesLeft > 25) {
      fixture.emulator.inject(Fault.FLEX_UNAVAILABLE, Call.ASK, 1);
    }
    fixture.submit(id);
    fixture.runToEnd(fixture.runOf(id));
    assertThat(fixture.attempts(fixture.runOf(id))).isEqualTo("succeeded=1");
    assertThat(fixture.one("select concat_ws(' ', mode, service_tier) from attempts"))
        .isEqualTo(asked);
    assertThat(fixture.ledger()).isEqualByComparingTo(fixture.emulator.invoice().total());
  }

  private static ProviderClient.Response response(int status, String error) {
    return new ProviderClient.Response(status, "{\"error\":{" + error + "}}", Optional.empty());
  }

  /** The words of a refusal change, so what tells is whether another way is taken. */
  @Test
  void aRefusedWayIsNotTriedAgainOnceTheRequestWasTakenAnotherWay() {
    fixture = new ProviderFixture(home, builder -> builder, false, ONLINE_FALLBACK);
    TierSpec tier = fixture.task.tier("openai");
    Duration left = Duration.ofHours(1);
    OnlineWays ways = new OnlineWays();
    ProviderClient.Response refusal = response(404, "\"message\":\"in words nobody knows yet\"");
    assertThat(ways.ask(tier, left, 1, way -> refusal)).isSameAs(refusal);
    assertThat(ways.meeting(tier, left, 1))
        .as("it was the request")
        .containsExactly(OnlineWay.FLEX, OnlineWay.STANDARD);
    ProviderClient.Response answer = new ProviderClient.Response(200, "{}", Optional.empty());
    assertThat(ways.ask(tier, left, 1, way -> way == OnlineWay.FLEX ? refusal : answer))
        .isSameAs(answer);
    assertThat(ways.meeting(tier, left, 1)).as("it was flex").containsExactly(OnlineWay.STANDARD);
  }

  @ParameterizedTest
  @CsvSource({"429", "408", "409", "401", "402", "500"})
  void whatIsNoRefusalOfTheWayIsNoReasonToPayMore(int status) {
    fixture = new ProviderFixture(home, builder -> builder, false, ONLINE_FALLBACK);
    ProviderClient.Response said = response(status, "");
    List<OnlineWay> asked = new ArrayList<>();
    new OnlineWays()
        .ask(
            fixture.task.tier("openai"),
            Duration.ofHours(1),
            1,
            way -> {
              asked.add(way);
              return said;
            });
    assertThat(asked).containsExactly(OnlineWay.FLEX);
  }

  /** Eight at once, each up to a quarter of an hour: an hour is enough for three turns. */
  @Test
  void aSlowWayIsTakenOnlyIfAllThatIsLeftIsAnsweredByTheDeadline() {
    fixture = new ProviderFixture(home, builder -> builder, true, ONLINE_FALLBACK);
    Duration hour = Duration.ofHours(1);
    for (String slow : List.of("openai", "gemini")) {
      TierSpec tier = fixture.task.tier(slow);
      assertThat(OnlineWay.meeting(tier, hour, 3)).contains(OnlineWay.FLEX);
      assertThat(OnlineWay.meeting(tier, hour, 4)).containsExactly(OnlineWay.STANDARD);
      assertThat(OnlineWay.meeting(tier, Duration.ZERO, 1))
          .as("a trial, for which somebody waits")
          .containsExactly(OnlineWay.STANDARD);
    }
    assertThat(OnlineWay.meeting(fixture.task.tier("responses"), hour, 100))
        .as("fetched later, all of them are worked on at once")
        .contains(OnlineWay.FLEX);
    fixture.deadline(hour);
    String id = fixture.planned(fixture.task.tier("gemini"), 40);
    fixture.submit(id);
    fixture.runToEnd(fixture.runOf(id));
    assertThat(
            fixture.one(
                "select string_agg(coalesce(service_tier, 'standard') || ' ' || n, ', ' order by service_tier) from"
                    + " (select service_tier, count(*) as n from attempts group by service_tier) t"))
        .isEqualTo("flex 24, standard 16");
    assertThat(fixture.ledger()).isEqualByComparingTo(fixture.emulator.invoice().total());
  }

  /** It is paid for: the deadline bounds the wait, and not what its pages promise. */
  @Test
  void aSlowAnswerOnAnOpenConnectionIsWaitedForAsLongAsTheDeadlineAllows() {
    Duration call = Duration.ofMinutes(1);
    assertThat(OnlineWay.FLEX.waitMax(Duration.ofMinutes(40), call))
        .isEqualTo(Duration.ofMinutes(30));
    assertThat(OnlineWay.FLEX.waitMax(Duration.ofHours(8), call)).isEqualTo(Duration.ofHours(1));
    assertThat(OnlineWay.STANDARD.waitMax(Duration.ofHours(8), call)).isEqualTo(call);
    fixture = new ProviderFixture(home, builder -> builder, false, ONLINE_FALLBACK);
    assertThat(
            OnlineWay.patience(
                fixture.task.tier("gemini"), Duration.ofMinutes(40), call, Duration.ofMinutes(1)))
        .as("the standard way may follow")
        .isEqualTo(Duration.ofMinutes(31));
  }

  /** Accepted, and given up without having been worked on. */
  @Test
  void anAcceptedResponseThatFoundNoRoomIsAskedAgainAndCostsNoTry() {
    com.fasterxml.jackson.databind.JsonNode failed =
        RawHttp.lenient(
            "{\"status\":\"failed\",\"error\":{\"code\":\"rate_limit_exceeded\"},\"usage\":null}");
    assertThat(OpenAiClient.fetched(failed).orElseThrow().hadNoRoom()).isTrue();
    assertThat(
            OpenAiClient.fetched(
                    RawHttp.lenient(
                        "{\"status\":\"failed\",\"error\":{\"code\":\"rate_limit_exceeded\"},\"usage\":{\"input_tokens\":9}}"))
                .orElseThrow()
                .hadNoRoom())
        .as("billed")
        .isFalse();
    nearDeadline();
    String id = fixture.planned(fixture.task.tier("responses"), 1);
    fixture.submit(id);
    fixture.execute(
        "update online_requests set response_status = 429, response_body = '{}', answered_at = asked_at");
    fixture.runToEnd(fixture.runOf(id));
    assertThat(fixture.attempts(fixture.runOf(id))).isEqualTo("QUEUE_FULL=1 succeeded=1");
  }

  @Test
  void aMistralJobThatFailedHalfWayIsReadForWhatItBilled() {
    String job =
        "{\"id\":\"j\",\"status\":\"FAILED\",\"total_requests\":9,\"succeeded_requests\":%s,\"output_file\":%s}";
    for (String half : List.of(job.formatted(4, "null"), job.formatted(0, "\"f\""))) {
      assertThat(MistralClient.batch(RawHttp.lenient(half)).ending()).contains(Ending.COMPLETED);
    }
    assertThat(MistralClient.batch(RawHttp.lenient(job.formatted(4, "null"))).answered())
        .isEqualTo(4);
    assertThat(MistralClient.batch(RawHttp.lenient(job.formatted(0, "null"))).ending())
        .contains(Ending.FAILED);
  }

  /** As Mistral's models that think send it, whole and streamed. */
  @Test
  void ofAnAnswerInPartsTheThoughtsAreLeftOut() throws Exception {
    String parts =
        "[{\"type\":\"thinking\",\"thinking\":[{\"type\":\"text\",\"text\":\"hm\"}]},{\"type\":\"text\",\"text\":\"yes\"}]";
    String line =
        "{\"custom_id\":\"a\",\"response\":{\"status_code\":200,\"body\":{\"choices\":[{\"message\":{\"content\":"
            + parts
            + "},\"finish_reason\":\"%s\"}]}}}";
    java.time.Instant at = ProviderFixture.START;
    ResultLine whole =
        OpenAiFormat.resultLine("mistral", "s", RawHttp.lenient(line.formatted("stop")), at);
    assertThat(whole.text()).isEqualTo("yes");
    assertThat(
            OpenAiFormat.resultLine(
                    "mistral", "s", RawHttp.lenient(line.formatted("model_length")), at)
                .end())
        .isEqualTo(dev.nightjar.pipelines.model.AnswerEnd.TRUNCATED);
    assertThat(
            OpenAiFormat.resultLine("mistral", "s", RawHttp.lenient(line.formatted("error")), at)
                .error())
        .contains(ErrorCode.REQUEST_ERRORED);
    String stream =
        "data: {\"choices\":[{\"delta\":{\"content\":"
            + parts
            + "}}]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\", sir\"},\"finish_reason\":\"stop\"}]}\n\n";
    assertThat(
            StreamedAnswer.chat()
                .read(
                    new java.io.ByteArrayInputStream(
                        stream.getBytes(java.nio.charset.StandardCharsets.UTF_8)))
                .at("/choices/0/message/content")
                .asText())
        .isEqualTo("yes, sir");
  }

  @Test
  void anOnlineRequestWhoseAnswerIsLostIsNeverSentAgainAndStaysCommitted() {
    nearDeadline();
    String id = fixture.planned(fixture.tier(Provider.OPENAI), 5);
    fixture.emulator.inject(Fault.RESET_AFTER, Call.ASK, 2);
    fixture.submit(id);
    fixture.round(fixture.runOf(id));
    assertThat(fixture.attempts(fixture.runOf(id)))
        .as("as long as another worker may still be waiting for an answer")
        .isEqualTo("submitted=2 succeeded=3");
    fixture.clock.advance(Duration.ofMinutes(23)); // flex up to ten minutes before the deadline
    fixture.round(fixture.runOf(id));
    assertThat(fixture.attempts(fixture.runOf(id))).isEqualTo("OUTCOME_UNKNOWN=2 succeeded=3");
    assertThat(fixture.emulator.invoice().count()).as("all five were billed").isEqualTo(5);
    assertThat(fixture.emulator.invoice().billedTwice()).isEmpty();
    assertThat(fixture.one("select count(*) from unknown_spend")).isEqualTo("2");
    assertThat(fixture.emulator.invoice().total().subtract(fixture.ledger()))
        .as("the bill is within what is known and what is held back")
        .isPositive()
        .isLessThanOrEqualTo(
            new java.math.BigDecimal(fixture.one("select sum(unknown_usd) from runs")));
  }

  @Test
  void anAnswerInTheBackgroundThatNobodyWaitedForIsFetchedLater() {
    nearDeadline();
    String id = fixture.planned(fixture.task.tier("responses"), 24);
    assertThat(fixture.submit(id)).as("nobody waits for flex").isTrue();
    String runId = fixture.runOf(id);
    fixture.emulator.inject(Fault.HTTP_500, Call.OTHER, 6); // every look at the first
    fixture.round(runId);
    assertThat(fixture.attempts(runId)).as("they are at work").isEqualTo("submitted=24");
    fixture.clock.advance(Duration.ofMinutes(8));
    fixture.round(runId);
    assertThat(fixture.attempts(runId))
        .as("what is there is kept, before and behind what is not")
        .matches("submitted=\\d+ succeeded=\\d+");
    fixture.clock.advance(Duration.ofMinutes(8));
    fixture.round(runId);
    assertThat(fixture.attempts(runId)).isEqualTo("succeeded=24");
    assertThat(fixture.ledger()).isEqualByComparingTo(fixture.emulator.invoice().total());
    assertThat(fixture.one("select count(*) from unknown_spend")).isEqualTo("0");
  }

  @ParameterizedTest
  @ValueSource(strings = {"openai", "tool", "anthropic", "gemini", "self-hosted"})
  void aStreamThatBreaksOffIsNoAnswer(String tier) {
    nearDeadline();
    String id = fixture.planned(fixture.task.tier(tier), 1);
    fixture.emulator.inject(Fault.TRUNCATED_BODY, Call.ASK, 1);
    fixture.submit(id);
    assertThat(
            fixture.one("select count(*) from online_requests where response_status is not null"))
        .isEqualTo(
            tier.equals("self-hosted") ? "1" : "0"); // which costs nothing and is asked again
  }

  @Test
  void aSelfHostedServerIsAskedAgainAfterALostAnswerBecauseItCostsNothing() {
    fixture = new ProviderFixture(home, builder -> builder, true, "");
    String id = fixture.planned(fixture.tier(Provider.SELF_HOSTED), 5);
    fixture.emulator.inject(Fault.RESET_AFTER, Call.ASK, 2);
    fixture.submit(id);
    fixture.round(fixture.runOf(id));
    assertThat(fixture.attempts(fixture.runOf(id))).isEqualTo("succeeded=5");
  }

  @Test
  void whenTheDeadlineNearsBatchesAreGivenUpAndTheRestIsAskedOnline() {
    fixture = new ProviderFixture(home, builder -> builder, false, ONLINE_FALLBACK);
    fixture.deadline(Duration.ofHours(3));
    String working = fixture.planned(fixture.tier(Provider.OPENAI), 20);
    fixture.submit(working);
    fixture.emulator.inject(Fault.STUCK, Call.CREATE, 1);
    String stuck = fixture.planned(fixture.tier(Provider.ANTHROPIC), 4);
    fixture.submit(stuck);
    fixture.runToEnd(fixture.runOf(working));
    String unsent = fixture.planned(fixture.tier(Provider.OPENAI), 3);
    fixture.clock.advance(Duration.ofHours(2));
    for (String id : List.of(stuck, unsent)) {
      DeadlineFallback.giveBatchesUp(
          fixture.stores, fixture.context(fixture.runOf(id), "fallback"));
    }
    assertThat(fixture.state(unsent)).isEqualTo(SubmissionState.CANCELLED);
    assertThat(fixture.find(stuck).cancelRequestedAt()).isPresent();
    fixture.runToEnd(fixture.runOf(unsent));
    fixture.runToEnd(fixture.runOf(stuck));
    assertThat(fixture.attempts(fixture.runOf(unsent))).isEqualTo("DEADLINE_NEAR=3 succeeded=3");
    assertThat(fixture.attempts(fixture.runOf(stuck)))
        .isEqualTo("SUBMISSION_CANCELLED=4 succeeded=4");
    assertThat(fixture.one("select string_agg(distinct mode, ' ' order by mode) from attempts"))
        .isEqualTo("batch online");
    assertThat(fixture.ledger()).isEqualByComparingTo(fixture.emulator.invoice().total());
  }

  @Test
  void aWithdrawnSubmissionIsNotSentByTheWorkerThatHeldIt() {
    open();
    String id = fixture.planned(Provider.OPENAI);
    SubmissionStore submissions = fixture.stores.submissions();
    submissions.claim(
        id, new Lease("me", fixture.clock.instant().plusSeconds(60)), fixture.clock.instant());
    submissions.begin(
        id,
        "me",
        true,
        Providers.of(Provider.OPENAI).queue(),
        fixture.clients.account(Provider.OPENAI),
        fixture.clock.instant());
    assertThat(submissions.withdraw(id, ErrorCode.SUBMISSION_CANCELLED, "by hand")).isTrue();
    assertThat(
            submissions.beginCreating(
                id, "me", "file", fixture.clock.instant(), fixture.clock.instant()))
        .isFalse();
    assertThat(Optional.of(fixture.state(id))).contains(SubmissionState.CANCELLED);
  }

  @ParameterizedTest
  @EnumSource(
      value = Provider.class,
      names = {"SELF_HOSTED"},
      mode = EnumSource.Mode.EXCLUDE)
  void aCreateThatWasAcceptedLongBeforeItsAnswerWasGivenUpIsFound(Provider provider) {
    open();
    String id = fixture.planned(provider);
    fixture.emulator.inject(Fault.RESET_AFTER, Call.CREATE, 1);
    fixture.submit(id);
    // As if a large body had been waited for half an hour.
    fixture.execute("update submissions set creating_at = creating_at + interval '30 minutes'");
    fixture.pass(Duration.ofMinutes(30));
    fixture.pass(Duration.ofSeconds(1));
    assertThat(fixture.submit(id)).isTrue();
    fixture.runToEnd(fixture.runOf(id));
    assertThat(fixture.emulator.invoice().count()).isEqualTo(3);
  }

  /** Found by chaos: the counts of a batch that lacks a line are not the submission's any more. */
  @ParameterizedTest
  @EnumSource(
      value = Provider.class,
      names = {"SELF_HOSTED"},
      mode = EnumSource.Mode.EXCLUDE)
  void aLostCreateIsFoundAlsoIfTheBatchLacksALine(Provider provider) {
    open();
    String id = fixture.planned(provider);
    fixture.emulator.inject(Fault.RESET_AFTER, Call.CREATE, 1);
    fixture.emulator.inject(Fault.MISSING_LINE, Call.CREATE, 1);
    fixture.submit(id);
    fixture.finishAtProvider();
    assertThat(fixture.submit(id)).isTrue();
    fixture.runToEnd(fixture.runOf(id));
    assertThat(fixture.attempts(fixture.runOf(id))).isEqualTo("REQUEST_LOST=1 succeeded=3");
    assertThat(fixture.emulator.invoice().count()).isEqualTo(3);
    assertThat(fixture.ledger()).isEqualByComparingTo(fixture.emulator.invoice().total());
  }

  @Test
  void aBatchThatIsMadeAfterTheLeaseWasLostIsCancelled() {
    ProviderFixture[] self = new ProviderFixture[1];
    fixture =
        new ProviderFixture(
            home,
            builder ->
                builder.onCall(
                    (number, call, phase) -> {
                      if (call == Call.CREATE && self[0] != null) {
                        self[0].execute("update submissions set lease_owner = 'another'");
                      }
                    }),
            false,
            "");
    self[0] = fixture;
    String id = fixture.planned(Provider.ANTHROPIC);
    assertThat(fixture.submit(id)).isFalse();
    assertThat(fixture.state(id)).isEqualTo(SubmissionState.CREATING);
    fixture.emulator.advance(); // the provider has heard it
    fixture.finishAtProvider();
    assertThat(fixture.emulator.invoice().count()).as("cancelled at once").isZero();
  }

  @Test
  void theFileOfASelfHostedBatchAtWorkIsNotAnOrphan() {
    open();
    String id = fixture.planned(Provider.SELF_HOSTED);
    fixture.submit(id);
    OrphanUploads.delete(
        fixture.stores.submissions(),
        fixture.clients,
        List.of(Provider.SELF_HOSTED),
        fixture.clock);
    fixture.runToEnd(fixture.runOf(id));
    assertThat(fixture.attempts(fixture.runOf(id))).isEqualTo("succeeded=3");
    OrphanUploads.delete(
        fixture.stores.submissions(),
        fixture.clients,
        List.of(Provider.SELF_HOSTED),
        fixture.clock);
    assertThat(fixture.batchDirectory.resolve("in").resolve(id + ".jsonl")).doesNotExist();
  }

  /** A fixture whose task is asked online from the start. */
  private void nearDeadline() {
    nearDeadline(builder -> builder);
  }

  private void nearDeadline(UnaryOperator<Emulator.Builder> emulated) {
    fixture = new ProviderFixture(home, emulated, true, ONLINE_FALLBACK);
    fixture.deadline(Duration.ofMinutes(30));
  }

  @ParameterizedTest
  @org.junit.jupiter.params.provider.CsvSource({
    "OPENAI,HTTP_429",
    "ANTHROPIC,HTTP_529",
    "GEMINI,HTTP_503"
  })
  void anOnlineProviderThatIsBusyIsAskedLaterAndCostsNoTry(Provider provider, Fault busy) {
    nearDeadline();
    String id = fixture.planned(fixture.tier(provider), 4);
    // Gemini says the same of flex, and is then asked at the list price, too.
    fixture.emulator.inject(busy, Call.ASK, provider == Provider.GEMINI ? 24 : 12);
    assertThat(fixture.submit(id)).isFalse();
    assertThat(fixture.find(id).notBefore()).as("left alone for a while").isPresent();
    for (int i = 0; i < 60 && fixture.state(id) == SubmissionState.IN_PROGRESS; i++) {
      fixture.clock.advance(Duration.ofSeconds(1));
      fixture.submit(id);
    }
    fixture.round(fixture.runOf(id));
    assertThat(fixture.attempts(fixture.runOf(id))).isEqualTo("succeeded=4");
  }

  @ParameterizedTest
  @EnumSource(
      value = Provider.class,
      names = {"SELF_HOSTED"},
      mode = EnumSource.Mode.EXCLUDE)
  void anOnlineKeyThatIsRefusedStopsTheNightAndNotTheDocuments(Provider provider) {
    nearDeadline(builder -> builder.apiKey("another"));
    String id = fixture.planned(fixture.tier(provider), 4);
    org.assertj.core.api.Assertions.assertThatThrownBy(() -> fixture.submit(id))
        .hasMessageStartingWith("PROVIDER_KEY_REFUSED: " + provider.label());
    assertThat(fixture.stores.submissions().unasked(id, 10)).hasSize(4);
  }

  @Test
  void anOnlineAnswerThatIsNoJsonHoldsNothingUp() {
    open();
    for (Provider provider : Provider.values()) {
      ResultLine line =
          fixture
              .clients
              .of(provider)
              .onlineResult(
                  "sub",
                  new dev.nightjar.cachestore.OnlineRequest(
                      "c",
                      fixture.clock.instant(),
                      Optional.empty(),
                      Optional.of(500),
                      Optional.of("Internal Server Error"),
                      Optional.of(fixture.clock.instant())));
      assertThat(line.error()).as(provider.label()).contains(ErrorCode.REQUEST_ERRORED);
    }
  }

  @Test
  void resultsInAGeminiFileThatIsGoneEndAsUnknownSpendAndStopNothing() {
    open();
    String id = fixture.planned(fixture.tier(Provider.GEMINI), 501);
    fixture.submit(id);
    fixture.finishAtProvider();
    fixture // which has the emulator write its results
        .clients
        .of(Provider.GEMINI)
        .status(fixture.find(id).providerBatchId().orElseThrow());
    fixture.pass(Duration.ofDays(4));
    fixture.runToEnd(fixture.runOf(id));
    assertThat(fixture.attempts(fixture.runOf(id))).isEqualTo("OUTCOME_UNKNOWN=501");
    assertThat(fixture.one("select count(*) from unknown_spend")).isEqualTo("501");
  }

  @Test
  void aBatchThatItsProviderHasDeletedEndsAsUnknownSpend() {
    open();
    fixture.deadline(Duration.ofDays(60));
    String id = fixture.planned(Provider.GEMINI);
    fixture.submit(id);
    fixture.finishAtProvider();
    fixture.emulator.inject(Fault.NOT_FOUND, Call.STATUS, 100);
    fixture.round(fixture.runOf(id));
    assertThat(fixture.state(id)).as("not believed yet").isEqualTo(SubmissionState.IN_PROGRESS);
    fixture.clock.advance(Duration.ofDays(4));
    fixture.round(fixture.runOf(id));
    assertThat(fixture.attempts(fixture.runOf(id))).isEqualTo("OUTCOME_UNKNOWN=3");
    assertThat(fixture.state(id)).isEqualTo(SubmissionState.EXPIRED);
    assertThat(fixture.one("select count(*) from unknown_spend")).isEqualTo("3");
  }

  @Test
  void aFullQueueIsNoTryAlsoWhenItIsTheThirdAttempt() {
    open();
    String id = fixture.planned(fixture.tier(Provider.OPENAI), 2);
    fixture.emulator.inject(Fault.ALL_LINES_FAIL, Call.CREATE, 2);
    fixture.submit(id);
    fixture.finishAtProvider();
    fixture.round(fixture.runOf(id)); // the second attempt is on its way
    fixture.finishAtProvider();
    fixture.emulator.inject(Fault.QUEUE_FULL, Call.CREATE, 1);
    fixture.runToEnd(fixture.runOf(id));
    assertThat(fixture.attempts(fixture.runOf(id)))
        .isEqualTo("QUEUE_FULL=2 REQUEST_ERRORED=4 succeeded=2");
  }

  @Test
  void aSubmissionThatIsCancelledWhileNobodyKnowsWhetherItExistsIsNotMadeAgain() {
    open();
    String id = fixture.planned(Provider.OPENAI);
    fixture.emulator.inject(Fault.RESET_BEFORE, Call.CREATE, 1);
    fixture.submit(id);
    assertThat(
            fixture
                .stores
                .submissions()
                .requestCancel(id, ErrorCode.SUBMISSION_CANCELLED, fixture.clock.instant()))
        .isTrue();
    fixture.clock.advance(Duration.ofMinutes(5));
    fixture.submit(id);
    assertThat(fixture.state(id)).isEqualTo(SubmissionState.CANCELLED);
    fixture.finishAtProvider();
    assertThat(fixture.emulator.invoice().count()).isZero();
  }

  @ParameterizedTest
  @org.junit.jupiter.params.provider.CsvSource({"OPENAI,30", "ANTHROPIC,29", "GEMINI,2"})
  void itIsKnownWhenAProviderDeletesResults(Provider provider, int days) {
    open();
    String id = fixture.planned(provider);
    assertThat(Providers.resultsLostAt(fixture.find(id))).as("it has none").isEmpty();
    fixture.submit(id);
    assertThat(Providers.resultsLostAt(fixture.find(id)))
        .contains(fixture.clock.instant().plus(Duration.ofDays(days)));
    assertThat(
            fixture.one(
                "select extract(day from results_lost_at - in_progress_at)::text from open_submissions"))
        .isEqualTo(Integer.toString(days));
  }
}
