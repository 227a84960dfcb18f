package dev.nightjar.pipelines.submit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import dev.nightjar.cachestore.AttemptPlan;
import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.Fingerprint;
import dev.nightjar.cachestore.Miss;
import dev.nightjar.cachestore.NewItem;
import dev.nightjar.cachestore.SubmissionState;
import dev.nightjar.cachestore.postgres.PostgresStores;
import dev.nightjar.cachestore.testing.MutableClock;
import dev.nightjar.cachestore.testing.TestPostgres;
import dev.nightjar.emulator.Emulator;
import dev.nightjar.pipelines.TestTasks;
import dev.nightjar.pipelines.model.Provider;
import dev.nightjar.pipelines.route.CustomIds;
import dev.nightjar.pipelines.task.TaskSpec;
import dev.nightjar.pipelines.task.TierSpec;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A create whose answer is lost must not become two batches. Real store, real SDKs, a lossy
 * network.
 */
class BatchSubmitterTest {
  private static final AtomicInteger RUNS = new AtomicInteger();
  private static final Set<String> NOT_FORWARDED =
      Set.of(
          "connection",
          "content-length",
          "host",
          "transfer-encoding",
          "expect",
          "upgrade",
          "http2-settings");

  private static DatabaseAddress database;

  @TempDir Path home;

  private final MutableClock clock = new MutableClock(Instant.parse("2026-11-24T00:00:00Z"));
  private final TaskSpec task = TestTasks.task();
  private Emulator emulator;
  private PostgresStores stores;
  private HttpServer proxy;
  private volatile boolean loseCreates;
  private volatile int refuseWith;

  @BeforeAll
  static void migrate() {
    database = TestPostgres.newDatabase();
  }

  @BeforeEach
  void start() throws IOException {
    // Ids of its own: the tests share a database, in which batch ids are unique.
    emulator = Emulator.in(home).clock(clock).seed(RUNS.get() + 1).start();
    stores = PostgresStores.open(database, 6, clock);
    proxy = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 16);
    HttpClient client = HttpClient.newHttpClient();
    proxy.createContext(
        "/",
        exchange -> {
          String path = exchange.getRequestURI().getPath();
          boolean create = exchange.getRequestMethod().equals("POST") && path.endsWith("batches");
          if (create && refuseWith > 0) {
            exchange.sendResponseHeaders(refuseWith, -1);
            exchange.close();
            return;
          }
          HttpRequest.Builder forwarded =
              HttpRequest.newBuilder(
                      URI.create(emulator.uri() + exchange.getRequestURI().toString()))
                  .method(
                      exchange.getRequestMethod(),
                      HttpRequest.BodyPublishers.ofByteArray(
                          exchange.getRequestBody().readAllBytes()));
          exchange
              .getRequestHeaders()
              .forEach(
                  (name, values) -> {
                    if (!NOT_FORWARDED.contains(name.toLowerCase(java.util.Locale.ROOT))) {
                      values.forEach(value -> forwarded.header(name, value));
                    }
                  });
          try {
            HttpResponse<byte[]> response =
                client.send(forwarded.build(), HttpResponse.BodyHandlers.ofByteArray());
            if (create && loseCreates) {
              exchange.close(); // the provider did it; we never hear of it
              return;
            }
            response
                .headers()
                .firstValue("content-type")
                .ifPresent(type -> exchange.getResponseHeaders().set("Content-Type", type));
            exchange.sendResponseHeaders(response.statusCode(), response.body().length);
            exchange.getResponseBody().write(response.body());
            exchange.close();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
    proxy.start();
  }

  @AfterEach
  void stop() {
    proxy.stop(0);
    stores.close();
    emulator.close();
  }

  private ProviderSettings settings() {
    String url = "http://127.0.0.1:" + proxy.getAddress().getPort();
    return new ProviderSettings(Map.of(Provider.OPENAI, url, Provider.ANTHROPIC, url), 60);
  }

  private String planned(Provider provider) {
    TierSpec tier =
        task.tiers().stream().filter(t -> t.provider() == provider).findFirst().orElseThrow();
    String runId = "run-" + RUNS.incrementAndGet();
    long namespaceId = stores.runs().namespace(runId, task.version(), "model");
    stores
        .runs()
        .open(Optional.of(runId), namespaceId, "corpus", Optional.empty(), clock.instant());
    for (int i = 0; i < 3; i++) {
      String key = Fingerprint.sha256(runId, Integer.toString(i));
      stores.work().recordItems(runId, List.of(new NewItem("d" + i, key, "f", i, true, 9)));
      stores
          .work()
          .recordMisses(runId, List.of(new Miss(key, "d" + i, Optional.empty(), List.of())), 2);
    }
    stores.work().electLeaders(runId, 2);
    for (int i = 0; i < 3; i++) {
      String key = Fingerprint.sha256(runId, Integer.toString(i));
      String customId = CustomIds.of(key, 1);
      stores
          .work()
          .planAttempts(
              runId,
              List.of(
                  new AttemptPlan(
                      customId,
                      key,
                      1,
                      tier.name(),
                      provider.label(),
                      tier.model(),
                      "prompt " + i,
                      20,
                      60,
                      new RequestLines(task).bytes(tier, customId, "prompt " + i))));
    }
    return stores
        .submissions()
        .pack(namespaceId, tier.name(), provider.limits(), () -> "sub_" + runId)
        .get(0);
  }

  private BatchSubmitter submitter(ProviderClients clients) {
    return new BatchSubmitter(stores, clients, settings(), task, clock);
  }

  private SubmissionState state(String submissionId) {
    return stores.submissions().find(submissionId).orElseThrow().state();
  }

  private void finishAtProvider() {
    for (int i = 0; i < 4; i++) {
      clock.advance(Duration.ofMinutes(2));
      emulator.advance();
    }
  }

  @ParameterizedTest
  @EnumSource(Provider.class)
  void aCreateWhoseAnswerIsLostIsFoundAndNotRepeated(Provider provider) {
    String submissionId = planned(provider);
    try (ProviderClients clients = ProviderClients.open(settings(), Map.of())) {
      loseCreates = true;
      assertThat(submitter(clients).submit(submissionId)).isFalse();
      assertThat(state(submissionId)).isEqualTo(SubmissionState.CREATING);
      loseCreates = false;
      finishAtProvider(); // Anthropic shows custom ids only in the results
      assertThat(submitter(clients).submit(submissionId)).isTrue();
      assertThat(state(submissionId)).isEqualTo(SubmissionState.IN_PROGRESS);
      assertThat(emulator.invoice().lines()).as("each request billed once").hasSize(3);
      finishAtProvider();
      assertThat(submitter(clients).submit(submissionId)).isTrue();
      assertThat(emulator.invoice().lines()).hasSize(3);
    }
  }

  @ParameterizedTest
  @EnumSource(Provider.class)
  void aProcessThatDiedBeforeTheCallCreatesItOnlyAfterTheWait(Provider provider) {
    String submissionId = planned(provider);
    stores.submissions().beginCreating(submissionId, clock.instant()); // and then it died
    try (ProviderClients clients = ProviderClients.open(settings(), Map.of())) {
      assertThat(submitter(clients).submit(submissionId)).as("too early to say").isFalse();
      clock.advance(Duration.ofSeconds(61));
      assertThat(submitter(clients).submit(submissionId)).isTrue();
      finishAtProvider();
      assertThat(emulator.invoice().lines()).hasSize(3);
    }
  }

  @Test
  void aCreateThatWasRefusedForNowLeavesTheSubmissionPlanned() {
    String submissionId = planned(Provider.OPENAI);
    try (ProviderClients clients = ProviderClients.open(settings(), Map.of())) {
      refuseWith = 429;
      assertThatThrownBy(() -> submitter(clients).submit(submissionId))
          .hasMessageStartingWith("PROVIDER_UNAVAILABLE: " + submissionId)
          .hasMessageContaining("run the same command again");
      assertThat(state(submissionId)).isEqualTo(SubmissionState.PLANNED);
      refuseWith = 0;
      assertThat(submitter(clients).submit(submissionId)).isTrue();
    }
  }

  @Test
  void aCreateThatIsRefusedForGoodFailsItsDocumentsAndLeavesNothingReserved() {
    String submissionId = planned(Provider.OPENAI);
    try (ProviderClients clients = ProviderClients.open(settings(), Map.of())) {
      refuseWith = 413;
      submitter(clients).submit(submissionId);
      assertThat(state(submissionId)).isEqualTo(SubmissionState.FAILED);
      assertThat(stores.submissions().unsettled(submissionId)).isEmpty();
      String runId = stores.submissions().find(submissionId).orElseThrow().runId();
      assertThat(stores.runs().progress(runId).failed()).isEqualTo(3);
      assertThat(emulator.invoice().lines()).isEmpty();
    }
  }

  @Test
  void aWorkerThatLostItsSubmissionCreatesNothing() {
    String submissionId = planned(Provider.OPENAI);
    Instant older = clock.instant();
    stores.submissions().beginCreating(submissionId, older);
    clock.advance(Duration.ofSeconds(5));
    assertThat(stores.submissions().renewCreating(submissionId, older, clock.instant())).isTrue();
    assertThat(stores.submissions().renewCreating(submissionId, older, clock.instant())).isFalse();
    assertThat(stores.submissions().abandonCreating(submissionId, older)).isFalse();
    assertThat(stores.submissions().markInProgress(submissionId, older, "f", "b", clock.instant()))
        .isFalse();
  }

  @Test
  void aSubmissionThatAnotherWorkerHoldsIsLeftToIt() {
    String submissionId = planned(Provider.OPENAI);
    try (ProviderClients clients = ProviderClients.open(settings(), Map.of())) {
      assertThat(
              stores
                  .submissions()
                  .withLock(
                      submissionId,
                      () -> assertThat(submitter(clients).submit(submissionId)).isFalse()))
          .isTrue();
      assertThat(state(submissionId)).isEqualTo(SubmissionState.PLANNED);
    }
  }

  @Test
  void aPollSeesTheEndOnce() {
    String submissionId = planned(Provider.OPENAI);
    try (ProviderClients clients = ProviderClients.open(settings(), Map.of())) {
      BatchSubmitter submitter = submitter(clients);
      submitter.submit(submissionId);
      assertThat(submitter.poll(stores.submissions().find(submissionId).orElseThrow())).isFalse();
      finishAtProvider();
      var submission = stores.submissions().find(submissionId).orElseThrow();
      assertThat(submitter.poll(submission)).isTrue();
      assertThat(submitter.poll(submission)).isFalse();
      assertThat(state(submissionId)).isEqualTo(SubmissionState.ENDED);
    }
  }
}
