package dev.nightjar.runners.bench;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.io.IOException;
import java.io.InputStream;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * The int8 model with nothing around it: texts are tokens already, and what comes out is not read.
 * One text a run, one thread a core: on two cores no batch of 4, 8, 16 or 32 was faster.
 */
final class BareOnnx implements AutoCloseable {
  private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
  private final OrtSession session;
  private final ExecutorService workers;
  private final List<long[]> texts = new ArrayList<>();

  private BareOnnx(OrtSession session, int threads) {
    this.session = session;
    this.workers = Executors.newFixedThreadPool(threads);
  }

  static BareOnnx load(List<String> texts, int threads) throws IOException, OrtException {
    try (InputStream model = resource("/all-minilm-l6-v2-q.onnx");
        InputStream vocabulary = resource("/all-minilm-l6-v2-q-tokenizer.json");
        OrtSession.SessionOptions options = new OrtSession.SessionOptions();
        HuggingFaceTokenizer tokenizer =
            HuggingFaceTokenizer.newInstance(
                vocabulary, Map.of("padding", "false", "truncation", "true", "maxLength", "256"))) {
      options.setIntraOpNumThreads(1);
      BareOnnx bare =
          new BareOnnx(
              OrtEnvironment.getEnvironment().createSession(model.readAllBytes(), options),
              threads);
      texts.forEach(text -> bare.texts.add(tokenizer.encode(text).getIds()));
      return bare;
    }
  }

  private static InputStream resource(String name) {
    return Objects.requireNonNull(BareOnnx.class.getResourceAsStream(name), name);
  }

  /** Of all texts together. */
  long tokens() {
    return texts.stream().mapToLong(text -> text.length).sum();
  }

  /** Runs the model on every text. */
  int run() throws InterruptedException, ExecutionException {
    List<Future<Long>> running = new ArrayList<>();
    for (long[] tokens : texts) {
      running.add(workers.submit(() -> run(tokens)));
    }
    for (Future<Long> one : running) {
      one.get();
    }
    return running.size();
  }

  private long run(long[] tokens) throws OrtException {
    long[] ones = new long[tokens.length];
    Arrays.fill(ones, 1);
    try (OnnxTensor ids = tensor(tokens);
        OnnxTensor mask = tensor(ones);
        OnnxTensor types = tensor(new long[tokens.length]);
        OrtSession.Result result =
            session.run(
                Map.of("input_ids", ids, "attention_mask", mask, "token_type_ids", types))) {
      return result.size();
    }
  }

  private OnnxTensor tensor(long[] row) throws OrtException {
    return OnnxTensor.createTensor(environment, LongBuffer.wrap(row), new long[] {1, row.length});
  }

  @Override
  public void close() throws OrtException {
    workers.shutdownNow();
    session.close();
  }
}
