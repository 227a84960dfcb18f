package dev.nightjar.runners;

import dev.nightjar.pipelines.compress.ChunkRetriever;
import dev.nightjar.pipelines.model.Document;
import dev.nightjar.pipelines.model.Tokens;
import dev.nightjar.pipelines.task.PromptTemplate;
import dev.nightjar.pipelines.task.RetrievalSpec;
import dev.nightjar.pipelines.task.TaskSpec;

/**
 * What a model is asked of a document, for people to read. Prompts are not kept: this one is made
 * anew, as the stages make it.
 *
 * @param system the system prompt
 * @param user the user message
 * @param documentTokens tokens of the whole document, by our count
 * @param sentTokens tokens of what is sent of it
 */
record SentPrompt(String system, String user, int documentTokens, int sentTokens) {

  static SentPrompt of(TaskSpec task, Document document) {
    RetrievalSpec retrieval = task.retrieval();
    String text =
        retrieval == null
            ? document.text()
            : new ChunkRetriever(retrieval.chunkTokens(), retrieval.query())
                .shorten(document.text(), retrieval.documentTokensMax());
    return new SentPrompt(
        task.system(),
        PromptTemplate.compile(task.userTemplate()).render(document.id(), text, document.fields()),
        Tokens.count(document.text()),
        Tokens.count(text));
  }

  /** What was cut, in words; empty if nothing was. */
  String cut() {
    return sentTokens >= documentTokens
        ? ""
        : "retrieval sends "
            + Terminal.count(sentTokens)
            + " of the document's "
            + Terminal.count(documentTokens)
            + " tokens";
  }
}
