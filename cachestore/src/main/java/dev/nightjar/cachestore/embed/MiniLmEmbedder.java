package dev.nightjar.cachestore.embed;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.nightjar.cachestore.Embedding;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.LongBuffer;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * all-MiniLM-L6-v2, quantised to int8, 384 dimensions, on ONNX Runtime. Mean pooling over the
 * tokens that are not padding, then unit length, as the model's authors do (Reimers and Gurevych
 * 2019, "Sentence-BERT").
 *
 * <p>Each text is run alone. The model quantises activations by the range found in the whole
 * tensor, so beside other texts, or with padding, the same text would get another vector, and which
 * texts lead would depend on how bundles fell. A text of more than {@value #TOKENS_MAX} tokens, the
 * length the model was trained for, gets no vector.
 *
 * <p>Thread-safe: a session may run concurrently. The native threads are bounded by the
 * constructor's argument, shared by all callers.
 */
public final class MiniLmEmbedder implements Embedder {
  /** The model's name. */
  public static final String MODEL = "all-minilm-l6-v2-int8";

  /** Dimensions of its vectors. */
  public static final int DIMENSIONS = 384;

  private static final int TOKENS_MAX = 256;

  /**
   * Beyond this many characters a text surely exceeds 256 tokens, so the tokenizer need not see it.
   */
  private static final int TEXT_CHARS_MAX = TOKENS_MAX * 16;

  private final HuggingFaceTokenizer tokenizer;
  private final OrtEnvironment environment;
  private final OrtSession session;

  private MiniLmEmbedder(
      HuggingFaceTokenizer tokenizer, OrtEnvironment environment, OrtSession session) {
    this.tokenizer = tokenizer;
    this.environment = environment;
    this.session = session;
  }

  /**
   * Loads the model from the class path.
   *
   * @param threadsMax native threads per call, at least 1
   */
  public static MiniLmEmbedder load(int threadsMax) {
    if (threadsMax < 1) {
      throw new IllegalArgumentException("threadsMax must be > 0, but was " + threadsMax);
    }
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions();
        InputStream model = resource("/all-minilm-l6-v2-q.onnx");
        InputStream vocabulary = resource("/all-minilm-l6-v2-q-tokenizer.json")) {
      options.setIntraOpNumThreads(threadsMax);
      options.setInterOpNumThreads(1);
      // Waiting threads that spin would take a core from the database beside them.
      options.addConfigEntry("session.intra_op.allow_spinning", "0");
      HuggingFaceTokenizer tokenizer =
          HuggingFaceTokenizer.newInstance(
              vocabulary,
              Map.of(
                  "padding",
                  "false",
                  "truncation",
                  "false",
                  "modelMaxLength",
                  Integer.toString(TEXT_CHARS_MAX)));
      OrtSession session = environment.createSession(model.readAllBytes(), options);
      return new MiniLmEmbedder(tokenizer, environment, session);
    } catch (IOException | OrtException e) {
      throw failure(e);
    }
  }

  private static InputStream resource(String name) {
    return Objects.requireNonNull(MiniLmEmbedder.class.getResourceAsStream(name), name);
  }

  private static NightjarException failure(Exception e) {
    return new NightjarException(
        ErrorCode.INTERNAL,
        MODEL,
        "the embedding model failed: " + e.getMessage(),
        "run 'nightjar doctor'",
        e);
  }

  @Override
  public String model() {
    return MODEL;
  }

  @Override
  public List<Optional<Embedding>> embed(List<String> texts) {
    return texts.stream().map(this::embed).toList();
  }

  private Optional<Embedding> embed(String text) {
    if (text.length() > TEXT_CHARS_MAX) {
      return Optional.empty();
    }
    Encoding encoding = tokenizer.encode(text);
    if (encoding.getIds().length > TOKENS_MAX) {
      return Optional.empty();
    }
    try (OnnxTensor ids = tensor(encoding.getIds());
        OnnxTensor mask = tensor(encoding.getAttentionMask());
        OnnxTensor types = tensor(encoding.getTypeIds());
        OrtSession.Result result =
            session.run(
                Map.of("input_ids", ids, "attention_mask", mask, "token_type_ids", types))) {
      float[][][] hidden = (float[][][]) result.get(0).getValue();
      return Optional.of(pool(hidden[0]));
    } catch (OrtException e) {
      throw failure(e);
    }
  }

  private OnnxTensor tensor(long[] row) throws OrtException {
    return OnnxTensor.createTensor(environment, LongBuffer.wrap(row), new long[] {1, row.length});
  }

  private static Embedding pool(float[][] hidden) {
    float[] mean = new float[DIMENSIONS];
    for (float[] token : hidden) {
      for (int i = 0; i < DIMENSIONS; i++) {
        mean[i] += token[i];
      }
    }
    double square = 0;
    for (float value : mean) {
      square += (double) value * value;
    }
    float scale = (float) (1 / Math.sqrt(square));
    for (int i = 0; i < DIMENSIONS; i++) {
      mean[i] *= scale;
    }
    return Embedding.of(mean);
  }

  @Override
  public void close() {
    tokenizer.close();
    try {
      session.close();
    } catch (OrtException e) {
      throw failure(e);
    }
  }
}
