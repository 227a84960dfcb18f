package dev.nightjar.pipelines.quality;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/**
 * Answers of one group and like confidence, taken out one by one. Strata are small where confidence
 * is least, for there it matters, and grow from there. Not thread-safe.
 */
final class Strata {
  private static final int SIZE_MIN = 8;
  private static final double SIZE_GROWTH = 1.4;

  private final List<int[]> items = new ArrayList<>();
  private final int[] stratumOf;
  private final int[] groups;
  private final double[] admitted;
  private final int[] left;
  private int itemsLeft;

  Strata(List<CheapAnswer> answers, RandomGenerator random) {
    stratumOf = new int[answers.size()];
    itemsLeft = answers.size();
    Integer[] order = IntStream.range(0, answers.size()).boxed().toArray(Integer[]::new);
    List<Integer> groupOf = new ArrayList<>();
    List<Double> errors = new ArrayList<>();
    Arrays.sort(
        order,
        Comparator.comparingInt((Integer i) -> answers.get(i).group())
            .thenComparingDouble(i -> answers.get(i).confidence()));
    double size = SIZE_MIN;
    for (int from = 0; from < order.length; ) {
      int group = answers.get(order[from]).group();
      size = groupOf.isEmpty() || groupOf.get(groupOf.size() - 1) != group ? SIZE_MIN : size;
      int to = from;
      double error = 0;
      while (to < order.length
          && to - from < (int) size
          && answers.get(order[to]).group() == group) {
        error += 1 - answers.get(order[to]).confidence();
        stratumOf[order[to]] = items.size();
        to++;
      }
      items.add(shuffled(order, from, to, random));
      groupOf.add(group);
      errors.add(error / (to - from));
      from = to;
      size *= SIZE_GROWTH;
    }
    left = items.stream().mapToInt(stratum -> stratum.length).toArray();
    groups = groupOf.stream().mapToInt(Integer::intValue).toArray();
    admitted = errors.stream().mapToDouble(Double::doubleValue).toArray();
  }

  private static int[] shuffled(Integer[] order, int from, int to, RandomGenerator random) {
    int[] shuffled = new int[to - from];
    for (int i = 0; i < shuffled.length; i++) {
      int j = random.nextInt(i + 1);
      shuffled[i] = shuffled[j];
      shuffled[j] = order[from + i];
    }
    return shuffled;
  }

  int count() {
    return left.length;
  }

  /** Of each stratum, those that were not taken; a copy. */
  int[] left() {
    return left.clone();
  }

  int left(int stratum) {
    return left[stratum];
  }

  int itemsLeft() {
    return itemsLeft;
  }

  int of(int item) {
    return stratumOf[item];
  }

  int[] groups() {
    return groups.clone();
  }

  /** Mean error that the answers of each stratum admit to. */
  double[] admitted() {
    return admitted.clone();
  }

  /** Takes one of a stratum's items; all are in an order that was drawn. */
  int take(int stratum) {
    itemsLeft--;
    return items.get(stratum)[--left[stratum]];
  }
}
