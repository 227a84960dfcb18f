package dev.nightjar.pipelines.submit;

import dev.nightjar.cachestore.PackingLimits;
import dev.nightjar.cachestore.QueueLimits;
import dev.nightjar.pipelines.model.Provider;
import java.time.Duration;

/**
 * What one provider has of its own among those that speak OpenAI's files and batches: everything
 * else is one client's. Facts and their sources stand in {@code docs/providers.md}. Immutable.
 *
 * @param provider whose it is
 * @param path before {@code /files}, {@code /batches} and {@code /chat/completions}
 * @param keyHeader the header that takes the key; {@code Authorization} takes it as a bearer's
 * @param createEndpoint what a create calls the endpoint of chat completions; lines call it by the
 *     path
 * @param window the completion window that is asked for
 * @param outputLimit chat's parameter for the most output
 * @param thinking how reasoning is turned on and off
 * @param schemas how an answer's shape is asked for, where the model can be
 * @param pages how lists are paged
 * @param packing how large one batch may be
 * @param queue how much may be there at once
 * @param resultsKept how long results can be fetched, at the least
 */
record OpenAiProfile(
    Provider provider,
    String path,
    String keyHeader,
    String createEndpoint,
    String window,
    String outputLimit,
    Thinking thinking,
    Schemas schemas,
    Pages pages,
    PackingLimits packing,
    QueueLimits queue,
    Duration resultsKept) {

  /** How reasoning is told what to do. */
  enum Thinking {
    /** {@code reasoning_effort}. */
    EFFORT,
    /** {@code enable_thinking}, true or false. */
    SWITCH
  }

  /** How an answer's shape is asked for. */
  enum Schemas {
    /** A schema that the model is held to, if it is closed. */
    STRICT,
    /** A schema that guides. */
    GUIDE,
    /** JSON, of any shape. */
    JSON_OBJECT
  }

  /** How lists are paged. */
  enum Pages {
    /** {@code after}, and {@code has_more}. */
    AFTER,
    /** {@code cursor}, and {@code paging.next_cursor}. */
    CURSOR
  }

  private static final String CHAT = "/chat/completions";
  private static final String BEARER = "Authorization";

  static final OpenAiProfile OPENAI =
      new OpenAiProfile(
          Provider.OPENAI,
          "/v1",
          BEARER,
          "/v1" + CHAT,
          "24h",
          "max_completion_tokens",
          Thinking.EFFORT,
          Schemas.STRICT,
          Pages.AFTER,
          // 50,000 requests, 200 MB and one model a file. Queues are not published: 2,000,000
          // tokens were seen for small models, and what a refusal says is learnt.
          new PackingLimits(50_000, 190L << 20, 40_000_000),
          new QueueLimits(500, 1_900, 1_000_000_000),
          Duration.ofDays(30));

  /** A deployment's name stands for its model; its batches run on after 24 hours. */
  static final OpenAiProfile AZURE =
      new OpenAiProfile(
          Provider.AZURE,
          "/openai/v1",
          "api-key",
          CHAT,
          "24h",
          "max_completion_tokens",
          Thinking.EFFORT,
          Schemas.STRICT,
          Pages.AFTER,
          new PackingLimits(100_000, 190L << 20, 40_000_000),
          new QueueLimits(450, 1_900, 1_000_000_000), // 500 files without an expiry
          Duration.ofDays(30));

  static final OpenAiProfile GROQ =
      new OpenAiProfile(
          Provider.GROQ,
          "/openai/v1",
          BEARER,
          "/v1" + CHAT,
          "24h",
          "max_completion_tokens",
          Thinking.EFFORT,
          Schemas.GUIDE, // held to token by token are some models only
          Pages.CURSOR,
          new PackingLimits(50_000, 95L << 20, 1_000_000_000), // 100 MB, says its client
          new QueueLimits(1_000, 1_900, 1_000_000_000),
          Duration.ofDays(30));

  /** Its batches take {@code max_tokens} and pass over the newer name without a word. */
  static final OpenAiProfile DASHSCOPE =
      new OpenAiProfile(
          Provider.DASHSCOPE,
          "/compatible-mode/v1",
          BEARER,
          "/v1" + CHAT,
          "24h",
          "max_tokens",
          Thinking.SWITCH,
          Schemas.JSON_OBJECT, // of schemas its pages differ
          Pages.AFTER,
          new PackingLimits(50_000, 475L << 20, 1_000_000_000),
          new QueueLimits(1_000, 50_000, 1_000_000_000),
          Duration.ofDays(30));

  /** Of its requests only: its batches are jobs, which {@link MistralClient} speaks. */
  static final OpenAiProfile MISTRAL =
      new OpenAiProfile(
          Provider.MISTRAL,
          "/v1",
          BEARER,
          "/v1" + CHAT,
          "24h",
          "max_tokens",
          Thinking.EFFORT,
          Schemas.STRICT,
          Pages.AFTER,
          MistralClient.KIND.packing(),
          MistralClient.KIND.queue(),
          MistralClient.KIND.resultsKept());

  /** How an answer's shape is asked for of a model: at Groq few take schemas. */
  Schemas schemas(String model) {
    return this == GROQ && !model.startsWith("openai/gpt-oss-") ? Schemas.JSON_OBJECT : schemas;
  }

  boolean isBearer() {
    return keyHeader.equals(BEARER);
  }
}
