package dev.nightjar.pipelines.submit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.Outcome;
import dev.nightjar.cachestore.SettlementStore;
import dev.nightjar.cachestore.Stores;
import dev.nightjar.cachestore.Submission;
import dev.nightjar.cachestore.SubmissionState;
import dev.nightjar.cachestore.SubmissionStore;
import dev.nightjar.emulator.Call;
import dev.nightjar.emulator.Fault;
import dev.nightjar.pipelines.model.Provider;
import dev.nightjar.pipelines.model.ResultLine;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/**
 * Random sequences of what workers, clocks, providers and networks do to two submissions, with a
 * crash before or after any of a worker's statements. Whatever the sequence, undisturbed work
 * afterwards ends with each request billed once.
 */
class SubmissionModelTest {
  private static ProviderFixture fixture;

  @BeforeContainer
  static void open() throws IOException {
    fixture = new ProviderFixture(Files.createTempDirectory("nightjar-model"));
  }

  @AfterContainer
  static void close() {
    fixture.close();
  }

  /** What a worker dies of; everything it still tries to do is refused. */
  private static final class Crash extends Error {
    private static final long serialVersionUID = 1L;

    Crash() {
      super(null, null, false, false);
    }
  }

  /** A store that dies at its n-th statement, before it or after its commit. */
  private static Stores dyingAt(int statement, boolean afterCommit) {
    int[] statements = {0};
    boolean[] dead = {false};
    return (Stores)
        Proxy.newProxyInstance(
            Stores.class.getClassLoader(),
            new Class<?>[] {Stores.class},
            (stores, port, none) -> {
              Object real = port.invoke(fixture.stores, none);
              if (!(real instanceof SubmissionStore) && !(real instanceof SettlementStore)) {
                return real;
              }
              return Proxy.newProxyInstance(
                  SubmissionStore.class.getClassLoader(),
                  new Class<?>[] {port.getReturnType()},
                  (proxy, method, arguments) -> {
                    synchronized (dead) {
                      boolean now = ++statements[0] == statement;
                      dead[0] |= now && !afterCommit;
                      if (dead[0]) {
                        throw new Crash();
                      }
                      try {
                        return method.invoke(real, arguments);
                      } catch (InvocationTargetException e) {
                        throw e.getCause();
                      } finally {
                        dead[0] |= now;
                      }
                    }
                  });
            });
  }

  /** One thing that happens. */
  private sealed interface Step {
    record Submit(int submission, int dieAt, boolean afterCommit) implements Step {}

    record Poll(int submission, int dieAt, boolean afterCommit) implements Step {}

    record Wait(int seconds) implements Step {}

    record Network(Fault fault, Call call) implements Step {}

    record Withdraw(int submission) implements Step {}
  }

  @Provide
  Arbitrary<Step> steps() {
    Arbitrary<Integer> which = Arbitraries.integers().between(0, 1);
    Arbitrary<Integer> dieAt = Arbitraries.integers().between(1, 14); // beyond the last: it lives
    Arbitrary<Boolean> after = Arbitraries.of(true, false);
    return Arbitraries.frequencyOf(
        net.jqwik.api.Tuple.of(
            6, Combinators.combine(which, dieAt, after).as((s, d, a) -> new Step.Submit(s, d, a))),
        net.jqwik.api.Tuple.of(
            3, Combinators.combine(which, dieAt, after).as((s, d, a) -> new Step.Poll(s, d, a))),
        net.jqwik.api.Tuple.of(4, Arbitraries.of(1, 20, 45, 61, 130).map(Step.Wait::new)),
        net.jqwik.api.Tuple.of(
            2,
            Combinators.combine(
                    Arbitraries.of(
                        Fault.RESET_BEFORE,
                        Fault.RESET_AFTER,
                        Fault.HTTP_503,
                        Fault.HTTP_503_AFTER,
                        Fault.HTTP_429),
                    Arbitraries.of(Call.CREATE, Call.CREATE, Call.UPLOAD, Call.LIST, Call.STATUS))
                .as(Step.Network::new)),
        net.jqwik.api.Tuple.of(1, which.map(Step.Withdraw::new)));
  }

  @Property(tries = 150, shrinking = ShrinkingMode.OFF)
  void whateverHappensEachRequestIsBilledOnce(
      @ForAll Provider provider,
      @ForAll @Size(min = 1, max = 14) List<@net.jqwik.api.From("steps") Step> steps) {
    List<String> ids = List.of(fixture.planned(provider), fixture.planned(provider));
    long billedBefore = fixture.emulator.invoice().count();
    for (Step step : steps) {
      happen(step, ids);
    }
    finish(ids);
    long expected =
        provider == Provider.SELF_HOSTED
            ? 0
            : ids.stream().filter(id -> fixture.state(id) == SubmissionState.COLLECTED).count() * 3;
    assertThat(fixture.emulator.invoice().count() - billedBefore).isEqualTo(expected);
    assertThat(fixture.emulator.invoice().billedTwice()).isEmpty();
    assertThat(fixture.ledger()).isEqualByComparingTo(fixture.emulator.invoice().total());
    assertThat(fixture.one("select count(*) from submissions where lease_owner is not null"))
        .isEqualTo("0");
  }

  private static void happen(Step step, List<String> ids) {
    try {
      if (step instanceof Step.Submit submit) {
        new BatchSubmitter(
                dyingAt(submit.dieAt(), submit.afterCommit()),
                fixture.clients,
                fixture.settings,
                fixture.task,
                fixture.clock)
            .submit(ids.get(submit.submission()));
      } else if (step instanceof Step.Poll poll) {
        poll(ids.get(poll.submission()), dyingAt(poll.dieAt(), poll.afterCommit()));
      } else if (step instanceof Step.Wait wait) {
        fixture.pass(Duration.ofSeconds(wait.seconds()));
        fixture.runBatches();
      } else if (step instanceof Step.Network network) {
        fixture.emulator.inject(network.fault(), network.call(), 1);
      } else if (step instanceof Step.Withdraw withdraw) {
        fixture
            .stores
            .submissions()
            .withdraw(
                ids.get(withdraw.submission()),
                dev.nightjar.cachestore.ErrorCode.SUBMISSION_CANCELLED,
                "by the model");
      }
    } catch (Crash e) {
      // it is dead; its leases run out by themselves
    } catch (NightjarException e) {
      assertThat(e).hasMessageStartingWith("PROVIDER_UNAVAILABLE");
    }
  }

  private static void poll(String id, Stores stores) {
    Submission submission = fixture.find(id);
    if (submission.state() != SubmissionState.IN_PROGRESS
        && submission.state() != SubmissionState.ENDED) {
      return;
    }
    try (LeaseKeeper keeper =
        new LeaseKeeper(
            stores.submissions(),
            "poll-" + java.util.UUID.randomUUID(),
            fixture.settings.lease(),
            fixture.clock)) {
      boolean ended =
          submission.state() == SubmissionState.ENDED
              ? keeper.claim(id).isPresent()
              : new BatchSubmitter(
                      stores, fixture.clients, fixture.settings, fixture.task, fixture.clock)
                  .poll(submission, keeper);
      if (ended) {
        collect(fixture.find(id), keeper, stores);
      }
    }
  }

  /** What the Collect pipeline does, without Beam: the store's statements in the same order. */
  private static void collect(Submission submission, LeaseKeeper keeper, Stores stores) {
    ProviderClient client = fixture.clients.of(Provider.ofLabel(submission.provider()));
    List<Outcome> outcomes = new ArrayList<>();
    List<ResultLine> lines = new ArrayList<>();
    client.results(
        submission.submissionId(),
        client.status(submission.providerBatchId().orElseThrow()),
        lines::add,
        unreadable -> {
          throw new AssertionError(unreadable);
        });
    for (ResultLine line : lines) {
      assertThat(line.error()).isEmpty();
      outcomes.add(
          new Outcome(
              line.customId(),
              Outcome.Kind.SUCCEEDED,
              line.usage(),
              line.billedAt(),
              Optional.of(line.text()),
              Optional.empty(),
              "",
              Optional.empty()));
    }
    stores.settlements().settle(submission.runId(), outcomes);
    stores.submissions().close(submission.submissionId(), keeper.owner(), fixture.clock.instant());
  }

  private static void finish(List<String> ids) {
    for (int round = 0; round < 60; round++) {
      boolean open = false;
      for (String id : ids) {
        if (fixture.state(id).isOpen()) {
          open = true;
          happen(new Step.Submit(ids.indexOf(id), Integer.MAX_VALUE, false), ids);
          happen(new Step.Poll(ids.indexOf(id), Integer.MAX_VALUE, false), ids);
        }
      }
      if (!open) {
        return;
      }
      happen(new Step.Wait(130), ids);
    }
    throw new AssertionError(ids.stream().map(fixture::find).toList());
  }
}
