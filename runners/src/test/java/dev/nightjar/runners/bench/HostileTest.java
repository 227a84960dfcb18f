package dev.nightjar.runners.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class HostileTest {
  @Test
  void oneDocumentOfEachHostileKindCostsNobodyElseAnAnswer() throws Exception {
    // Each of the 29 kinds once among a thousand documents, some kinds of two.
    HostileCorpus corpus = new HostileCorpus(1_030, 34, 1);
    try (BenchMachine machine = BenchMachine.start("nightjar-hostile")) {
      HostileBenchmark.Night night = HostileBenchmark.night(machine, "hostile", corpus);
      assertThat(night.answered() + night.refused()).isEqualTo(night.in());
      assertThat(night.refused()).as("one of each kind that is no document").isEqualTo(7);
      assertThat(night.strangers()).isZero();
      assertThat(night.lost()).isZero();
      assertThat(night.difference()).isZero();
    }
  }
}
