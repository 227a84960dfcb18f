package dev.nightjar.runners.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.NamedCsvRecord;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.pipelines.compress.ChunkRetriever;
import dev.nightjar.pipelines.model.Tokens;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * How much of what answers a question survives when a document is cut to a budget of tokens. Data:
 * Chroma's chunking evaluation ({@code questions.csv} and the corpora beside it). A reference
 * counts as kept by the share of its words that appear, in order of the reference, in one stretch
 * of the shortened text.
 *
 * <p>Floor: the first tokens of the document. Peer: BM25 over chunks of a fixed 800 characters.
 * Ours: the retriever of the pipeline.
 */
@Command(
    name = "retrieval",
    mixinStandardHelpOptions = true,
    header = "How much of what answers a question survives when a document is cut to a budget.")
public final class RetrievalBenchmark extends Benchmark {
  private static final int BUDGET_TOKENS = 1_000;
  private static final int PEER_CHUNK_CHARACTERS = 800;
  private static final int CHUNK_TOKENS = 200;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description = "Where questions.csv and the corpora lie.")
  @Nullable Path data;

  @Option(
      names = "--questions",
      paramLabel = "N",
      defaultValue = "0",
      description = "How many to ask; 0 for all. Default: ${DEFAULT-VALUE}.")
  int questionsMax;

  @Override
  Map<String, String> measure(PrintWriter out) throws IOException {
    Path questions = data == null ? null : data.resolve("questions.csv");
    if (questions == null || !Files.isReadable(questions)) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          "bench retrieval",
          "its data is missing: questions.csv in the directory --data",
          "give --data DIR");
    }
    Map<String, String> corpora = new LinkedHashMap<>();
    double[] kept = new double[3];
    int asked = 0;
    ObjectMapper json = new ObjectMapper();
    try (CsvReader<NamedCsvRecord> csv = CsvReader.builder().ofNamedCsvRecord(questions)) {
      for (NamedCsvRecord row : csv) {
        Path corpus = questions.resolveSibling(row.getField("corpus_id") + ".md");
        if (!Files.isReadable(corpus) || (questionsMax > 0 && asked == questionsMax)) {
          continue;
        }
        String text = corpora.get(corpus.toString());
        if (text == null) {
          text = Files.readString(corpus);
          corpora.put(corpus.toString(), text);
        }
        List<String> references = new ArrayList<>();
        for (JsonNode reference : json.readTree(row.getField("references"))) {
          references.add(reference.get("content").asText());
        }
        String question = row.getField("question");
        String[] shortened = {
          head(text),
          new FixedChunks(PEER_CHUNK_CHARACTERS, question).shorten(text),
          new ChunkRetriever(CHUNK_TOKENS, question).shorten(text, BUDGET_TOKENS)
        };
        for (int i = 0; i < kept.length; i++) {
          kept[i] += recall(references, shortened[i]);
        }
        asked++;
      }
    }
    out.printf("%d questions, %d tokens of each document sent%n", asked, BUDGET_TOKENS);
    String[] names = {"floor: first tokens", "peer: BM25, 800 characters", "ours"};
    Map<String, String> result = new LinkedHashMap<>();
    result.put("questions", Integer.toString(asked));
    String[] keys = {"floor_recall", "peer_recall", "recall"};
    for (int i = 0; i < names.length; i++) {
      String figure = String.format(Locale.ROOT, "%.3f", kept[i] / Math.max(1, asked));
      out.printf("%-28s recall %s%n", names[i], figure);
      result.put(keys[i], figure);
    }
    return result;
  }

  private static String head(String text) {
    int characters = text.length();
    while (Tokens.count(text.substring(0, characters)) > BUDGET_TOKENS) {
      characters = characters * 9 / 10;
    }
    return text.substring(0, characters);
  }

  /** The share of the references' characters that are kept. */
  private static double recall(List<String> references, String shortened) {
    long all = 0;
    long found = 0;
    for (String reference : references) {
      all += reference.length();
      found += longestKept(reference, shortened);
    }
    return all == 0 ? 1 : (double) found / all;
  }

  /** Characters of the reference in the longest pieces that stand in the text, cut at words. */
  private static long longestKept(String reference, String shortened) {
    if (shortened.contains(reference)) {
      return reference.length();
    }
    String[] words = reference.split("(?<=\\s)");
    long found = 0;
    int from = 0;
    while (from < words.length) {
      StringBuilder piece = new StringBuilder(words[from]);
      int to = from + 1;
      while (to < words.length && shortened.contains(piece + words[to])) {
        piece.append(words[to]);
        to++;
      }
      if (to - from >= 5 && shortened.contains(piece)) { // fewer words stand anywhere by chance
        found += piece.length();
        from = to;
      } else {
        from++;
      }
    }
    return found;
  }

  /** The peer: chunks of a fixed length, whatever they cut through. */
  private record FixedChunks(int characters, String question) {
    String shorten(String text) {
      List<String> chunks = new ArrayList<>();
      for (int from = 0; from < text.length(); from += characters) {
        chunks.add(text.substring(from, Math.min(text.length(), from + characters)));
      }
      return ChunkRetriever.best(chunks, question, BUDGET_TOKENS);
    }
  }
}
