package dev.nightjar.emulator;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.math.BigDecimal;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGeneratorFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The server. Listens on loopback only. {@link Builder#start} it once; closing it stops the
 * listener and keeps the state on disk.
 */
public final class Emulator implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Emulator.class);
  private static final int THREADS_MAX = 16;
  private static final int TICK_MILLIS = 50;

  /** How to start one. */
  public static final class Builder {
    private final Path home;
    private int port;
    private double speed = 1;
    private boolean ticking = true;
    private Clock clock = Clock.systemUTC();
    private Answers answers = new DemoAnswers();
    private Optional<String> apiKey = Optional.empty();
    private long seed = 1;

    private Builder(Path home) {
      this.home = home;
    }

    /** The port to listen on; 0, the default, takes a free one. */
    public Builder port(int value) {
      port = value;
      return this;
    }

    /** How many times faster than the real provider it works; 1 by default. */
    public Builder speed(double value) {
      if (value <= 0) {
        throw new IllegalArgumentException("speed must be > 0, but was " + value);
      }
      speed = value;
      return this;
    }

    /** The time it lives in. A test's own clock needs {@link Emulator#advance} to be called. */
    public Builder clock(Clock value) {
      clock = value;
      ticking = false;
      return this;
    }

    /** What the models say. */
    public Builder answers(Answers value) {
      answers = value;
      return this;
    }

    /** The only API key to accept; without it any key is accepted, but none at all is refused. */
    public Builder apiKey(String value) {
      apiKey = Optional.of(value);
      return this;
    }

    /** Seed of ids and of the order of results. */
    public Builder seed(long value) {
      seed = value;
      return this;
    }

    /**
     * Starts to listen.
     *
     * @throws BindException if the port is taken
     */
    public Emulator start() throws IOException {
      return new Emulator(this);
    }
  }

  private final HttpServer server;
  private final ExecutorService requests;
  private final ScheduledExecutorService ticker;
  private final Storage storage;
  private final Invoice invoice;
  private final OpenAiApi openAi;
  private final AnthropicApi anthropic;
  private final BatchEngine engine;
  private final Optional<String> apiKey;
  private final Ids ids;

  private Emulator(Builder builder) throws IOException {
    server =
        HttpServer.create(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), builder.port), 128);
    storage = new Storage(builder.home);
    apiKey = builder.apiKey;
    // Ids must not repeat after a restart from the same seed.
    long started =
        (long) storage.batches(OpenAiApi.PROVIDER).size()
            + storage.batches(AnthropicApi.PROVIDER).size()
            + storage.uploads().size();
    ids =
        new Ids(
            RandomGeneratorFactory.of("L64X128MixRandom")
                .create(builder.seed * 1_000_003 + started));
    invoice = new Invoice(storage);
    Models models =
        new Models(builder.answers, invoice, new PromptCache(builder.clock), builder.clock, ids);
    openAi = new OpenAiApi(storage, models, invoice, builder.clock, ids);
    anthropic = new AnthropicApi(storage, models, invoice, builder.clock, ids, uri().toString());
    engine = new BatchEngine(storage, models, invoice, openAi, builder.clock, ids, builder.speed);
    requests = Executors.newFixedThreadPool(THREADS_MAX, daemon("emulator-http"));
    server.setExecutor(requests);
    server.createContext("/", this::handle);
    server.start();
    ticker = Executors.newSingleThreadScheduledExecutor(daemon("emulator-ticker"));
    if (builder.ticking) {
      var unused =
          ticker.scheduleWithFixedDelay(
              this::tick, TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS);
    }
  }

  /**
   * A server whose state lies in a directory.
   *
   * @param home made if it is not there; an emulator started on it again goes on where it stood
   */
  public static Builder in(Path home) {
    return new Builder(home);
  }

  private static java.util.concurrent.ThreadFactory daemon(String name) {
    return runnable -> {
      Thread thread = new Thread(runnable, name);
      thread.setDaemon(true);
      return thread;
    };
  }

  private void tick() {
    try {
      engine.advance();
    } catch (RuntimeException e) {
      LOG.error("The emulator's ticker failed", e);
    }
  }

  /** Where to point a client, without a path. */
  public URI uri() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  /** What has been billed so far. */
  public Invoice invoice() {
    return invoice;
  }

  /** Moves every batch to where the clock says it should be. */
  public void advance() {
    engine.advance();
  }

  private void handle(HttpExchange http) throws IOException {
    Exchange exchange = new Exchange(http);
    boolean isAnthropic = http.getRequestURI().getPath().startsWith("/v1/messages");
    String requestId = ids.next("req_");
    exchange.setHeader(isAnthropic ? "request-id" : "x-request-id", requestId);
    try (http) {
      try {
        if (http.getRequestURI().getPath().equals("/emulator/invoice")) {
          exchange.send(200, invoicePage());
          return;
        }
        authenticate(exchange, isAnthropic);
        if (isAnthropic) {
          anthropic.handle(exchange);
        } else {
          openAi.handle(exchange);
        }
      } catch (ApiError e) {
        exchange.send(e.status, isAnthropic ? e.anthropic(requestId) : e.openAi());
      } catch (RuntimeException e) {
        LOG.error("The emulator failed on {}", http.getRequestURI().getPath(), e);
        ApiError error =
            new ApiError(
                500, isAnthropic ? "api_error" : "server_error", "", "The server had an error.");
        exchange.send(500, isAnthropic ? error.anthropic(requestId) : error.openAi());
      }
    }
  }

  private void authenticate(Exchange exchange, boolean isAnthropic) {
    Optional<String> key =
        exchange
            .header("Authorization")
            .filter(header -> header.startsWith("Bearer "))
            .map(header -> header.substring("Bearer ".length()));
    if (isAnthropic && key.isEmpty()) {
      key = exchange.header("X-Api-Key");
    }
    if (key.isEmpty() || (apiKey.isPresent() && !apiKey.equals(key))) {
      throw isAnthropic
          ? new ApiError(401, "authentication_error", "", "invalid x-api-key")
          : new ApiError(
              401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided.");
    }
  }

  private ObjectNode invoicePage() {
    ObjectNode page = Json.object();
    BigDecimal total = BigDecimal.ZERO;
    var lines = page.putArray("lines");
    for (Invoice.Line line : invoice.lines()) {
      total = total.add(line.usd());
      lines
          .addObject()
          .put("provider", line.provider())
          .put("batch_id", line.batchId())
          .put("custom_id", line.customId())
          .put("model", line.model())
          .put("prompt_tokens", line.promptTokens())
          .put("output_tokens", line.outputTokens())
          .put("usd", line.usd().toPlainString());
    }
    page.put("total_usd", total.toPlainString());
    return page;
  }

  @Override
  public void close() {
    server.stop(0);
    ticker.shutdownNow();
    requests.shutdownNow();
    try {
      if (!ticker.awaitTermination(30, TimeUnit.SECONDS)) {
        LOG.warn("The emulator's ticker did not end in 30 s");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    storage.close();
  }
}
