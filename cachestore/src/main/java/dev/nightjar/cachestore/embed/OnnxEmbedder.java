package dev.nightjar.cachestore.embed;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.nightjar.cachestore.EmbeddedText;
import dev.nightjar.cachestore.Embedding;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * A sentence encoder quantised to int8, on ONNX Runtime in this process.
 *
 * <p><b>One text, one run of the model.</b> The quantised model scales its activations by the range
 * found in the whole tensor, so beside other texts, or with padding, the same text would get
 * another vector, and which texts lead would depend on how bundles fell. Instead of batches, texts
 * run side by side, one thread each: nothing is padded, and on two cores it is as fast as padded
 * batches of like length or faster (ADR 1; {@code nightjar bench store} prints both).
 *
 * <p><b>Long texts</b> are read in windows as long as the model allows that overlap by an eighth;
 * the text's vector is the mean of theirs, weighted by length. A text of more than {@value
 * #WINDOWS_MAX} windows gets no vector.
 *
 * <p>Thread-safe: a session may run concurrently. At most as many threads work as the constructor
 * was told, over all callers.
 */
public final class OnnxEmbedder implements Embedder {
  /** Some 16,000 tokens at 256 a window. */
  static final int WINDOWS_MAX = 64;

  /** No text of so many windows has more characters than this for each token in them. */
  private static final int TOKEN_CHARS_MAX = 16;

  private static final int OVERLAP_DIVISOR = 8;
  private static final int CLOSE_SECONDS = 60;

  private final EmbeddingModel model;
  private final HuggingFaceTokenizer tokenizer;
  private final OrtEnvironment environment;
  private final OrtSession session;
  private final ExecutorService workers;
  private final Map<Integer, Constants> constants = new ConcurrentHashMap<>();

  private OnnxEmbedder(
      EmbeddingModel model,
      HuggingFaceTokenizer tokenizer,
      OrtEnvironment environment,
      OrtSession session,
      int threadsMax) {
    this.model = model;
    this.tokenizer = tokenizer;
    this.environment = environment;
    this.session = session;
    this.workers =
        Executors.newFixedThreadPool(
            threadsMax,
            task -> {
              Thread thread = new Thread(task, "embedder");
              thread.setDaemon(true);
              return thread;
            });
  }

  /**
   * Loads a model from the class path.
   *
   * @param threadsMax texts embedded at the same time, at least 1
   */
  public static OnnxEmbedder load(EmbeddingModel model, int threadsMax) {
    if (threadsMax < 1) {
      throw new IllegalArgumentException("threadsMax must be > 0, but was " + threadsMax);
    }
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions();
        InputStream network = resource("/" + model.resource() + ".onnx");
        InputStream vocabulary = resource("/" + model.resource() + "-tokenizer.json")) {
      options.setIntraOpNumThreads(1);
      options.setInterOpNumThreads(1);
      NativeTokenizer.load();
      HuggingFaceTokenizer tokenizer =
          HuggingFaceTokenizer.newInstance(
              vocabulary,
              Map.of(
                  "padding",
                  "false",
                  "truncation",
                  "false",
                  "modelMaxLength",
                  Integer.toString(textCharsMax(model))));
      return new OnnxEmbedder(
          model,
          tokenizer,
          environment,
          environment.createSession(network.readAllBytes(), options),
          threadsMax);
    } catch (IOException | OrtException e) {
      throw failure(model, e);
    }
  }

  private static InputStream resource(String name) {
    return Objects.requireNonNull(OnnxEmbedder.class.getResourceAsStream(name), name);
  }

  private static int textCharsMax(EmbeddingModel model) {
    return WINDOWS_MAX * model.tokensMax() * TOKEN_CHARS_MAX;
  }

  private static NightjarException failure(EmbeddingModel model, Exception e) {
    return new NightjarException(
        ErrorCode.INTERNAL,
        model.label(),
        "the embedding model failed: " + e.getMessage(),
        "run 'nightjar doctor'",
        e);
  }

  @Override
  public String model() {
    return model.label();
  }

  @Override
  public List<EmbeddedText> embed(List<String> texts) {
    List<Future<EmbeddedText>> running =
        texts.stream().map(text -> workers.submit(() -> embed(text))).toList();
    return running.stream().map(this::await).toList();
  }

  private EmbeddedText await(Future<EmbeddedText> running) {
    try {
      return running.get();
    } catch (ExecutionException e) {
      throw failure(model, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw failure(model, e);
    }
  }

  private EmbeddedText embed(String text) throws OrtException {
    if (text.length() > textCharsMax(model)) {
      return new EmbeddedText(Optional.empty(), WINDOWS_MAX + 1);
    }
    long[] tokens = tokenizer.encode(text).getIds();
    int windowTokens = model.tokensMax();
    if (tokens.length <= windowTokens) {
      return new EmbeddedText(Optional.of(unit(run(tokens))), 1);
    }
    // The first and the last token say where a text begins and ends; every window gets them.
    int inner = windowTokens - 2;
    int step = inner - inner / OVERLAP_DIVISOR;
    int last = tokens.length - 1;
    int windows = 1 + (last - 1 - inner + step - 1) / step;
    if (windows > WINDOWS_MAX) {
      return new EmbeddedText(Optional.empty(), windows);
    }
    float[] sum = new float[EmbeddingModel.DIMENSIONS];
    for (int from = 1, i = 0; i < windows; i++, from += step) {
      int to = Math.min(from + inner, last);
      long[] window = new long[to - from + 2];
      window[0] = tokens[0];
      System.arraycopy(tokens, from, window, 1, to - from);
      window[window.length - 1] = tokens[last];
      Embedding part = unit(run(window));
      for (int d = 0; d < sum.length; d++) {
        sum[d] += part.get(d) * (to - from);
      }
    }
    return new EmbeddedText(Optional.of(unit(sum)), windows);
  }

  /** The tokens' vectors, pooled. */
  private float[] run(long[] tokens) throws OrtException {
    Constants constants = constants(tokens.length);
    try (OnnxTensor ids = tensor(tokens);
        OrtSession.Result result =
            session.run(
                Map.of(
                    "input_ids",
                    ids,
                    "attention_mask",
                    constants.mask(),
                    "token_type_ids",
                    constants.types()))) {
      FloatBuffer hidden = ((OnnxTensor) result.get(0)).getFloatBuffer();
      float[] pooled = new float[EmbeddingModel.DIMENSIONS];
      hidden.get(pooled);
      if (model.pooling() == EmbeddingModel.Pooling.FIRST) {
        return pooled;
      }
      float[] token = new float[EmbeddingModel.DIMENSIONS];
      while (hidden.hasRemaining()) {
        hidden.get(token);
        for (int d = 0; d < pooled.length; d++) {
          pooled[d] += token[d];
        }
      }
      return pooled; // the sum points where the mean does
    }
  }

  /**
   * Inputs that are the same for all texts of one length, which are made once: of a question of 16
   * tokens they were a thirtieth of the time.
   */
  private record Constants(OnnxTensor mask, OnnxTensor types) {}

  private Constants constants(int tokens) throws OrtException {
    Constants made = constants.get(tokens);
    if (made == null) {
      long[] ones = new long[tokens];
      Arrays.fill(ones, 1);
      Constants fresh = new Constants(tensor(ones), tensor(new long[tokens]));
      made = constants.putIfAbsent(tokens, fresh);
      if (made == null) {
        return fresh;
      }
      close(fresh);
    }
    return made;
  }

  private static void close(Constants constants) {
    constants.mask().close();
    constants.types().close();
  }

  private OnnxTensor tensor(long[] row) throws OrtException {
    return OnnxTensor.createTensor(environment, LongBuffer.wrap(row), new long[] {1, row.length});
  }

  private static Embedding unit(float[] vector) {
    double square = 0;
    for (float value : vector) {
      square += (double) value * value;
    }
    float scale = (float) (1 / Math.sqrt(square));
    for (int d = 0; d < vector.length; d++) {
      vector[d] *= scale;
    }
    return Embedding.of(vector);
  }

  @Override
  public void close() {
    workers.shutdownNow();
    try {
      // Who runs the model still must not find it freed. A text takes a second at most.
      if (!workers.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)) {
        return;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return;
    }
    constants.values().forEach(OnnxEmbedder::close);
    tokenizer.close();
    try {
      session.close();
    } catch (OrtException e) {
      throw failure(model, e);
    }
  }
}
