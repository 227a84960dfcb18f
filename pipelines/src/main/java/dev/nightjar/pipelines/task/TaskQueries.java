package dev.nightjar.pipelines.task;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What a task looks for in a document, taken from its own words: one query for each property of the
 * answer, of its name, title, description and labels, of the lines of the system prompt that begin
 * with its name or a label, and of the rest of the system prompt. Words that prompts are made of
 * (answer, JSON, characters) look for nothing and are left out; what has no others is no query. An
 * answer without properties is looked for by the prompt; one that is a bare summary by nothing, and
 * is to cover the document. References and alternatives in the schema are followed.
 *
 * <p>Why the rest stands in each: as a query of its own it took half of the budget for what the
 * prompt talks about itself, and recall on Chroma's questions at 500 tokens fell from .914 to .754.
 * {@code nightjar bench retrieval} measures it. Stateless and thread-safe.
 */
public final class TaskQueries {
  private static final Pattern WORD =
      Pattern.compile("[\\p{L}\\p{M}\\p{N}]+(?:['’.,-][\\p{L}\\p{N}]+)*");
  private static final Pattern CAMEL = Pattern.compile("(?<=\\p{Ll})(?=\\p{Lu})|[_.]");

  private static final Pattern COUNT =
      Pattern.compile("(?<![\\p{L}\\p{N}])\\d{1,2}(?![\\p{L}\\p{N}])");

  private static final Pattern ITEM = Pattern.compile("\\s*(?:[-*•]|\\d+[.)])\\s");

  /** A line longer than a list's is the prompt's own text. */
  private static final int LINE_MAX = 600;

  /** Each query ranks the whole document; of more properties, neighbours share one. */
  private static final int QUERIES_MAX = 8;

  private static final Set<String> OF_PROMPTS =
      Set.of(
          ("answer answers json schema field fields property properties string strings value values"
                  + " output format return respond response reply write read say says said give given"
                  + " take takes copy copies guess never always only exactly must should please you"
                  + " your one two three line lines sentence sentences character characters word words"
                  + " token tokens most least empty text texts document documents label labels"
                  + " category categories fits fit best belong belongs judge content itself summary"
                  + " summarise summarize summarises colleague colleagues time language following"
                  + " according based information extract facts fact choose pick several decides in"
                  + " here few whether how what which if the antworte antworten antwort gib geben feld"
                  + " felder zeichen zeile zeilen satz sätze sätzen wörter nur genau höchstens leer"
                  + " dokument kategorie kategorien bitte fasse zusammen zusammenfassung réponds"
                  + " répondez réponse donne donnez champs chaîne caractères ligne lignes phrases mots"
                  + " seulement uniquement exactement vide catégorie catégories résume résumé responde"
                  + " responda respuesta devuelve campo campos cadena caracteres línea líneas frase"
                  + " frases palabras sólo únicamente exactamente vacía documento categoría categorías"
                  + " resumen rispondi risposta restituisci stringa caratteri riga righe frasi parole"
                  + " soltanto esattamente vuota riassumi riassunto")
              .split(" "));

  /** What a summary is called. */
  private static final Pattern SUMMARY =
      Pattern.compile(
          "summary|summaries|abstract|synopsis|gist|digest|tldr|overview|zusammenfassung|kurzfassung|überblick"
              + "|résumé|resumé|synthèse|resumen|resumo|riassunto|sintesi|samenvatting|sammanfattning"
              + "|sammendrag|streszczenie|要約|摘要|总结|요약",
          Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE);

  /** A prompt that says so wants more of some things than of others. */
  private static final Pattern FOCUS =
      Pattern.compile(
          "(?<!\\p{L})(?:focus\\p{L}*|especially|particular|particularly|concentrat\\p{L}*|attention|regarding"
              + "|concerning|respect|mention|include|including|insbesondere|schwerpunkt|besonders|notamment|surtout|particulier|especialmente|sobre"
              + " todo|particolare|soprattutto|vooral)(?!\\p{L})",
          Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE);

  private TaskQueries() {}

  /**
   * The queries, in the order of the answer's properties; empty if the task's words look for
   * nothing.
   */
  public static List<String> of(String system, JsonNode outputSchema) {
    Map<String, StringBuilder> byProperty = new LinkedHashMap<>();
    Map<String, String> owners = new LinkedHashMap<>(); // a name or label, and whose it is
    new Schema(outputSchema, byProperty, owners).collect(outputSchema, "");
    boolean isSummary =
        !byProperty.isEmpty()
            && byProperty.values().stream().allMatch(TaskQueries::isSummary)
            && !FOCUS.matcher(system).find();
    if (byProperty.isEmpty()) {
      byProperty.put("", new StringBuilder());
    }
    StringBuilder rest = new StringBuilder();
    String owner = "";
    for (String line : system.split("\\R")) {
      String named = owner(line, owners);
      // What is wrapped goes on with whose it is.
      boolean goesOn = named.isEmpty() && !line.isBlank() && !ITEM.matcher(line).lookingAt();
      owner = goesOn ? owner : named;
      StringBuilder query = owner.isEmpty() ? rest : byProperty.get(owner);
      if (query != null) {
        query.append(' ').append(line);
        isSummary &= owner.isEmpty();
      }
    }
    if (isSummary) {
      return List.of();
    }
    List<StringBuilder> shares = new ArrayList<>();
    for (int i = 0; i < Math.min(byProperty.size(), QUERIES_MAX); i++) {
      shares.add(new StringBuilder());
    }
    int place = 0;
    for (StringBuilder query : byProperty.values()) {
      shares.get(place++ * shares.size() / byProperty.size()).append(' ').append(query);
    }
    return shares.stream()
        .map(query -> searched(query.append(' ').append(rest)))
        .filter(query -> !query.isEmpty())
        .distinct()
        .toList();
  }

  /** Whether a property says nothing but that it is the document in short. */
  private static boolean isSummary(CharSequence property) {
    List<String> words = WORD.matcher(property).results().map(MatchResult::group).toList();
    return words.stream().anyMatch(word -> SUMMARY.matcher(word).matches())
        && words.stream()
            .allMatch(
                word ->
                    SUMMARY.matcher(word).matches()
                        || OF_PROMPTS.contains(word.toLowerCase(Locale.ROOT)));
  }

  /** A schema that is walked once. Not thread-safe. */
  private static final class Schema {
    private static final List<String> ALTERNATIVES = List.of("anyOf", "oneOf", "allOf");

    private final JsonNode root;
    private final Map<String, StringBuilder> byProperty;
    private final Map<String, String> owners;

    /** Each is followed once: a schema may refer to itself. */
    private final Set<String> followed = new HashSet<>();

    Schema(JsonNode root, Map<String, StringBuilder> byProperty, Map<String, String> owners) {
      this.root = root;
      this.byProperty = byProperty;
      this.owners = owners;
    }

    void collect(JsonNode schema, String path) {
      schema
          .path("properties")
          .fields()
          .forEachRemaining(
              field -> {
                String place = path + "." + field.getKey();
                StringBuilder query =
                    byProperty.computeIfAbsent(
                        place, key -> new StringBuilder(named(field.getKey())));
                owners.putIfAbsent(field.getKey().toLowerCase(Locale.ROOT), place);
                describe(field.getValue(), place, query, new HashSet<>());
                collect(field.getValue(), place);
              });
      if (schema.path("items").isObject()) {
        collect(schema.path("items"), path);
      }
      for (String alternatives : ALTERNATIVES) {
        schema.path(alternatives).forEach(one -> collect(one, path));
      }
      String reference = schema.path("$ref").asText();
      if (reference.startsWith("#/") && followed.add(reference)) {
        collect(root.at(reference.substring(1)), path);
      }
    }

    /** What a property says of itself, of its items, and of what it refers to. */
    private void describe(
        JsonNode property, String place, StringBuilder query, Set<String> references) {
      query.append(' ').append(property.path("title").asText());
      query.append(' ').append(property.path("description").asText());
      for (JsonNode label : property.path("enum")) {
        if (label.isTextual()) {
          query.append(' ').append(named(label.asText()));
          owners.putIfAbsent(label.asText().toLowerCase(Locale.ROOT), place);
        }
      }
      if (property.path("items").isObject()) {
        describe(property.path("items"), place, query, references);
      }
      for (String alternatives : ALTERNATIVES) {
        property.path(alternatives).forEach(one -> describe(one, place, query, references));
      }
      String reference = property.path("$ref").asText();
      if (reference.startsWith("#/") && references.add(reference)) {
        describe(root.at(reference.substring(1)), place, query, references);
      }
    }
  }

  /** The words of a name; the 2 of line_2 counts lines, and stands everywhere. */
  private static String named(String name) {
    return COUNT.matcher(CAMEL.matcher(name).replaceAll(" ")).replaceAll(" ");
  }

  /** Whose a line is that begins with a property's name or label: "- spam: unwanted …". */
  private static String owner(String line, Map<String, String> owners) {
    int colon = line.indexOf(':');
    if (colon < 0 || line.length() > LINE_MAX) {
      return "";
    }
    String name = line.substring(0, colon).replaceAll("^[\\s\\p{Punct}•·]+|[\\s*`\"]+$", "");
    return owners.getOrDefault(name.toLowerCase(Locale.ROOT), "");
  }

  private static String searched(CharSequence words) {
    Matcher word = WORD.matcher(words);
    return word.results()
        .map(found -> found.group())
        .filter(found -> !OF_PROMPTS.contains(found.toLowerCase(Locale.ROOT)))
        .distinct()
        .collect(Collectors.joining(" "));
  }
}
