package dev.nightjar.pipelines.task;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nightjar.cachestore.VersionStore;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What is different between two versions of a task, and which answers of the former one that
 * touches. An answer is touched unless it is certain that the same requests would have led to it:
 * where nothing is said here of a key, its change touches all. Immutable and thread-safe.
 *
 * @param changes one a place of the file, by its name; nothing that is no part of the fingerprint
 * @param formerTiers the former version's tiers
 */
public record TaskChanges(List<Change> changes, List<String> formerTiers) implements Serializable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int SHOWN_CHARACTERS = 60;
  private static final int SHOWN_BEFORE = 15;

  /** What holds more answers where it is gone. Bounds of numbers, and how many, are no limits. */
  private static final Set<String> CONDITIONS = Set.of("pattern", "format");

  /** Below these a limit that is wider may let less through, or is no limit. */
  private static final Pattern TURNED =
      Pattern.compile("\\.(not|if|oneOf|contains|enum|const|default|examples)\\b");

  public TaskChanges {
    changes = List.copyOf(changes);
    formerTiers = List.copyOf(formerTiers);
  }

  /** Which answers a change touches. */
  public enum Touches {
    NOTHING("no answer is touched: documents are compared by what they hold"),
    CUT("touches answers that were cut there"),
    REJECTED("touches answers after one that broke the schema, or at the limit"),
    REFUSED("touches answers after a refusal"),
    FAILED("touches only what failed"),
    LONG("touches documents over the limit"),
    ALL("touches all answers");

    private final String words;

    Touches(String words) {
      this.words = words;
    }
  }

  /**
   * A change.
   *
   * @param path where in the file
   * @param before what was there, shortened; 'none' if nothing was
   * @param after the same of now
   * @param tiers the former tiers, if answers that were cut there are touched
   * @param atLengths the limit that was, if answers that are so long are touched
   */
  public record Change(
      String path,
      String before,
      String after,
      Touches touches,
      List<String> tiers,
      List<Integer> atLengths)
      implements Serializable {
    public Change {
      tiers = List.copyOf(tiers);
      atLengths = List.copyOf(atLengths);
    }

    /** In a line. */
    public String inWords() {
      return path + " " + before + " → " + after + ": " + touches.words;
    }
  }

  /** What is different between two versions. */
  public static TaskChanges between(TaskSpec former, TaskSpec now) {
    List<Change> changes = new ArrayList<>();
    compare("", answering(former), answering(now), new Finding(former, now, changes));
    return new TaskChanges(changes, former.tiers().stream().map(TierSpec::name).toList());
  }

  /** Which answers are touched, as far as the requests say that led to them. */
  public VersionStore.Touched touched() {
    List<String> notCut = new ArrayList<>(formerTiers); // of a tier that is unknown all count
    changes.stream()
        .filter(change -> change.touches() == Touches.CUT)
        .forEach(change -> notCut.removeAll(change.tiers()));
    return new VersionStore.Touched(
        any(Touches.ALL),
        any(Touches.CUT),
        notCut,
        any(Touches.REJECTED),
        any(Touches.REFUSED),
        changes.stream().flatMap(change -> change.atLengths().stream()).distinct().toList());
  }

  /** Whether documents are touched that were, or are, shortened. */
  public boolean touchesLong() {
    return any(Touches.LONG);
  }

  /** Of two versions: over how many tokens a document was, or is, shortened. */
  static int documentTokensOver(@Nullable RetrievalSpec former, @Nullable RetrievalSpec now) {
    return Math.min(
        former == null ? Integer.MAX_VALUE : former.documentTokensMax(),
        now == null ? Integer.MAX_VALUE : now.documentTokensMax());
  }

  /** Whether the schema is another: what is kept has to meet it. */
  public boolean isOfSchema() {
    return changes.stream().anyMatch(change -> change.path().startsWith("output_schema"));
  }

  private boolean any(Touches touches) {
    return changes.stream().anyMatch(change -> change.touches() == touches);
  }

  private static JsonNode answering(TaskSpec task) {
    try {
      ObjectNode definition = (ObjectNode) JSON.readTree(task.definitionJson());
      TaskLoader.removeWithoutEffect(definition);
      return definition;
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a task's definition is JSON", e);
    }
  }

  private record Finding(TaskSpec former, TaskSpec now, List<Change> changes) {}

  private static void compare(String path, JsonNode before, JsonNode after, Finding finding) {
    if (before.equals(after)) {
      return;
    }
    boolean isInput = path.equals("input");
    if ((before.isObject() && after.isObject())
        || (isInput && (before.isObject() || after.isObject()))) {
      Set<String> names = new TreeSet<>();
      before.fieldNames().forEachRemaining(names::add);
      after.fieldNames().forEachRemaining(names::add);
      for (String name : names) {
        String place = path.isEmpty() ? name : path + "." + name;
        compare(place, before.path(name), after.path(name), finding);
      }
    } else if (before.isArray() && after.isArray()) {
      for (int i = 0; i < Math.max(before.size(), after.size()); i++) {
        compare(path + "[" + i + "]", before.path(i), after.path(i), finding);
      }
    } else {
      finding.changes().add(change(path, before, after, finding));
    }
  }

  private static Change change(String path, JsonNode before, JsonNode after, Finding finding) {
    Touches touches = touches(path, before, after, finding);
    int common = common(before, after);
    return new Change(
        path,
        shown(before, common),
        shown(after, common),
        touches,
        touches == Touches.CUT ? cutAt(path, before, after, finding.former()) : List.of(),
        touches == Touches.REJECTED && before.isInt() ? List.of(before.asInt()) : List.of());
  }

  /** That tier, and those before it whose cut answers passed it by for its limit and now do not. */
  private static List<String> cutAt(String path, JsonNode before, JsonNode after, TaskSpec former) {
    int raised = Integer.parseInt(path.replaceAll("\\D+", ""));
    List<String> tiers = new ArrayList<>();
    for (int i = 0; i <= raised; i++) {
      TierSpec tier = former.tiers().get(i);
      boolean isPassed =
          before.asInt() <= tier.outputTokensMax() && tier.outputTokensMax() < after.asInt();
      if (i == raised || isPassed) {
        tiers.add(tier.name());
      }
    }
    return tiers;
  }

  private static Touches touches(String path, JsonNode before, JsonNode after, Finding finding) {
    if (Set.of("input.id_field", "input.text_field").contains(path)
        || path.matches("tiers\\[\\d+\\]\\.name")) {
      return Touches.NOTHING;
    }
    if (path.matches("tiers\\[\\d+\\]\\.output_tokens_max")) {
      return after.asInt() > before.asInt() ? Touches.CUT : Touches.ALL;
    }
    if (path.matches("tiers\\[\\d+\\]") && before.isMissingNode()) {
      return Touches.FAILED; // those before it are compared on their own
    }
    if (path.equals("on_refusal")) {
      return finding.now().escalatesRefusals() ? Touches.FAILED : Touches.REFUSED;
    }
    if (path.equals("retrieval") || path.startsWith("retrieval.")) {
      return Touches.LONG;
    }
    if (path.startsWith("output_schema.") && !TURNED.matcher(path).find()) {
      return isWider(path.substring(path.lastIndexOf('.') + 1), before, after)
          ? Touches.REJECTED
          : Touches.ALL;
    }
    return Touches.ALL;
  }

  /**
   * What only says which of the model's texts pass. A choice that is new (a value, a property) is
   * not meant, nor how large or how many: of 1 to 10 a model chooses otherwise than of 1 to 100.
   */
  private static boolean isWider(String keyword, JsonNode before, JsonNode after) {
    boolean isGone = before.isValueNode() && after.isMissingNode();
    int more = before.isInt() && after.isInt() ? Integer.compare(after.asInt(), before.asInt()) : 0;
    return switch (keyword) {
      case "maxLength" -> isGone || more > 0;
      case "minLength" -> isGone || more < 0;
      default -> CONDITIONS.contains(keyword) && isGone;
    };
  }

  /** Up to where two texts are the same. */
  private static int common(JsonNode before, JsonNode after) {
    String one = text(before);
    String other = text(after);
    int i = 0;
    while (i < Math.min(one.length(), other.length()) && one.charAt(i) == other.charAt(i)) {
      i++;
    }
    return i;
  }

  private static String text(JsonNode node) {
    String text = node instanceof MissingNode ? "none" : node.toString();
    return text.replaceAll("\\\\[ntr]", " ");
  }

  /** From a little before the first difference on. */
  private static String shown(JsonNode node, int common) {
    String text = text(node);
    if (text.length() <= SHOWN_CHARACTERS) {
      return text;
    }
    int from = Math.max(0, Math.min(common - SHOWN_BEFORE, text.length() - SHOWN_BEFORE));
    int to = Math.min(text.length(), from + SHOWN_CHARACTERS);
    return (from > 0 ? "…" : "") + text.substring(from, to) + (to < text.length() ? "…" : "");
  }
}
