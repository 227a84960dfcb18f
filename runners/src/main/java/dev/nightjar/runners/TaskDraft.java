package dev.nightjar.runners;

import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.pipelines.model.Provider;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A first task file, with comments that say what to change.
 *
 * @param name of the task
 * @param kind what is asked
 * @param about what a document is, in a word or two
 * @param names labels of a classification, fields of an extraction; empty for a summary
 * @param textField where records keep the text; ignored if documents are whole files
 * @param idField where they keep the id
 * @param fields further fields that the prompt shows
 * @param isTabular whether documents are records
 * @param provider whose models are asked
 */
record TaskDraft(
    String name,
    Kind kind,
    String about,
    List<String> names,
    String textField,
    String idField,
    List<String> fields,
    boolean isTabular,
    Provider provider) {

  /** What is asked of a document. */
  enum Kind {
    /** Which of some labels fits. */
    CLASSIFY,
    /** Some facts out of it. */
    EXTRACT,
    /** It in short. */
    SUMMARIZE
  }

  /** A cheap model, and one to ask where its answer will not do. */
  private record Models(String small, String large) {}

  /**
   * Those whose models are the same for everybody; a resource of one's own has names of its own.
   */
  private static final Map<Provider, Models> MODELS =
      new EnumMap<>(
          Map.of(
              Provider.OPENAI, new Models("gpt-6-luna", "gpt-6.2-sol"),
              Provider.ANTHROPIC, new Models("claude-haiku-5-5", "claude-sonnet-5-5"),
              Provider.GEMINI, new Models("gemini-3.1-flash-lite", "gemini-3.8-flash")));

  TaskDraft {
    names = List.copyOf(names);
    fields = List.copyOf(fields);
    if (!MODELS.containsKey(provider)) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          "--provider " + provider.label(),
          "no models of it are known that everybody can ask",
          "give one of " + providers() + ", and change provider and model in the task");
    }
    if (kind != Kind.SUMMARIZE && names.size() < (kind == Kind.CLASSIFY ? 2 : 1)) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          kind == Kind.CLASSIFY ? "--labels" : "--fields",
          kind == Kind.CLASSIFY
              ? "expected two labels or more, as billing,shipping,other"
              : "expected the names of what to extract, as order_number,product",
          "give them");
    }
  }

  /** The providers that a draft can name. */
  static String providers() {
    return MODELS.keySet().stream().map(Provider::label).collect(Collectors.joining(", "));
  }

  /** The file. */
  String yaml() {
    Models models = MODELS.get(provider);
    if (models == null) {
      throw new IllegalStateException(provider + " has no models here");
    }
    int tokensMax = kind == Kind.SUMMARIZE ? 400 : 200;
    return "# Written by 'nightjar init'. Every key: docs/tasks.md. Check it with: nightjar doctor FILE\n"
        + "name: "
        + name
        + "\n\n"
        + input()
        + """
        # The same for every document; say what you would say to a new colleague.
        system: |
        %s

        # One message a document. {{text}} is its text; further fields must be in input.fields.
        user: |
        %s

        # What an answer must look like. One that breaks it is asked again one tier up.
        output_schema:
          type: object
          additionalProperties: false
        %s

        """
            .formatted(indented(system(), 2), indented(user(), 2), indented(schema(), 2))
        + """
        # Within one night, texts that differ in next to nothing are asked once. Numbers, names of days, negations
        # and the like must be equal in any case. Remove it to ask every text that is not word for word the same.
        near_duplicates:
          similarity_min: 0.985

        # Long documents: send only the parts that matter for what is asked above. Remove the # to use it.
        # retrieval:
        #   document_tokens_max: 1500

        # Cheapest first: a later tier is asked only where an answer of an earlier one will not do.
        tiers:
          - name: small
            provider: %s
            model: %s
            output_tokens_max: %d    # an answer that is longer is cut, paid for, and of no use
          - name: large
            provider: %s
            model: %s
            output_tokens_max: %d    # its reasoning counts towards it
        """
            .formatted(
                provider.label(),
                models.small(),
                tokensMax,
                provider.label(),
                models.large(),
                8 * tokensMax);
  }

  private String input() {
    if (!isTabular) {
      return "";
    }
    return "# Where a record keeps what.\ninput:\n  id_field: "
        + quoted(idField)
        + "\n  text_field: "
        + quoted(textField)
        + "\n"
        + (fields.isEmpty()
            ? ""
            : "  fields: ["
                + fields.stream().map(TaskDraft::quoted).collect(Collectors.joining(", "))
                + "]\n")
        + "\n";
  }

  private String system() {
    return switch (kind) {
      case CLASSIFY ->
          "You sort "
              + about
              + "s. Read one "
              + about
              + " and say which label fits it best, and why, in one line of at most 200\n"
              + "characters. If several fit, take the one that decides who has to act. Judge by the content, not by what\n"
              + "the "
              + about
              + " says about itself.\n\nLabels:\n"
              + names.stream()
                  .map(label -> "- " + label + ": (say in a few words what belongs here)")
                  .collect(Collectors.joining("\n"))
              + "\n\nAnswer with JSON only.";
      case EXTRACT ->
          "You read "
              + about
              + "s and take facts out of them. Copy each as the "
              + about
              + " has it, in at most 200 characters. Where it\n"
              + "does not say, give an empty string; never guess.\n\nFacts:\n"
              + names.stream()
                  .map(field -> "- " + field + ": (say in a few words what it is)")
                  .collect(Collectors.joining("\n"))
              + "\n\nAnswer with JSON only.";
      case SUMMARIZE ->
          "You summarise "
              + about
              + "s for a colleague who has no time to read them: what happened, what is asked for, what matters.\n"
              + "At most three sentences and 600 characters, in the language of the "
              + about
              + ". Answer with JSON only.";
    };
  }

  private String user() {
    return fields.stream()
            .map(field -> field + ": {{" + field + "}}\n")
            .collect(Collectors.joining())
        + (fields.isEmpty() ? "" : "\n")
        + "{{text}}";
  }

  private String schema() {
    return switch (kind) {
      case CLASSIFY ->
          "required: [label, reason]\nproperties:\n  label:\n    enum: ["
              + names.stream().map(TaskDraft::quoted).collect(Collectors.joining(", "))
              + "]\n  reason:\n    type: string\n    maxLength: 200";
      case EXTRACT ->
          "required: ["
              + names.stream().map(TaskDraft::quoted).collect(Collectors.joining(", "))
              + "]\nproperties:\n"
              + names.stream()
                  .map(field -> "  " + quoted(field) + ":\n    type: string\n    maxLength: 200")
                  .collect(Collectors.joining("\n"));
      case SUMMARIZE ->
          "required: [summary]\nproperties:\n  summary:\n    type: string\n    maxLength: 600";
    };
  }

  private static String indented(String text, int blanks) {
    return text.lines()
        .map(line -> line.isBlank() ? "" : " ".repeat(blanks) + line)
        .collect(Collectors.joining("\n"));
  }

  /** A plain word as it is, all else as a JSON string, which YAML reads as it stands. */
  private static String quoted(String text) {
    return text.matches("[A-Za-z][A-Za-z0-9_-]*")
            && !text.toLowerCase(Locale.ROOT).matches("y|n|yes|no|on|off|true|false|null")
        ? text
        : JsonText.line(JsonText.string(text));
  }
}
