package dev.nightjar.pipelines.reuse;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nightjar.cachestore.Neighbour;
import dev.nightjar.cachestore.embed.EmbeddingModel;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class NeighbourVoteTest {
  private static List<String> marks(String text) {
    return Guards.marks(EmbeddingModel.ALL_MINILM_L6_V2, Map.of(), text);
  }

  private static final Guards NONE = new Guards(List.of());
  private static final Guards NUMBERS = new Guards(List.of(Guards.Guard.NUMBERS));

  private static Neighbour neighbour(String key, double similarity, String answerClass) {
    return new Neighbour(key, similarity, answerClass, 0, 0, marks("room 7"));
  }

  private static NeighbourVote vote(Neighbour... neighbours) {
    return NeighbourVote.of(List.of(neighbours), NONE, List.of());
  }

  @Test
  void agreementNearbyCountsForMoreThanOneNearNeighbour() {
    double alone = vote(neighbour("a", 0.93, "x")).score();
    double agreed =
        vote(neighbour("a", 0.93, "x"), neighbour("b", 0.92, "x"), neighbour("c", 0.91, "x"))
            .score();
    double contested = vote(neighbour("a", 0.93, "x"), neighbour("b", 0.92, "y")).score();
    assertThat(agreed).isGreaterThan(alone);
    assertThat(alone).isGreaterThan(0.9).isGreaterThan(contested);
    assertThat(contested).isBetween(0.5, 0.6);
  }

  @Test
  void aLoneFarNeighbourDoesNotWinUnopposed() {
    assertThat(vote(neighbour("a", 0.5, "x")).score()).isLessThan(0.2);
    assertThat(vote()).isEqualTo(new NeighbourVote(java.util.Optional.empty(), 0, null));
  }

  @Test
  void theAnswerThatWinsMayNotBeTheNearestOnes() {
    NeighbourVote vote =
        vote(neighbour("a", 0.90, "x"), neighbour("b", 0.89, "y"), neighbour("c", 0.89, "y"));
    assertThat(vote.source().orElseThrow().itemKey()).isEqualTo("b");
  }

  @Test
  void anEntryThatWasWrongBeforeCountsForLess() {
    Neighbour good = new Neighbour("a", 0.9, "x", 5, 0, List.of());
    Neighbour bad = new Neighbour("a", 0.9, "x", 0, 5, List.of());
    assertThat(vote(bad, neighbour("b", 0.89, "y")).source().orElseThrow().itemKey())
        .isEqualTo("b");
    assertThat(vote(good, neighbour("b", 0.89, "y")).source().orElseThrow().itemKey())
        .isEqualTo("a");
  }

  @Test
  void aGuardTurnsToTheNextNeighbourOfTheSameAnswerOrVetoes() {
    List<String> marks = marks("room 8");
    Neighbour same = new Neighbour("b", 0.9, "x", 0, 0, marks);
    NeighbourVote next = NeighbourVote.of(List.of(neighbour("a", 0.95, "x"), same), NUMBERS, marks);
    assertThat(next.source()).contains(same);
    assertThat(next.vetoOrNull()).isNull();
    NeighbourVote vetoed = NeighbourVote.of(List.of(neighbour("a", 0.95, "x")), NUMBERS, marks);
    assertThat(vetoed.vetoOrNull()).isEqualTo("numbers");
    assertThat(
            NeighbourVote.nearest(List.of(neighbour("a", 0.95, "x"), same), 0.92, NUMBERS, marks)
                .vetoOrNull())
        .as("the one that the guard would allow is not near enough")
        .isEqualTo("numbers");
  }

  @Test
  void neighboursThatAGuardRefusesDoNotCarryTheirAnswer() {
    List<String> marks = marks("room 8");
    List<Neighbour> refused = new ArrayList<>();
    for (int i = 0; i < 19; i++) {
      refused.add(neighbour("n" + i, 0.95, "x"));
    }
    double among = NeighbourVote.of(refused, NUMBERS, marks).score();
    Neighbour far = new Neighbour("far", 0.5, "x", 0, 0, marks);
    refused.add(far);
    NeighbourVote vote = NeighbourVote.of(refused, NUMBERS, marks);
    assertThat(among).isGreaterThan(0.9);
    assertThat(vote.source()).contains(far);
    assertThat(vote.score())
        .as("what it has by itself")
        .isEqualTo(NeighbourVote.of(List.of(far), NUMBERS, marks).score())
        .isLessThan(0.2);
  }

  @Test
  void neighboursThatAGuardRefusesSpeakAgainstAnotherAnswer() {
    List<String> marks = marks("room 8");
    Neighbour near = new Neighbour("near", 0.9, "x", 0, 0, marks);
    double alone = NeighbourVote.of(List.of(near), NUMBERS, marks).score();
    NeighbourVote against =
        NeighbourVote.of(List.of(near, neighbour("other", 0.9, "y")), NUMBERS, marks);
    assertThat(against.source()).contains(near);
    assertThat(against.score()).isLessThan(alone * 0.6);
  }

  @Test
  void neighboursThatAGuardRefusesSpeakForTheirAnswerWhereOneIsNearThatMayLendIt() {
    List<String> marks = marks("room 8");
    Neighbour lender = new Neighbour("lender", 0.65, "x", 0, 0, marks);
    double alone = NeighbourVote.of(List.of(lender), NUMBERS, marks).score();
    NeighbourVote backed =
        NeighbourVote.of(
            List.of(lender, neighbour("a", 0.9, "x"), neighbour("b", 0.9, "x")), NUMBERS, marks);
    assertThat(backed.source()).contains(lender);
    assertThat(backed.score()).isGreaterThan(alone);
    assertThat(NeighbourVote.of(List.of(lender, neighbour("a", 0.96, "x")), NUMBERS, marks).score())
        .as("it is too far from the refused one to be carried by it")
        .isEqualTo(alone);
  }

  @Test
  void theOrderOfNeighboursDoesNotMatter() {
    Random random = new Random(1);
    List<Neighbour> neighbours = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      neighbours.add(neighbour("n" + i, 0.7 + random.nextInt(5) * 0.05, "c" + random.nextInt(3)));
    }
    NeighbourVote first = NeighbourVote.of(neighbours, NONE, List.of());
    for (int i = 0; i < 50; i++) {
      Collections.shuffle(neighbours, random);
      assertThat(NeighbourVote.of(neighbours, NONE, List.of())).isEqualTo(first);
    }
  }
}
