package dev.nightjar.runners.bench;

import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.NamedCsvRecord;
import dev.langchain4j.data.document.Metadata;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.embedding.onnx.allminilml6v2.AllMiniLmL6V2EmbeddingModel;
import dev.langchain4j.store.embedding.EmbeddingSearchRequest;
import dev.langchain4j.store.embedding.pgvector.PgVectorEmbeddingStore;
import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.Embedding;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.Fingerprint;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.cachestore.TaskVersion;
import dev.nightjar.cachestore.embed.EmbeddingModel;
import dev.nightjar.cachestore.embed.OnnxEmbedder;
import dev.nightjar.cachestore.local.LocalPostgres;
import dev.nightjar.cachestore.postgres.PostgresStores;
import dev.nightjar.pipelines.reuse.NeighbourVote;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Reader;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * How fast the semantic cache embeds, looks up and takes in, beside LangChain4j's in-process MiniLM
 * and its {@code PgVectorEmbeddingStore} (the peer), and beside bare ONNX Runtime and the same SQL
 * in {@code psql} (the floor: nothing around the work itself). All on one machine in one run, in
 * alternating rounds of which the best counts.
 */
@Command(
    name = "store",
    mixinStandardHelpOptions = true,
    header = "How fast the semantic cache embeds, looks up and takes in.")
public final class StoreBenchmark extends Benchmark {
  private static final int ROUNDS = 3;
  private static final int EMBEDDED_TEXTS = 256;

  /** Short questions are also joined to texts of about 90 tokens, a paragraph. */
  private static final int JOINED = 6;

  private static final int QUERIES = 1_000;
  private static final int LOOKUP_BATCH = 500;
  private static final int PEER_QUERIES = 200;
  private static final String TENANT = "bench";

  private static final String NAMESPACE_LINE =
      """
      {"tenant":"%s","task_fingerprint":"%s","name":"bench","definition":{},"baseline_provider":"openai",\
      "baseline_model":"none","embedding_model":"%s"}
      """
          .formatted(TENANT, Fingerprint.sha256(TENANT), EmbeddingModel.ALL_MINILM_L6_V2.label());

  /** As much of {@code cache_entries} as a row must bring. */
  private static final String BARE_TABLE =
      """
      create table bare (
          item_key text primary key, namespace_id bigint not null, source_key text not null, similarity real not null,
          answer jsonb not null, output_tokens integer not null, embedding vector(384), created_at timestamptz not null,
          answer_class text)
      """;

  private static final String BARE_INDEX =
      """
      set maintenance_work_mem = '1GB';
      create index on bare using hnsw (embedding vector_cosine_ops);
      """;

  @Option(
      names = "--data",
      paramLabel = "FILE.csv",
      description = "With a header; texts in the first column.")
  @Nullable Path data;

  @Option(
      names = "--entries",
      paramLabel = "N",
      defaultValue = "50000",
      description = "In the cache when it is looked up. Default: ${DEFAULT-VALUE}.")
  int entries;

  @Option(
      names = "--grow-to",
      paramLabel = "N",
      defaultValue = "0",
      description = "Also look up at 10,000 and at so many entries; 0 for not.")
  int growTo;

  @Option(
      names = "--layouts",
      description = "Also compare vector types, index parameters, partitions and bulk loading.")
  boolean layouts;

  private final Map<String, String> result = new LinkedHashMap<>();

  @Override
  Map<String, String> measure(PrintWriter out) throws Exception {
    List<String> texts = read();
    embedding(texts, out);
    List<float[]> base = new ArrayList<>();
    try (OnnxEmbedder embedder =
        OnnxEmbedder.load(
            EmbeddingModel.ALL_MINILM_L6_V2, Runtime.getRuntime().availableProcessors())) {
      embedder
          .embed(texts)
          .forEach(e -> base.add(e.embedding().map(Embedding::toArray).orElseThrow()));
    }
    try (BenchMachine machine = BenchMachine.start("nightjar-store")) {
      lookupsAndInserts(machine.newDatabase("store"), base, out);
      if (growTo > 0) {
        growth(machine.newDatabase("growth"), base, out);
      }
      if (layouts) {
        new LayoutComparison(machine.newDatabase("layouts"), n -> vector(base, n), entries)
            .print(out);
      }
    }
    return result;
  }

  @Override
  boolean holds(Map<String, String> measured) {
    return ratio(measured, "embed_ours", "embed_langchain4j") >= 4
        && ratio(measured, "embed_ours", "embed_bare") >= 0.9
        && ratio(measured, "lookup_ours", "lookup_langchain4j") >= 10
        && ratio(measured, "lookup_ours", "lookup_bare") >= 0.8
        && ratio(measured, "insert_ours", "insert_langchain4j") >= 5
        && Double.parseDouble(measured.get("recall_at_1")) >= 0.99;
  }

  private static double ratio(Map<String, String> measured, String one, String other) {
    return Double.parseDouble(measured.get(one)) / Double.parseDouble(measured.get(other));
  }

  private List<String> read() throws IOException {
    if (data == null || !Files.isReadable(data)) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          "bench store",
          "its data is missing: a CSV file with a header and texts in its first column",
          "give --data FILE.csv");
    }
    List<String> texts = new ArrayList<>();
    try (CsvReader<NamedCsvRecord> csv = CsvReader.builder().ofNamedCsvRecord(data)) {
      csv.forEach(row -> texts.add(row.getField(0)));
    }
    return texts;
  }

  /** The n-th vector: that of a text as it stands, or of one near it. */
  private static float[] vector(List<float[]> base, int n) {
    float[] vector = base.get(n % base.size()).clone();
    if (n < base.size()) {
      return vector;
    }
    Random random = new Random(n);
    double square = 0;
    for (int d = 0; d < vector.length; d++) {
      vector[d] += (float) (random.nextGaussian() * 0.5 / Math.sqrt(vector.length));
      square += vector[d] * vector[d];
    }
    for (int d = 0; d < vector.length; d++) {
      vector[d] /= (float) Math.sqrt(square);
    }
    return vector;
  }

  private static String rate(double perSecond) {
    return String.format(Locale.ROOT, "%,12.0f/s", perSecond);
  }

  private void put(String key, double value) {
    result.put(key, String.format(Locale.ROOT, "%.1f", value));
  }

  /** Things done per second. */
  private static double perSecond(int things, Callable<?> work) throws Exception {
    long began = System.nanoTime();
    work.call();
    return things / ((System.nanoTime() - began) / 1e9);
  }

  // ---- embedding ----

  private void embedding(List<String> texts, PrintWriter out) throws Exception {
    List<String> paragraphs = new ArrayList<>();
    for (int i = 0; i < EMBEDDED_TEXTS; i++) {
      StringBuilder paragraph = new StringBuilder();
      for (int j = 0; j < JOINED; j++) {
        paragraph.append(texts.get((i * JOINED + j) % texts.size())).append(' ');
      }
      paragraphs.add(paragraph.toString());
    }
    try (OnnxEmbedder embedder =
        OnnxEmbedder.load(
            EmbeddingModel.ALL_MINILM_L6_V2, Runtime.getRuntime().availableProcessors())) {
      AllMiniLmL6V2EmbeddingModel peer = new AllMiniLmL6V2EmbeddingModel();
      embedding("paragraphs", "_paragraphs", paragraphs, embedder, peer, out);
      List<String> some = texts.subList(0, Math.min(texts.size(), JOINED * EMBEDDED_TEXTS));
      embedding("texts as they stand", "", some, embedder, peer, out);
      agreement(paragraphs, embedder, peer, out);
    }
  }

  private void embedding(
      String what,
      String suffix,
      List<String> texts,
      OnnxEmbedder embedder,
      AllMiniLmL6V2EmbeddingModel model,
      PrintWriter out)
      throws Exception {
    List<TextSegment> segments = texts.stream().map(TextSegment::from).toList();
    double ours = 0;
    double peer = 0;
    double floor = 0;
    long tokens;
    try (BareOnnx bare = BareOnnx.load(texts, Runtime.getRuntime().availableProcessors())) {
      tokens = bare.tokens();
      for (int round = 0; round < ROUNDS; round++) {
        floor = Math.max(floor, perSecond(texts.size(), bare::run));
        ours = Math.max(ours, perSecond(texts.size(), () -> embedder.embed(texts)));
        peer = Math.max(peer, perSecond(texts.size(), () -> model.embedAll(segments)));
      }
    }
    out.printf(
        Locale.ROOT,
        "embedding %d %s of %d tokens on average%n",
        texts.size(),
        what,
        tokens / texts.size());
    out.printf("  floor: bare ONNX Runtime, int8        %s%n", rate(floor));
    out.printf("  peer: LangChain4j, float              %s%n", rate(peer));
    out.printf("  ours: int8                            %s%n", rate(ours));
    out.flush();
    put("embed_ours" + suffix, ours);
    put("embed_langchain4j" + suffix, peer);
    put("embed_bare" + suffix, floor);
  }

  private static void agreement(
      List<String> texts,
      OnnxEmbedder embedder,
      AllMiniLmL6V2EmbeddingModel model,
      PrintWriter out) {
    List<Embedding> int8 =
        embedder.embed(texts).stream().map(e -> e.embedding().orElseThrow()).toList();
    List<Embedding> full =
        model.embedAll(texts.stream().map(TextSegment::from).toList()).content().stream()
            .map(e -> Embedding.of(e.vector()))
            .toList();
    double cosine = 0;
    double sameNearest = 0;
    for (int i = 0; i < texts.size(); i++) {
      cosine += int8.get(i).cosine(full.get(i)) / texts.size();
      sameNearest += nearest(int8, i) == nearest(full, i) ? 1.0 / texts.size() : 0;
    }
    out.printf(
        Locale.ROOT,
        "  int8 against float: mean cosine %.4f, the same nearest of %d paragraphs in %.1f %%%n",
        cosine,
        texts.size(),
        100 * sameNearest);
    out.flush();
  }

  private static int nearest(List<Embedding> vectors, int of) {
    int best = -1;
    double most = -2;
    for (int i = 0; i < vectors.size(); i++) {
      double cosine = vectors.get(of).cosine(vectors.get(i));
      if (i != of && cosine > most) {
        most = cosine;
        best = i;
      }
    }
    return best;
  }

  // ---- looking up and taking in ----

  private void lookupsAndInserts(DatabaseAddress address, List<float[]> base, PrintWriter out)
      throws Exception {
    Path exported = Files.createTempFile("nightjar-entries", ".jsonl");
    Path rows = Files.createTempFile("nightjar-entries", ".csv");
    try (PostgresStores stores = PostgresStores.open(address, 3, Clock.systemUTC());
        PostgresStores job = PostgresStores.openFor(TENANT, address, 1, Clock.systemUTC())) {
      DataSource pool = stores.dataSource();
      List<float[]> vectors = IntStream.range(0, entries).mapToObj(n -> vector(base, n)).toList();
      writeExport(exported, vectors);
      writeRows(rows, vectors);
      execute(pool, BARE_TABLE);
      double bareRows =
          perSecond(entries, () -> psql(address, "\\copy bare from '" + rows + "' csv"));
      double bareIndex = perSecond(entries, () -> psql(address, BARE_INDEX));
      execute(pool, "drop table bare");
      double bareInserted = 1 / (1 / bareRows + 1 / bareIndex);
      double inserted = perSecond(entries, () -> importFrom(stores, exported));
      execute(pool, "vacuum analyze cache_entries");
      PgVectorEmbeddingStore plain = peerStore(pool, "peer_plain", false);
      double peerInserted = perSecond(entries, () -> peerLoad(plain, vectors));
      PgVectorEmbeddingStore indexed = peerStore(pool, "peer_indexed", true);
      double peerInsertedIndexed = perSecond(entries, () -> peerLoad(indexed, vectors));
      execute(pool, "vacuum analyze peer_plain");
      execute(pool, "vacuum analyze peer_indexed");

      long namespace = namespace(stores);
      Map<String, Embedding> queries = queries(base);
      queryTable(pool, queries);
      double ours = 0;
      double peer = 0;
      double peerIndexed = 0;
      double bare = 0;
      for (int round = 0; round < ROUNDS; round++) {
        double start = 1 / perSecond(1, () -> psql(address, "select 1;"));
        double whole = QUERIES / perSecond(QUERIES, () -> psql(address, lookups(namespace)));
        bare = Math.max(bare, QUERIES / (whole - start));
        ours = Math.max(ours, perSecond(QUERIES, () -> lookUp(job, namespace, queries)));
        peer = Math.max(peer, perSecond(PEER_QUERIES, () -> peerLookUp(plain, queries)));
        peerIndexed =
            Math.max(peerIndexed, perSecond(PEER_QUERIES, () -> peerLookUp(indexed, queries)));
      }
      double recall = recall(pool, job, namespace, queries);
      out.printf(
          Locale.ROOT,
          "looking up the %d nearest of %,d entries, %,d queries%n",
          NeighbourVote.NEIGHBOURS_MAX,
          entries,
          QUERIES);
      out.printf("  floor: the same SQL in psql           %s%n", rate(bare));
      out.printf("  peer: LangChain4j, one by one         %s%n", rate(peer));
      out.printf("  peer, with its IVFFlat index          %s%n", rate(peerIndexed));
      out.printf("  ours: HNSW, %d a statement           %s%n", LOOKUP_BATCH, rate(ours));
      out.printf(Locale.ROOT, "  recall of the nearest against exact search: %.4f%n", recall);
      out.printf(Locale.ROOT, "taking in %,d entries%n", entries);
      out.printf("  floor: COPY and the index in psql     %s%n", rate(bareInserted));
      out.printf("  floor, COPY without the index         %s%n", rate(bareRows));
      out.printf("  peer: LangChain4j addAll, no index    %s%n", rate(peerInserted));
      out.printf("  peer, with its IVFFlat index          %s%n", rate(peerInsertedIndexed));
      out.printf("  ours: COPY, the HNSW index built      %s%n", rate(inserted));
      out.flush();
      put("lookup_ours", ours);
      put("lookup_langchain4j", peer);
      put("lookup_bare", bare);
      put("insert_ours", inserted);
      put("insert_langchain4j", peerInserted);
      put("insert_bare", bareInserted);
      result.put("recall_at_1", String.format(Locale.ROOT, "%.4f", recall));
    } finally {
      Files.delete(exported);
      Files.delete(rows);
    }
  }

  private static long namespace(PostgresStores stores) {
    return stores
        .runs()
        .namespace(
            TENANT,
            new TaskVersion(Fingerprint.sha256(TENANT), TENANT, "{}", "openai", "none"),
            EmbeddingModel.ALL_MINILM_L6_V2.label());
  }

  private static String key(int n) {
    return Fingerprint.sha256(Integer.toString(n));
  }

  private static long importFrom(PostgresStores stores, Path file) throws IOException {
    try (BufferedReader reader = Files.newBufferedReader(file)) {
      return stores.cacheCare().importFrom(reader);
    }
  }

  /** Writes entries as 'cache import' reads them. */
  private static void writeExport(Path file, List<float[]> vectors) throws IOException {
    try (BufferedWriter out = Files.newBufferedWriter(file)) {
      out.write(NAMESPACE_LINE);
      for (int n = 0; n < vectors.size(); n++) {
        out.write(entryLine(n, vectors.get(n)));
      }
    }
  }

  private static String entryLine(int n, float[] vector) {
    return "{\"item_key\":\""
        + key(n)
        + "\",\"source_key\":\""
        + key(n)
        + "\",\"similarity\":1,\"measure\":\"cosine\",\"answer\":{\"class\":"
        + n % 77
        + "},\"answer_class\":\"c"
        + n % 77
        + "\",\"output_tokens\":9,\"agreed\":0,\"contradicted\":0,\"embedding\":\""
        + Arrays.toString(vector)
        + "\",\"created_at\":\"2026-11-24T00:00:00Z\"}\n";
  }

  /** Writes the same for {@link #BARE_TABLE}. */
  private static void writeRows(Path file, List<float[]> vectors) throws IOException {
    try (BufferedWriter out = Files.newBufferedWriter(file)) {
      for (int n = 0; n < vectors.size(); n++) {
        out.write(
            "%s,1,%s,1,\"{\"\"class\"\":%d}\",9,\"%s\",2026-11-24T00:00:00Z,c%d\n"
                .formatted(key(n), key(n), n % 77, Arrays.toString(vectors.get(n)), n % 77));
      }
    }
  }

  /** Makes entries as they are read, so that a million do not stand in memory. */
  private static long load(PostgresStores stores, List<float[]> base, int from, int to)
      throws IOException {
    Iterator<String> lines =
        Stream.concat(
                Stream.of(NAMESPACE_LINE),
                IntStream.range(from, to).mapToObj(n -> entryLine(n, vector(base, n))))
            .iterator();
    try (BufferedReader reader = new BufferedReader(new Lines(lines))) {
      return stores.cacheCare().importFrom(reader);
    }
  }

  private static final class Lines extends Reader {
    private final Iterator<String> lines;
    private StringReader line = new StringReader("");

    Lines(Iterator<String> lines) {
      this.lines = lines;
    }

    @Override
    public int read(char[] buffer, int offset, int length) throws IOException {
      int read = line.read(buffer, offset, length);
      while (read < 0 && lines.hasNext()) {
        line = new StringReader(lines.next());
        read = line.read(buffer, offset, length);
      }
      return read;
    }

    @Override
    public void close() {
      line.close();
    }
  }

  private static Map<String, Embedding> queries(List<float[]> base) {
    Map<String, Embedding> queries = new LinkedHashMap<>();
    for (int i = 0; i < QUERIES; i++) {
      queries.put("q" + i, Embedding.of(vector(base, 1_000_000_000 + i * 7)));
    }
    return queries;
  }

  private static int lookUp(PostgresStores stores, long namespace, Map<String, Embedding> queries) {
    int found = 0;
    Map<String, Embedding> batch = new LinkedHashMap<>();
    for (Map.Entry<String, Embedding> query : queries.entrySet()) {
      batch.put(query.getKey(), query.getValue());
      if (batch.size() == LOOKUP_BATCH) {
        found +=
            stores
                .cache()
                .nearest(namespace, batch, NeighbourVote.NEIGHBOURS_MAX, Instant.EPOCH)
                .size();
        batch.clear();
      }
    }
    return found;
  }

  private static PgVectorEmbeddingStore peerStore(DataSource pool, String table, boolean index) {
    var builder =
        PgVectorEmbeddingStore.datasourceBuilder()
            .datasource(pool)
            .table(table)
            .dimension(EmbeddingModel.DIMENSIONS)
            .createTable(true);
    return index ? builder.useIndex(true).indexListSize(100).build() : builder.build();
  }

  private @Nullable Object peerLoad(PgVectorEmbeddingStore store, List<float[]> entered) {
    for (int from = 0; from < entries; from += LOOKUP_BATCH) {
      List<dev.langchain4j.data.embedding.Embedding> vectors = new ArrayList<>();
      List<TextSegment> answers = new ArrayList<>();
      for (int n = from; n < Math.min(entries, from + LOOKUP_BATCH); n++) {
        vectors.add(dev.langchain4j.data.embedding.Embedding.from(entered.get(n)));
        answers.add(
            TextSegment.from("{\"class\":" + n % 77 + "}", Metadata.from("namespace", TENANT)));
      }
      store.addAll(vectors, answers);
    }
    return null;
  }

  private static int peerLookUp(PgVectorEmbeddingStore store, Map<String, Embedding> queries) {
    int found = 0;
    for (Embedding query : queries.values().stream().limit(PEER_QUERIES).toList()) {
      found +=
          store
              .search(
                  EmbeddingSearchRequest.builder()
                      .queryEmbedding(
                          dev.langchain4j.data.embedding.Embedding.from(query.toArray()))
                      .maxResults(NeighbourVote.NEIGHBOURS_MAX)
                      .build())
              .matches()
              .size();
    }
    return found;
  }

  private static void queryTable(DataSource pool, Map<String, Embedding> queries)
      throws SQLException, IOException {
    try (Connection connection = pool.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("create table queries (key text, embedding text)");
      StringBuilder rows = new StringBuilder();
      queries.forEach(
          (key, query) ->
              rows.append(key).append('\t').append(Arrays.toString(query.toArray())).append('\n'));
      connection
          .unwrap(PGConnection.class)
          .getCopyAPI()
          .copyIn("copy queries from stdin", new StringReader(rows.toString()));
    }
  }

  /** The store's own statement, its arguments taken from a table. */
  private static String lookups(long namespace) {
    StringBuilder script = new StringBuilder();
    PostgresStores.SEARCH_SETTINGS.forEach(
        setting -> script.append("set ").append(setting).append(";\n"));
    for (int from = 0; from < QUERIES; from += LOOKUP_BATCH) {
      String[] arguments = {
        "(select array_agg(key) from (select * from queries order by key offset "
            + from
            + " limit "
            + LOOKUP_BATCH
            + ") q)",
        "(select array_agg(embedding) from (select * from queries order by key offset "
            + from
            + " limit "
            + LOOKUP_BATCH
            + ") q)",
        Long.toString(namespace),
        "'-infinity'::timestamptz",
        Integer.toString(NeighbourVote.NEIGHBOURS_MAX)
      };
      String statement = PostgresStores.NEAREST;
      for (String argument : arguments) {
        statement =
            statement.replaceFirst(
                "\\?(::text\\[\\])?", java.util.regex.Matcher.quoteReplacement(argument));
      }
      script.append(statement).append(";\n");
    }
    return script.toString();
  }

  private static int psql(DatabaseAddress address, String script)
      throws IOException, InterruptedException {
    Path file = Files.createTempFile("nightjar-bare", ".sql");
    try {
      Files.writeString(file, script);
      ProcessBuilder builder =
          new ProcessBuilder(
                  LocalPostgres.binariesWithVector().orElseThrow().resolve("psql").toString(),
                  "-q",
                  "-At",
                  "-f",
                  file.toString())
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .redirectError(ProcessBuilder.Redirect.INHERIT);
      builder.environment().put("PGHOST", address.host());
      builder.environment().put("PGPORT", Integer.toString(address.port()));
      builder.environment().put("PGUSER", address.user());
      builder.environment().put("PGDATABASE", address.database());
      builder.environment().put("PGPASSWORD", address.readPassword().orElseThrow());
      builder.environment().put("PGOPTIONS", "--search_path=nightjar,public");
      int exit = builder.start().waitFor();
      if (exit != 0) {
        throw new IOException("psql ended with " + exit);
      }
      return exit;
    } finally {
      Files.delete(file);
    }
  }

  /** How often the store's nearest is as near as the exact nearest. */
  private static double recall(
      DataSource pool, PostgresStores stores, long namespace, Map<String, Embedding> queries)
      throws SQLException {
    Map<String, Embedding> some = new LinkedHashMap<>();
    queries.entrySet().stream()
        .limit(PEER_QUERIES)
        .forEach(e -> some.put(e.getKey(), e.getValue()));
    var found =
        stores.cache().nearest(namespace, some, NeighbourVote.NEIGHBOURS_MAX, Instant.EPOCH);
    int right = 0;
    try (Connection connection = pool.getConnection();
        Statement setting = connection.createStatement();
        PreparedStatement statement =
            connection.prepareStatement(
                "select q.key, (select max(1 - (e.embedding <=> q.embedding::vector)) from cache_entries e)"
                    + " from queries q where q.key = any (?)")) {
      setting.execute("set enable_indexscan = off");
      statement.setArray(1, connection.createArrayOf("text", some.keySet().toArray()));
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          var nearest = found.get(rows.getString(1));
          right +=
              nearest != null && nearest.get(0).similarity() >= rows.getDouble(2) - 1e-6 ? 1 : 0;
        }
      }
      setting.execute("reset enable_indexscan");
    }
    return (double) right / some.size();
  }

  private static void execute(DataSource pool, String sql) throws SQLException {
    try (Connection connection = pool.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  // ---- growth ----

  private void growth(DatabaseAddress address, List<float[]> base, PrintWriter out)
      throws Exception {
    int small = 10_000;
    try (PostgresStores stores = PostgresStores.open(address, 3, Clock.systemUTC());
        PostgresStores job = PostgresStores.openFor(TENANT, address, 1, Clock.systemUTC())) {
      DataSource pool = stores.dataSource();
      long namespace = namespace(stores);
      Map<String, Embedding> queries = queries(base);
      double[] millis = new double[2];
      int[] sizes = {small, growTo};
      int from = 0;
      for (int i = 0; i < sizes.length; i++) {
        load(stores, base, from, sizes[i]);
        execute(pool, "vacuum analyze cache_entries");
        double best = 0;
        for (int round = 0; round < ROUNDS; round++) {
          best = Math.max(best, perSecond(QUERIES, () -> lookUp(job, namespace, queries)));
        }
        millis[i] = 1_000 / best;
        Runtime runtime = Runtime.getRuntime();
        System.gc();
        out.printf(
            Locale.ROOT,
            "growth: %,9d entries: %.2f ms a look-up; %d MiB of heap in use%n",
            sizes[i],
            millis[i],
            (runtime.totalMemory() - runtime.freeMemory()) >> 20);
        out.flush();
        from = sizes[i];
      }
      out.printf(Locale.ROOT, "growth: %.2f times the time%n", millis[1] / millis[0]);
      result.put("growth", String.format(Locale.ROOT, "%.2f", millis[1] / millis[0]));
    }
  }
}
