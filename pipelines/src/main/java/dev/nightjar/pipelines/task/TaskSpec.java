package dev.nightjar.pipelines.task;

import dev.nightjar.cachestore.TaskVersion;
import dev.nightjar.cachestore.embed.EmbeddingModel;
import dev.nightjar.pipelines.reuse.AnswerEquality;
import dev.nightjar.pipelines.reuse.Guards;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A task, read and checked. Made by {@link TaskLoader}.
 *
 * @param name its name
 * @param system system prompt
 * @param userTemplate Mustache template of the user message
 * @param outputSchemaJson JSON Schema of an answer
 * @param idField record field that holds a document's id
 * @param textField record field that holds its text
 * @param fields further record fields the template reads
 * @param priorityField record field with a number that says which documents go first when money is
 *     short, or null for none
 * @param overBudget what becomes of requests that no budget pays for
 * @param escalatesRefusals whether another tier is asked what a model refuses to answer
 * @param uncappedOutputTokens how long an answer would be that nobody asks to be short, for the
 *     baseline; or null for as long as it is
 * @param semanticCache when a similar text's answer is used again, or null for exact hits only
 * @param nearDuplicates which texts of one run share an answer, or null for equal ones only
 * @param guards what must not differ between two texts that share an answer
 * @param answerEquality when two answers are the same for the task's users
 * @param retention how long answers are kept
 * @param embeddingModel by which texts are compared
 * @param compression what is left out of documents
 * @param retrieval how long documents are shortened, or null to send them whole
 * @param onlineMinutesBeforeDeadline how long before a deadline requests are asked online instead
 *     of in batches, or null for never
 * @param isTrial whether somebody waits for the answers: what is asked online is asked at once, at
 *     the list price
 * @param tiers from cheapest to dearest, at least one
 * @param referenceTier the tier that says what an answer should be
 * @param audit which documents are also asked there, or null for none
 * @param auditPass which pass of an audit this task is; 0 for none
 * @param goldFile a file of answers that people have given, as the task names it, or null for none
 * @param fingerprint SHA-256 over everything that can change an answer
 * @param definitionJson the definition as canonical JSON
 */
public record TaskSpec(
    String name,
    String system,
    String userTemplate,
    String outputSchemaJson,
    String idField,
    String textField,
    List<String> fields,
    @Nullable String priorityField,
    OverBudget overBudget,
    boolean escalatesRefusals,
    @Nullable Integer uncappedOutputTokens,
    @Nullable SemanticCacheSpec semanticCache,
    @Nullable NearDuplicateSpec nearDuplicates,
    Guards guards,
    AnswerEquality answerEquality,
    RetentionSpec retention,
    EmbeddingModel embeddingModel,
    Compression compression,
    @Nullable RetrievalSpec retrieval,
    @Nullable Integer onlineMinutesBeforeDeadline,
    boolean isTrial,
    List<TierSpec> tiers,
    String referenceTier,
    @Nullable AuditSpec audit,
    int auditPass,
    @Nullable String goldFile,
    String fingerprint,
    String definitionJson)
    implements Serializable {

  /** Whether prompts show a document's id, so that it can change the answer. */
  public boolean showsId() {
    return PromptTemplate.compile(userTemplate).placeholders().contains("id");
  }

  /**
   * The text that every user message begins with: what stands before the template's first
   * placeholder; empty if that comes first.
   */
  public String sharedHead() {
    return PromptTemplate.compile(userTemplate).head();
  }

  /** What becomes of requests that no budget pays for. */
  public enum OverBudget {
    /** They wait for money that comes free, and else for the next night. */
    DEFER,
    /** They are asked at a cheaper tier, if that fits. */
    DOWNGRADE
  }

  /** Whether answers have to quote their documents. */
  public boolean hasQuotes() {
    return outputSchemaJson.contains("\"x-quote\":true"); // it is canonical
  }

  /** Whether less than the whole document may be sent. */
  public boolean shortens() {
    return retrieval != null || compression != Compression.NONE;
  }

  /** Whether any text of this task needs an embedding. */
  public boolean usesLikeness() {
    return semanticCache != null || nearDuplicates != null;
  }

  /**
   * The tiers below a tier, dearest first, if the task lets requests go there for want of money:
   * also those where a prompt of its length would not start.
   */
  public List<TierSpec> cheaperThan(TierSpec tier) {
    if (overBudget != OverBudget.DOWNGRADE) {
      return List.of();
    }
    List<TierSpec> cheaper = new ArrayList<>(tiers.subList(0, tiers.indexOf(tier)));
    Collections.reverse(cheaper);
    return cheaper;
  }

  /** The dearest tier, which an unoptimised night would ask. */
  public TierSpec baselineTier() {
    return tiers.get(tiers.size() - 1);
  }

  /** A tier by name. */
  public TierSpec tier(String tierName) {
    return tiers.stream()
        .filter(tier -> tier.name().equals(tierName))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no tier " + tierName + " in " + name));
  }

  /** What the store keeps. */
  public TaskVersion version() {
    return new TaskVersion(
        fingerprint,
        name,
        definitionJson,
        baselineTier().provider().label(),
        baselineTier().model());
  }
}
