package dev.nightjar.emulator;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Clock;
import java.util.Map;
import java.util.TreeMap;
import java.util.random.RandomGeneratorFactory;

/**
 * What {@code vllm run-batch} does: reads a file of requests, writes a file of results, in the same
 * order. Refused requests are in that file too, with no body and an error that is a string or an
 * object. Stateless.
 */
public final class RunBatch {
  private static final String CHAT = "/v1/chat/completions";

  private RunBatch() {}

  /**
   * Runs a file. Its results appear all at once or, if a line is invalid, not at all.
   *
   * @param input request lines as OpenAI's batches take them
   * @param output where the results go; what is there is replaced
   * @param model the one model that is served
   * @param answers what it says
   * @param clock the time of the results, and what their ids are made from
   * @throws IllegalArgumentException if a line is not a request
   */
  public static void run(Path input, Path output, String model, Answers answers, Clock clock)
      throws IOException {
    Ids ids = new Ids(RandomGeneratorFactory.of("L64X128MixRandom").create(clock.millis()));
    Models models =
        new Models(
            answers,
            new PriceList(clock),
            new PromptCache(clock, PromptCache.World.MEASURED),
            clock,
            ids,
            Rules.ALL);
    Path temporary = output.resolveSibling(output.getFileName() + ".tmp");
    try (BufferedWriter writer = Files.newBufferedWriter(temporary, StandardCharsets.UTF_8)) {
      Lines.read(
          input,
          (number, text) -> {
            writer.write(Json.write(result(request(number, text), model, models, ids)));
            writer.write('\n');
            return true;
          });
    } catch (IOException | RuntimeException e) {
      Files.deleteIfExists(temporary);
      throw e;
    }
    Files.move(
        temporary, output, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
  }

  /** One invalid line ends the run: nothing is caught line by line. */
  private static JsonNode request(int number, String text) {
    JsonNode line;
    try {
      line = Json.MAPPER.readTree(text);
    } catch (JsonProcessingException e) {
      line = Json.MAPPER.missingNode();
    }
    if (!line.path("custom_id").isTextual()
        || !line.path("method").isTextual()
        || !line.path("url").isTextual()
        || !line.path("body").isObject()) {
      throw new IllegalArgumentException("line " + number + " is not a batch request");
    }
    return line;
  }

  private static ObjectNode result(JsonNode line, String model, Models models, Ids ids) {
    ObjectNode result = Json.object();
    result.put("id", ids.next("vllm-"));
    result.set("custom_id", line.get("custom_id"));
    ObjectNode response = result.putObject("response");
    response.put("status_code", 200);
    response.put("request_id", ids.next("vllm-batch-"));
    response.putNull("body");
    result.putNull("error");
    String url = line.get("url").asText();
    String asked = line.get("body").path("model").asText("");
    if (!url.equals(CHAT)) {
      response.put("status_code", 400);
      result.put("error", "URL " + url + " was used. Supported endpoints: " + CHAT);
    } else if (!asked.equals(model)) {
      response.put("status_code", 404);
      result.set("error", error(404, "NotFoundError", "The model `" + asked + "` does not exist."));
    } else {
      try {
        response.set("body", models.selfHostedChat(line.get("body")));
      } catch (ApiError e) {
        response.put("status_code", e.status);
        result.set("error", error(e.status, "BadRequestError", String.valueOf(e.getMessage())));
      }
    }
    return result;
  }

  private static ObjectNode error(int status, String type, String message) {
    ObjectNode error = Json.object();
    error
        .putObject("error")
        .put("message", message)
        .put("type", type)
        .putNull("param")
        .put("code", status);
    return error;
  }

  /**
   * The command line: {@code -i INPUT -o OUTPUT --model MODEL}, each required.
   *
   * @throws IllegalArgumentException if an option is missing or unknown
   */
  public static void main(String... arguments) throws IOException {
    Map<String, String> options = new TreeMap<>();
    for (int i = 0; i + 1 < arguments.length; i += 2) {
      options.put(arguments[i], arguments[i + 1]);
    }
    if (arguments.length != 6
        || !options.keySet().equals(java.util.Set.of("-i", "-o", "--model"))) {
      throw new IllegalArgumentException(
          "expected -i INPUT -o OUTPUT --model MODEL, but got " + String.join(" ", arguments));
    }
    run(
        Path.of(option(options, "-i")),
        Path.of(option(options, "-o")),
        option(options, "--model"),
        new DemoAnswers(),
        Clock.systemUTC());
  }

  private static String option(Map<String, String> options, String name) {
    return options.getOrDefault(name, "");
  }
}
