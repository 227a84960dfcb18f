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
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
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
  private static final long HOLD_MILLIS_MAX = 600_000;
  private static final String NO_DELAY = "sun.net.httpserver.nodelay";

  static {
    // The JDK's server sends headers and body in two packets, and a client that reuses its
    // connection would wait 40 ms for the second one.
    if (System.getProperty(NO_DELAY) == null) {
      System.setProperty(NO_DELAY, "true");
    }
  }

  /** How to start one. */
  public static final class Builder {
    private final Path home;
    private int port;
    private double speed = 1;
    private boolean ticking = true;
    private Clock clock = Clock.systemUTC();
    private Answers answers = new DemoAnswers();
    private final Accounts accounts = new Accounts();
    private long seed = 1;
    private FaultPlan faults = FaultPlan.none();
    private CallListener listener = (number, call, phase) -> {};
    private long holdMillis = 300;
    private long enqueuedTokensMax = Long.MAX_VALUE;
    private boolean ranges = true;
    private PromptCache.World cacheWorld = PromptCache.World.MEASURED;
    private Rules rules = Rules.ALL;

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

    /** How prompt caches behave, which no provider promises. */
    public Builder promptCache(PromptCache.World value) {
      cacheWorld = value;
      return this;
    }

    /** Which rules it keeps; all, but in the test that takes one away. */
    Builder rules(Rules value) {
      rules = value;
      return this;
    }

    /** Accepts this key: see {@link Emulator#admit}. */
    public Builder apiKey(String value) {
      return apiKey("default", value);
    }

    /** Accepts a key of a project: see {@link Emulator#admit}. */
    public Builder apiKey(String project, String value) {
      accounts.admit(project, value);
      return this;
    }

    /** Seed of ids and of the order of results. */
    public Builder seed(long value) {
      seed = value;
      return this;
    }

    /** What goes wrong by itself; nothing by default. */
    public Builder faults(FaultPlan plan) {
      faults = plan;
      return this;
    }

    /** Who is told of every call to a provider; nobody by default. */
    public Builder onCall(CallListener value) {
      listener = value;
      return this;
    }

    /** For how long a timeout and a slow answer hold a call, in milliseconds; 300 by default. */
    public Builder holdMillis(long value) {
      if (value < 0 || value > HOLD_MILLIS_MAX) {
        throw new IllegalArgumentException(
            "holdMillis must be 0–" + HOLD_MILLIS_MAX + ", but was " + value);
      }
      holdMillis = value;
      return this;
    }

    /**
     * How many prompt tokens OpenAI's unfinished batches of one model may have together; unlimited
     * by default. A batch that would exceed it fails.
     */
    public Builder enqueuedTokensMax(long value) {
      if (value < 1) {
        throw new IllegalArgumentException("enqueuedTokensMax must be > 0, but was " + value);
      }
      enqueuedTokensMax = value;
      return this;
    }

    /** Whether downloads honour {@code Range: bytes=N-}; true by default. */
    public Builder ranges(boolean value) {
      ranges = value;
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
  private final Map<OpenAiDialect, OpenAiApi> openAi = new EnumMap<>(OpenAiDialect.class);
  private final AnthropicApi anthropic;
  private final GeminiApi gemini;
  private final VllmApi vllm;
  private final Pages pages;
  private final BatchEngine engine;
  private final Accounts accounts;
  private final Ids ids;
  private final Faults faults;
  private final CallListener listener;
  private final long holdMillis;
  private final boolean ranges;
  private final AtomicInteger calls = new AtomicInteger();
  private final CountDownLatch closing = new CountDownLatch(1);

  private Emulator(Builder builder) throws IOException {
    server =
        HttpServer.create(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), builder.port), 128);
    storage = new Storage(builder.home);
    accounts = builder.accounts;
    faults = new Faults(builder.faults);
    listener = builder.listener;
    holdMillis = builder.holdMillis;
    ranges = builder.ranges;
    // Ids must not repeat after a restart from the same seed.
    ids =
        new Ids(
            RandomGeneratorFactory.of("L64X128MixRandom")
                .create(builder.seed * 1_000_003 + storage.countStart()));
    invoice = new Invoice(storage);
    PriceList prices = new PriceList(builder.clock);
    Models models =
        new Models(
            builder.answers,
            prices,
            new PromptCache(builder.clock, builder.cacheWorld),
            builder.clock,
            ids,
            builder.rules);
    String address = uri().toString();
    for (OpenAiDialect dialect : OpenAiDialect.values()) {
      openAi.put(
          dialect,
          new OpenAiApi(
              dialect, storage, models, prices, faults, builder.clock, ids, builder.speed));
    }
    anthropic = new AnthropicApi(storage, models, prices, faults, builder.clock, ids, address);
    gemini = new GeminiApi(storage, models, prices, faults, builder.clock, ids, address);
    vllm = new VllmApi(models, builder.clock);
    pages = new Pages(storage, invoice);
    engine =
        new BatchEngine(
            storage,
            models,
            openAi,
            anthropic,
            gemini,
            builder.clock,
            ids,
            builder.speed,
            builder.enqueuedTokensMax);
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

  private static ThreadFactory daemon(String name) {
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

  /**
   * Makes the next calls of a kind go wrong. A fault that a provider does not know waits for a call
   * to one that does; of several call faults one is used for each call, in the order given; of
   * several batch faults all hit the next batch. Thread-safe.
   *
   * @param call {@link Call#CREATE} for a batch fault
   * @param times how many calls
   */
  public void inject(Fault fault, Call call, int times) {
    faults.inject(fault, call, times);
  }

  /**
   * How many calls and batches got each fault since the emulator was started; faults that none got
   * are not in it. Thread-safe.
   */
  public Map<Fault, Integer> faultsInjected() {
    return faults.counts();
  }

  /**
   * Accepts a key, of this project from now on. As long as no key was named, every key is accepted
   * and has a project of its own; a call without a key is always refused. Thread-safe.
   */
  public void admit(String project, String key) {
    accounts.admit(project, key);
  }

  /** Accepts a key no more. Thread-safe. */
  public void revoke(String key) {
    accounts.revoke(key);
  }

  /** How many requests the self-hosted model has answered since the emulator was started. */
  public long selfHostedRequests() {
    return vllm.requests();
  }

  private void handle(HttpExchange http) throws IOException {
    Exchange exchange = new Exchange(http, ranges);
    try (http) {
      if (exchange.segment(0).equals("emulator")) {
        own(exchange);
      } else {
        serve(exchange);
      }
    }
  }

  private void own(Exchange exchange) throws IOException {
    try {
      if (exchange.segment(1).equals("invoice")) {
        exchange.send(200, exchange.hasQuery("total") ? invoiceTotal() : invoicePage());
      } else {
        Optional<String> page = pages.at(exchange.path());
        exchange.setHeader(
            "Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'");
        exchange.send(
            page.isPresent() ? 200 : 404,
            page.isPresent() ? "text/html; charset=utf-8" : "text/plain; charset=utf-8",
            page.orElse("There is no such page.\n"));
      }
    } catch (RuntimeException e) {
      LOG.error("The emulator failed on its own pages", e);
      exchange.send(500, ApiError.server("The emulator failed.").openAi());
    }
    exchange.transmit(Exchange.Transport.WHOLE, 0, this::pause);
  }

  /** A call to a provider, with what goes wrong on its way in and out. */
  private void serve(Exchange exchange) throws IOException {
    OpenAiDialect dialect = OpenAiDialect.of(exchange);
    Vendor vendor = Vendor.of(exchange);
    Call call = vendor.call(exchange);
    int number = calls.incrementAndGet();
    String requestId = ids.next("req_");
    exchange.setHeader(vendor.requestIdHeader(), requestId);
    Fault fault = faults.forCall(vendor, call).orElse(null);
    listener.called(number, call, Phase.BEFORE_EFFECT);
    if (fault == null || !fault.isBefore()) {
      perform(vendor, dialect, exchange, requestId);
      listener.called(number, call, Phase.AFTER_EFFECT);
    }
    if (fault == null) {
      exchange.transmit(Exchange.Transport.WHOLE, 0, this::pause);
      return;
    }
    switch (fault) {
      case RESET_BEFORE, RESET_AFTER -> exchange.drain();
      case TIMEOUT_BEFORE, TIMEOUT_AFTER -> {
        exchange.drain();
        pause(holdMillis);
      }
      case SLOW_BODY -> exchange.transmit(Exchange.Transport.SLOW, holdMillis, this::pause);
      case TRUNCATED_BODY -> exchange.transmit(Exchange.Transport.TRUNCATED, 0, this::pause);
      case FLEX_UNAVAILABLE -> {
        ApiError unavailable = ApiError.flexUnavailable(vendor);
        exchange.send(unavailable.status, vendor.render(unavailable, requestId));
        exchange.transmit(Exchange.Transport.WHOLE, 0, this::pause);
      }
      case NO_CREDIT, ON_HOLD -> {
        ApiError stopped = ApiError.accountStopped(vendor, fault == Fault.ON_HOLD);
        exchange.send(stopped.status, vendor.render(stopped, requestId));
        exchange.transmit(Exchange.Transport.WHOLE, 0, this::pause);
      }
      default -> {
        if (fault == Fault.HTTP_429) {
          exchange.setHeader("Retry-After", "1");
        }
        exchange.send(fault.status(), vendor.render(ApiError.ofStatus(fault.status()), requestId));
        exchange.transmit(Exchange.Transport.WHOLE, 0, this::pause);
      }
    }
  }

  private void perform(Vendor vendor, OpenAiDialect dialect, Exchange exchange, String requestId)
      throws IOException {
    try {
      authenticate(vendor, dialect, exchange);
      switch (vendor) {
        case ANTHROPIC -> anthropic.handle(exchange);
        case OPENAI -> Objects.requireNonNull(openAi.get(dialect)).handle(exchange);
        case GEMINI -> gemini.handle(exchange);
        case VLLM -> vllm.handle(exchange);
      }
    } catch (ApiError e) {
      exchange.send(e.status, vendor.render(e, requestId));
    } catch (RuntimeException e) {
      LOG.error("The emulator failed on {}", String.join("/", exchange.path()), e);
      exchange.send(500, vendor.render(ApiError.server("The server had an error."), requestId));
    }
  }

  private void pause(long millis) {
    try {
      if (closing.await(millis, TimeUnit.MILLISECONDS)) {
        LOG.debug("The emulator is closing");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void authenticate(Vendor vendor, OpenAiDialect dialect, Exchange exchange) {
    if (vendor == Vendor.VLLM) {
      return; // one's own machine
    }
    if (vendor == Vendor.GEMINI && exchange.hasQuery("upload_id")) {
      return; // the address was given to one who had a key
    }
    Optional<String> key =
        switch (vendor) {
          case ANTHROPIC -> exchange.bearer().or(() -> exchange.header("X-Api-Key"));
          case GEMINI ->
              exchange
                  .header("x-goog-api-key")
                  .or(() -> Optional.of(exchange.query("key", "")).filter(k -> !k.isEmpty()));
          case OPENAI, VLLM ->
              dialect == OpenAiDialect.AZURE ? exchange.header("api-key") : exchange.bearer();
        };
    Optional<Accounts.Viewer> viewer = key.flatMap(accounts::viewer);
    if (viewer.isPresent()) {
      exchange.setViewer(viewer.get());
      return;
    }
    throw switch (vendor) {
      case ANTHROPIC -> new ApiError(401, "authentication_error", "", "invalid x-api-key");
      case GEMINI ->
          key.isPresent()
              ? ApiError.invalid("API key not valid. Please pass a valid API key.")
              : new ApiError(
                  403,
                  "permission_error",
                  "",
                  "Method doesn't allow unregistered callers (callers without established"
                      + " identity).");
      case OPENAI, VLLM ->
          new ApiError(
              401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided.");
    };
  }

  private ObjectNode invoiceTotal() {
    return Json.object()
        .put("total_usd", invoice.total().toPlainString())
        .put("lines", invoice.count())
        .put("distinct_custom_ids", invoice.distinctCustomIds());
  }

  private ObjectNode invoicePage() {
    ObjectNode page = Json.object();
    BigDecimal total = BigDecimal.ZERO;
    var lines = page.putArray("lines");
    for (Invoice.Line line : invoice.lines()) {
      total = total.add(line.usd()); // of these lines, not of what comes meanwhile
      lines
          .addObject()
          .put("provider", line.provider())
          .put("batch_id", line.batchId())
          .put("custom_id", line.customId())
          .put("model", line.model())
          .put("prompt_tokens", line.usage().prompt())
          .put("output_tokens", line.usage().completion())
          .put("reasoning_tokens", line.usage().reasoning())
          .put("usd", line.usd().toPlainString());
    }
    page.put("total_usd", total.signum() == 0 ? "0" : total.stripTrailingZeros().toPlainString());
    return page;
  }

  @Override
  public void close() {
    closing.countDown();
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
