package dev.nightjar.runners.bench;

import dev.nightjar.cachestore.embed.EmbeddingModel;
import dev.nightjar.cachestore.embed.OnnxEmbedder;
import dev.nightjar.pipelines.compress.Excerpt.Span;
import dev.nightjar.pipelines.model.Tokens;
import java.io.IOException;
import java.text.BreakIterator;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.lucene.analysis.en.EnglishAnalyzer;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.TextField;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.ScoreDoc;
import org.apache.lucene.store.ByteBuffersDirectory;
import org.apache.lucene.util.QueryBuilder;

/**
 * What others do to a document: cut it into chunks, rank them, and take the best that fit. No gap
 * is marked, so all of the budget is the document's. Chunks are cut and embedded once a document.
 */
final class RetrievalPeers implements AutoCloseable {
  private static final int CHUNK_CHARACTERS = 800;
  private static final int EMBEDDED_AT_ONCE = 256;
  private static final String[] SEPARATORS = {"\n\n", "\n", " "};

  private final OnnxEmbedder embedder =
      OnnxEmbedder.load(
          EmbeddingModel.ALL_MINILM_L6_V2, Runtime.getRuntime().availableProcessors());
  private final Map<String, float[]> embeddings = new HashMap<>();

  /** A chunk and what it costs. */
  private record Chunk(String text, Span span, int tokens) {}

  /** A document's chunks under each peer. */
  static final class Cut {
    private final List<Chunk> fixed;
    private final List<Chunk> recursive;
    private final List<Chunk> sentences;
    private final DirectoryReader reader;

    private Cut(String text) throws IOException {
      List<String> equal = new ArrayList<>();
      for (int from = 0; from < text.length(); ) {
        int to = Math.min(text.length(), from + CHUNK_CHARACTERS);
        to -= to < text.length() && Character.isLowSurrogate(text.charAt(to)) ? 1 : 0;
        equal.add(text.substring(from, to));
        from = to;
      }
      fixed = chunks(equal);
      List<String> parts = new ArrayList<>();
      split(text, 0, parts);
      recursive = chunks(parts);
      sentences = chunks(sentences(text));
      reader = index(fixed);
    }
  }

  Cut cut(String text) throws IOException {
    return new Cut(text);
  }

  /** The first tokens of a document. */
  static List<Span> head(Cut cut, int tokensMax) {
    return fill(cut.sentences, IntStream.range(0, cut.sentences.size()).toArray(), tokensMax, true);
  }

  /** BM25 as Lucene computes it over chunks of 800 characters. */
  List<Span> bm25(Cut cut, String question, int tokensMax) throws IOException {
    try (EnglishAnalyzer analyzer = new EnglishAnalyzer()) {
      var query = new QueryBuilder(analyzer).createBooleanQuery("body", question);
      ScoreDoc[] hits =
          query == null
              ? new ScoreDoc[0]
              : new IndexSearcher(cut.reader).search(query, cut.fixed.size()).scoreDocs;
      LinkedHashSet<Integer> order = new LinkedHashSet<>();
      for (ScoreDoc hit : hits) {
        order.add(hit.doc);
      }
      IntStream.range(0, cut.fixed.size()).forEach(order::add);
      return fill(cut.fixed, toArray(order), tokensMax, false);
    }
  }

  /** Sentences by the cosine of their MiniLM embedding to the question's. */
  List<Span> minilm(Cut cut, String question, int tokensMax) {
    return fill(cut.sentences, byCosine(cut.sentences, question), tokensMax, false);
  }

  /** Chunks split at paragraphs, then lines, then words, up to 800 characters; by MiniLM. */
  List<Span> recursive(Cut cut, String question, int tokensMax) {
    return fill(cut.recursive, byCosine(cut.recursive, question), tokensMax, false);
  }

  @Override
  public void close() {
    embedder.close();
  }

  private int[] byCosine(List<Chunk> chunks, String question) {
    embed(List.of(question));
    embed(chunks.stream().map(Chunk::text).toList());
    float[] asked = embeddings.getOrDefault(question, new float[0]);
    double[] cosine =
        chunks.stream()
            .mapToDouble(chunk -> dot(asked, embeddings.getOrDefault(chunk.text(), new float[0])))
            .toArray();
    return IntStream.range(0, cosine.length)
        .boxed()
        .sorted((a, b) -> Double.compare(cosine[b], cosine[a]))
        .mapToInt(Integer::intValue)
        .toArray();
  }

  private static double dot(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < Math.min(a.length, b.length); i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  private void embed(List<String> texts) {
    List<String> missing =
        texts.stream().distinct().filter(text -> !embeddings.containsKey(text)).toList();
    for (int from = 0; from < missing.size(); from += EMBEDDED_AT_ONCE) {
      List<String> batch = missing.subList(from, Math.min(missing.size(), from + EMBEDDED_AT_ONCE));
      var embedded = embedder.embed(batch);
      for (int i = 0; i < batch.size(); i++) {
        embeddings.put(
            batch.get(i),
            embedded.get(i).embedding().map(vector -> vector.toArray()).orElse(new float[0]));
      }
    }
  }

  private static List<Chunk> chunks(List<String> parts) {
    List<Chunk> chunks = new ArrayList<>();
    int at = 0;
    for (String part : parts) {
      int end = at + part.codePointCount(0, part.length());
      chunks.add(new Chunk(part, new Span(at, end), Tokens.count(part)));
      at = end;
    }
    return chunks;
  }

  private static List<String> sentences(String text) {
    BreakIterator iterator = BreakIterator.getSentenceInstance(Locale.ENGLISH);
    iterator.setText(text);
    List<String> sentences = new ArrayList<>();
    int from = iterator.first();
    for (int to = iterator.next(); to != BreakIterator.DONE; from = to, to = iterator.next()) {
      sentences.add(text.substring(from, to));
    }
    return sentences;
  }

  private static void split(String text, int depth, List<String> parts) {
    if (text.length() <= CHUNK_CHARACTERS || depth == SEPARATORS.length) {
      parts.add(text);
      return;
    }
    StringBuilder part = new StringBuilder();
    int from = 0;
    while (from < text.length()) {
      int found = text.indexOf(SEPARATORS[depth], from);
      int to = found < 0 ? text.length() : found + SEPARATORS[depth].length();
      if (part.length() > 0 && part.length() + to - from > CHUNK_CHARACTERS) {
        split(part.toString(), depth + 1, parts);
        part.setLength(0);
      }
      part.append(text, from, to);
      from = to;
    }
    split(part.toString(), depth + 1, parts);
  }

  private static List<Span> fill(
      List<Chunk> chunks, int[] order, int tokensMax, boolean stopsAtFirstMiss) {
    List<Span> spans = new ArrayList<>();
    int used = 0;
    for (int position : order) {
      Chunk chunk = chunks.get(position);
      if (used + chunk.tokens() <= tokensMax) {
        spans.add(chunk.span());
        used += chunk.tokens();
      } else if (stopsAtFirstMiss) {
        break;
      }
    }
    return spans;
  }

  private static int[] toArray(LinkedHashSet<Integer> order) {
    return order.stream().mapToInt(Integer::intValue).toArray();
  }

  private static DirectoryReader index(List<Chunk> chunks) throws IOException {
    ByteBuffersDirectory directory = new ByteBuffersDirectory();
    try (EnglishAnalyzer analyzer = new EnglishAnalyzer();
        IndexWriter writer = new IndexWriter(directory, new IndexWriterConfig(analyzer))) {
      for (Chunk chunk : chunks) {
        Document row = new Document();
        row.add(new TextField("body", chunk.text(), Field.Store.NO));
        writer.addDocument(row);
      }
      writer.forceMerge(1); // numbers are then the chunks' positions
    }
    return DirectoryReader.open(directory);
  }
}
