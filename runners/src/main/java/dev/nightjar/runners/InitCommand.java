package dev.nightjar.runners;

import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.pipelines.model.Provider;
import dev.nightjar.pipelines.model.Suggestion;
import dev.nightjar.pipelines.task.TaskLoader;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The first task. */
@Command(
    name = "init",
    mixinStandardHelpOptions = true,
    header = "Looks at your data and writes a task for it, with comments, that runs as it is.",
    description = {
      "",
      "Asks what it is not told: on a terminal by questions, elsewhere by what the data suggests. Reads files,"
          + " sends nothing, and needs neither a key nor a database.",
      ""
    },
    footer = {
      "",
      "Example: nightjar init tickets.csv --kind classify --labels billing,shipping,other",
      "         nightjar init --example DIR    (150 support tickets and a task for them)"
    })
final class InitCommand implements Callable<Integer> {
  private static final List<String> EXAMPLE = List.of("tickets.csv", "tickets.yaml");

  @Spec private CommandSpec spec;

  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "DATA",
      description = "A file, a folder or a pattern.")
  @Nullable String data;

  @Option(
      names = "--example",
      paramLabel = "DIR",
      description = "Write a small corpus and a task for it into this directory instead.")
  @Nullable Path example;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description = "Where to write the task. Default: the data's name with .yaml, here.")
  @Nullable Path out;

  @Option(
      names = "--kind",
      paramLabel = "KIND",
      description = "${COMPLETION-CANDIDATES}: what to ask of each document.")
  TaskDraft.@Nullable Kind kind;

  @Option(
      names = "--labels",
      split = ",",
      paramLabel = "LABEL",
      description = "For classify: the labels, separated by commas.")
  List<String> labels = List.of();

  @Option(
      names = "--fields",
      split = ",",
      paramLabel = "FIELD",
      description = "For extract: what to extract, separated by commas.")
  List<String> fields = List.of();

  @Option(
      names = "--text-field",
      paramLabel = "COLUMN",
      description = "The column with the text. Default: the one with the longest values.")
  @Nullable String textField;

  @Option(
      names = "--id-field",
      paramLabel = "COLUMN",
      description = "The column with the id. Default: one whose values are all different.")
  @Nullable String idField;

  @Option(
      names = "--about",
      paramLabel = "WORD",
      defaultValue = "document",
      description = "What a document is, as ticket. Default: ${DEFAULT-VALUE}.")
  String about = "document";

  @Option(
      names = "--provider",
      paramLabel = "NAME",
      description =
          "openai, anthropic or gemini. Default: one whose key is in the environment, else openai.")
  @Nullable Provider provider;

  @Override
  public Integer call() throws IOException {
    PrintWriter said = spec.commandLine().getOut();
    if ((data == null) == (example == null)) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          "init",
          "expected DATA, or --example DIR",
          "give the file or folder that is to be asked about");
    }
    try {
      if (example != null) {
        writeExample(example, said);
      } else {
        write(Objects.requireNonNull(data), said);
      }
    } catch (FileAlreadyExistsException e) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          String.valueOf(e.getFile()),
          "it is there already, and is not overwritten",
          "give another name by --out, or move it away");
    } catch (IOException e) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          "--out",
          "cannot be written (" + e + ")",
          "give a file in a directory that is there, with room for it",
          e);
    }
    return 0;
  }

  private static void writeExample(Path directory, PrintWriter said) throws IOException {
    Files.createDirectories(directory);
    for (String name : EXAMPLE) {
      try (InputStream content =
          Objects.requireNonNull(InitCommand.class.getResourceAsStream("example/" + name))) {
        Files.copy(content, directory.resolve(name));
      }
    }
    said.println("wrote 150 support tickets and a task that sorts them to " + directory);
    next(
        said,
        directory.resolve("tickets.yaml").normalize().toString(),
        directory.resolve("tickets.csv").normalize().toString());
  }

  private void write(String from, PrintWriter said) throws IOException {
    DataProfile profile = DataProfile.of(from);
    profile.described().forEach(said::println);
    for (DataProfile.Column column : profile.columns()) {
      said.printf(
          Locale.ROOT,
          "  %-24s %,8d filled, %,8.0f characters on average%s%n",
          column.name(),
          column.filled(),
          column.characters(),
          column.isUnique() ? ", all different" : "");
    }
    said.flush();
    Questions questions = questions(said);
    String text = textField;
    if (profile.isTabular()) {
      text =
          column(
              profile,
              "--text-field",
              text == null
                  ? questions.ask("Which column holds the text?", profile.textField())
                  : text);
    }
    String id =
        profile.isTabular() && idField != null
            ? column(profile, "--id-field", idField)
            : profile.idField();
    TaskDraft.Kind asked = kind == null ? kind(questions) : kind;
    List<String> names =
        switch (asked) {
          case CLASSIFY -> labels.isEmpty() ? list(questions, "Which labels?") : trimmed(labels);
          case EXTRACT ->
              fields.isEmpty() ? list(questions, "What is to be extracted?") : trimmed(fields);
          case SUMMARIZE -> List.<String>of();
        };
    Provider chosen =
        provider == null
            ? Provider.ofLabel(
                known(questions.ask("Whose models? (" + TaskDraft.providers() + ")", likely())))
            : provider;
    Path file = out == null ? Path.of(name(from) + ".yaml") : out;
    String shownText = text == null ? profile.textField() : text;
    TaskDraft draft =
        new TaskDraft(
            name(file.toString()),
            asked,
            about,
            names,
            shownText,
            id,
            profile.columns().stream()
                .filter(column -> column.filled() == profile.filledMost()) // others lack it
                .map(DataProfile.Column::name)
                .filter(name -> name.matches("(?i)subject|title|headline"))
                .filter(name -> !name.equals(shownText) && !name.equals(id))
                .toList(),
            profile.isTabular(),
            chosen);
    Files.writeString(file, draft.yaml(), StandardOpenOption.CREATE_NEW);
    try {
      TaskLoader.load(file); // what it wrote, a night must take
    } catch (RuntimeException e) {
      Files.delete(file);
      throw e;
    }
    said.println("wrote " + file + ": read it, and say in it what each answer is to be");
    next(said, file.toString(), profile.pattern());
  }

  private static void next(PrintWriter said, String task, String corpus) {
    String arguments = quoted(task) + " --corpus " + quoted(corpus);
    said.println("next, for free:   nightjar try " + arguments + " -n 3 --rehearse");
    said.println("                  nightjar run " + arguments + " --rehearse");
    said.println("then, with a key: nightjar try " + arguments + " -n 5");
    said.println("                  nightjar run " + arguments + " --budget 5USD");
  }

  private static String quoted(String text) {
    return text.matches("[A-Za-z0-9_./:@%+=-]+") ? text : "'" + text.replace("'", "'\\''") + "'";
  }

  private Questions questions(PrintWriter said) {
    return System.console() == null
        ? Questions.unasked()
        : Questions.on(
            new BufferedReader(new InputStreamReader(System.in, Charset.defaultCharset())), said);
  }

  private static String column(DataProfile profile, String option, String name) {
    return profile
        .column(name)
        .orElseThrow(
            () ->
                new NightjarException(
                    ErrorCode.OPTION_INVALID,
                    option,
                    "there is no column '"
                        + name
                        + "'"
                        + Suggestion.among(
                            name,
                            profile.columns().stream().map(DataProfile.Column::name).toList()),
                    "give one of "
                        + String.join(
                            ", ",
                            profile.columns().stream().map(DataProfile.Column::name).toList())));
  }

  private static TaskDraft.Kind kind(Questions questions) {
    String answer =
        questions.ask(
            "What is to be asked of each document? (classify, extract, summarize)", "summarize");
    return Arrays.stream(TaskDraft.Kind.values())
        .filter(
            each ->
                !answer.isBlank()
                    && each.name().startsWith(answer.strip().toUpperCase(Locale.ROOT)))
        .findFirst()
        .orElseThrow(
            () ->
                new NightjarException(
                    ErrorCode.OPTION_INVALID,
                    "--kind",
                    "'" + answer + "' is no kind",
                    "give classify, extract or summarize"));
  }

  private static String known(String providerName) {
    String label = providerName.strip().toLowerCase(Locale.ROOT);
    if (Arrays.stream(Provider.values()).noneMatch(each -> each.label().equals(label))) {
      throw new NightjarException(
          ErrorCode.OPTION_INVALID,
          "--provider",
          "'" + providerName + "' is no provider",
          "give one of " + TaskDraft.providers());
    }
    return label;
  }

  private static String likely() {
    for (Provider each : List.of(Provider.OPENAI, Provider.ANTHROPIC, Provider.GEMINI)) {
      if (!System.getenv().getOrDefault(each.keyVariable(), "").isBlank()) {
        return each.label();
      }
    }
    return Provider.OPENAI.label();
  }

  private static List<String> list(Questions questions, String question) {
    return trimmed(List.of(questions.ask(question + " (separated by commas)", "").split(",")));
  }

  private static List<String> trimmed(List<String> texts) {
    return texts.stream().map(String::strip).filter(text -> !text.isEmpty()).distinct().toList();
  }

  /** A name that a task may have, from a file's. */
  private static String name(String from) {
    Path file = Path.of(from).getFileName();
    String base =
        (file == null ? "task" : file.toString())
            .toLowerCase(Locale.ROOT)
            .replaceFirst("\\..*$", "");
    String name = base.replaceAll("[^a-z0-9]+", "-").replaceAll("^-+|-+$", "");
    return name.isEmpty() ? "task" : name.substring(0, Math.min(name.length(), 40));
  }
}
