package dev.nightjar.runners;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** One document's prompt, attempts and answer, for people and for programs. */
final class AnswerView {
  private AnswerView() {}

  /**
   * Prints what was asked of a document, and what came of it.
   *
   * @param prompt empty if it cannot be made again
   * @param runId the run that is looked at: attempts of another are said to be older
   */
  static void print(
      PrintWriter out,
      Optional<SentPrompt> prompt,
      List<Results.Attempt> attempts,
      Results.Item item,
      String runId) {
    prompt.ifPresent(
        sent -> {
          out.println("prompt" + (sent.cut().isEmpty() ? "" : " (" + sent.cut() + ")"));
          indented(out, sent.user());
          if (!sent.cut().isEmpty()) {
            out.println("document (+ sent, - left out)");
            sent.printCut(out, Terminal.highlights());
          }
        });
    for (Results.Attempt attempt : attempts) {
      out.printf(
          Locale.ROOT,
          "%s: %s, %s, asked %s%s: %,d + %,d tokens, %s USD%n",
          verdict(attempt),
          attempt.tier(),
          attempt.model(),
          attempt.mode().equals("online") ? "online" : "in a batch",
          attempt.runId().equals(runId) ? "" : " by run " + attempt.runId(),
          attempt.inputTokens(),
          attempt.outputTokens(),
          Terminal.usd(attempt.usd()));
      if (!attempt.reason().isEmpty()) {
        out.println("  " + attempt.code() + ": " + attempt.reason());
      }
      if (!attempt.answer().isEmpty()) {
        indented(out, attempt.answer());
      }
    }
    if (!item.code().isEmpty()) {
      out.println(item.state() + ": " + item.code() + ": " + item.reason());
    } else if (!item.answeredBy().isEmpty() && !item.answeredBy().equals("model")) {
      out.println(
          "answered by " + item.answeredBy().replace('_', ' ') + ", for nothing: " + item.answer());
    }
  }

  private static String verdict(Results.Attempt attempt) {
    return switch (attempt.state()) {
      case "succeeded" -> "accepted";
      case "submitted", "planned" -> "open";
      default -> attempt.state();
    };
  }

  private static void indented(PrintWriter out, String text) {
    text.strip().lines().forEach(line -> out.println("  | " + line));
  }

  static ObjectNode asJson(Results.Item item) {
    ObjectNode node = JsonText.object();
    node.put("document_id", item.documentId());
    node.put("source_uri", item.sourceUri());
    node.put("source_position", item.position());
    node.put("state", item.state());
    node.put("answered_by", item.answeredBy());
    node.put("tier", item.tier());
    node.put("model", item.model());
    node.put("usd", item.actualUsd());
    node.set("answer", JsonText.parsed(item.answer()));
    node.put("code", item.code());
    node.put("reason", item.reason());
    return node;
  }

  static ObjectNode asJson(Results.Attempt attempt) {
    ObjectNode node = JsonText.object();
    node.put("attempt", attempt.number());
    node.put("run_id", attempt.runId());
    node.put("tier", attempt.tier());
    node.put("model", attempt.model());
    node.put("mode", attempt.mode());
    node.put("verdict", verdict(attempt));
    node.put("code", attempt.code());
    node.put("reason", attempt.reason());
    node.put("input_tokens", attempt.inputTokens());
    node.put("output_tokens", attempt.outputTokens());
    node.put("usd", attempt.usd());
    node.put("raw_answer", attempt.answer());
    return node;
  }

  static ObjectNode asJson(Results.Relative relative) {
    ObjectNode node = JsonText.object();
    node.put("what", relative.what());
    node.put("document_id", relative.documentId());
    if (relative.similarity() != null) {
      node.put("similarity", relative.similarity());
    }
    node.put("note", relative.note());
    return node;
  }
}
