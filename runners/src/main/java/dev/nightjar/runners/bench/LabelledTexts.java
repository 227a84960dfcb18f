package dev.nightjar.runners.bench;

import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.NamedCsvRecord;
import dev.nightjar.cachestore.Embedding;
import dev.nightjar.cachestore.embed.EmbeddingModel;
import dev.nightjar.cachestore.embed.OnnxEmbedder;
import dev.nightjar.pipelines.reuse.Guards;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * Labelled texts, with each text's nearest others.
 *
 * @param texts the texts
 * @param labels of each its label: the answer of a model that is never wrong
 * @param guardMarks of each what guards see
 * @param nearest of each its nearest others, nearest first
 * @param cosines of each how near they are
 */
record LabelledTexts(
    List<String> texts,
    List<String> labels,
    List<List<String>> guardMarks,
    int[][] nearest,
    float[][] cosines) {
  /** The nearest of all texts that are kept for each; a stream has met some of them. */
  private static final int NEAREST_MAX = 600;

  /** Reads a file with a header, the text first and its label second, and embeds the texts. */
  static LabelledTexts read(Path file) throws IOException {
    List<String> texts = new ArrayList<>();
    List<String> labels = new ArrayList<>();
    try (CsvReader<NamedCsvRecord> csv = CsvReader.builder().ofNamedCsvRecord(file)) {
      for (NamedCsvRecord row : csv) {
        texts.add(row.getField(0));
        labels.add(row.getField(1));
      }
    }
    List<Embedding> vectors = new ArrayList<>();
    try (OnnxEmbedder embedder =
        OnnxEmbedder.load(
            EmbeddingModel.ALL_MINILM_L6_V2, Runtime.getRuntime().availableProcessors())) {
      embedder.embed(texts).forEach(e -> vectors.add(e.embedding().orElseThrow()));
    }
    int kept = Math.min(NEAREST_MAX, texts.size() - 1);
    int[][] nearest = new int[texts.size()][];
    float[][] cosines = new float[texts.size()][];
    IntStream.range(0, texts.size())
        .parallel()
        .forEach(
            i -> {
              // Sorted as one long each: the cosine above, the text below.
              long[] all = new long[texts.size()];
              for (int j = 0; j < all.length; j++) {
                int cosine = (int) Math.round((1 - vectors.get(i).cosine(vectors.get(j))) * 1e8);
                all[j] = ((long) (j == i ? Integer.MAX_VALUE : cosine) << 32) | j;
              }
              Arrays.sort(all);
              nearest[i] = new int[kept];
              cosines[i] = new float[kept];
              for (int k = 0; k < kept; k++) {
                nearest[i][k] = (int) all[k];
                cosines[i][k] = 1 - (all[k] >> 32) / 1e8f;
              }
            });
    return new LabelledTexts(
        texts,
        labels,
        texts.stream()
            .map(text -> Guards.marks(EmbeddingModel.ALL_MINILM_L6_V2, Map.of(), text))
            .toList(),
        nearest,
        cosines);
  }

  int size() {
    return texts.size();
  }

  /** Whether two texts have one label. */
  boolean agree(int text, int other) {
    return labels.get(text).equals(labels.get(other));
  }

  /** An order in which the texts may come. */
  int[] order(long seed) {
    int[] order = IntStream.range(0, size()).toArray();
    Random random = new Random(seed);
    for (int i = size() - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      int swapped = order[i];
      order[i] = order[j];
      order[j] = swapped;
    }
    return order;
  }
}
