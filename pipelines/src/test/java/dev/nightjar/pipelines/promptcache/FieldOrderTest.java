package dev.nightjar.pipelines.promptcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;

class FieldOrderTest {
  private static List<String[]> table(String... rows) {
    return Arrays.stream(rows).map(row -> row.split(",")).toList();
  }

  @Test
  void theValueThatMostIsSavedByGoesFirst() {
    List<String[]> table =
        table("id: 1,city: Reykjavik", "id: 2,city: Reykjavik", "id: 3,city: Reykjavik");
    assertThat(List.of(FieldOrder.of(table))).allSatisfy(order -> assertThat(order).startsWith(1));
  }

  @Test
  void rowsOfOneTableMayHaveDifferentOrders() {
    List<String[]> table =
        table(
            "a: long long long,b: 1",
            "a: long long long,b: 2",
            "a: 3,b: even longer",
            "a: 4,b: even longer");
    int[][] orders = FieldOrder.of(table);
    assertThat(orders[0]).containsExactly(0, 1);
    assertThat(orders[2]).containsExactly(1, 0);
  }

  @Test
  void whatIsLeftBeginsWithTheCellsThatAreMostAlike() {
    List<String[]> table = table("x: 17,date: 2026-11-01", "x: 42,date: 2026-11-02");
    assertThat(List.of(FieldOrder.of(table))).allSatisfy(order -> assertThat(order).startsWith(1));
  }

  @Test
  void everyRowKeepsEveryFieldOnce() {
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(1);
    for (int trial = 0; trial < 200; trial++) {
      List<String[]> table = new ArrayList<>();
      int fields = 1 + random.nextInt(6);
      for (int row = random.nextInt(40); row >= 0; row--) {
        String[] cells = new String[fields];
        for (int field = 0; field < fields; field++) {
          cells[field] = "f" + field + ": " + random.nextInt(1 + random.nextInt(8));
        }
        table.add(cells);
      }
      int[] all = new int[fields];
      Arrays.setAll(all, field -> field);
      assertThat(List.of(FieldOrder.of(table)))
          .hasSize(table.size())
          .allSatisfy(order -> assertThat(order).containsExactlyInAnyOrder(all));
    }
  }

  @Test
  void aTableOfNothingHasNoOrder() {
    assertThat(FieldOrder.of(List.of())).isEmpty();
    assertThatThrownBy(() -> FieldOrder.of(table("a,b", "a")))
        .hasMessageContaining("a row has 1 cells, the first 2");
  }
}
