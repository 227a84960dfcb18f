package dev.nightjar.runners;

import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.pipelines.model.Suggestion;
import dev.nightjar.pipelines.task.TaskInvalidException;
import java.nio.file.FileSystemException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The command {@code nightjar}. */
@Command(
    name = "nightjar",
    mixinStandardHelpOptions = true,
    version = "nightjar 0.1.0",
    header = "Runs language models over whole corpora and pays as little as can be paid.",
    description = {
      "",
      "A task file says what to ask of each document. 'nightjar run' reads a corpus, answers what"
          + " its cache knows, sends the rest to the providers' batch APIs on the cheapest tier"
          + " that will do, and writes answers and costs to PostgreSQL.",
      "",
      "Start with 'nightjar init DATA' and 'nightjar run TASK --corpus DATA --rehearse', or with"
          + " 'nightjar demo': they need no API key and spend nothing.",
      ""
    },
    footer = {
      "",
      "Environment: OPENAI_API_KEY, ANTHROPIC_API_KEY, GEMINI_API_KEY, SELF_HOSTED_API_KEY"
          + " (providers), OPENAI_BASE_URL and so on (other addresses), SELF_HOSTED_BATCH_DIR"
          + " (files for 'vllm run-batch'), PGPASSWORD or PGPASSFILE (with --database),"
          + " NIGHTJAR_HOME (default ~/.nightjar).",
      "Exit codes: 0 done, 1 failed (or more than --failed-max without an answer), 2 wrong"
          + " arguments or task file, 3 stopped before the end (run the same command again). All of"
          + " them: docs/operations.md."
    })
public final class Main implements Runnable {
  static final int EXIT_FAILED = 1;
  static final int EXIT_USAGE = 2;
  static final int EXIT_STOPPED = 3;

  /** In the order in which the help shows them. */
  private static final Map<String, Class<?>> COMMANDS = new LinkedHashMap<>();

  static {
    COMMANDS.put("setup", SetupCommand.class);
    COMMANDS.put("demo", DemoCommand.class);
    COMMANDS.put("init", InitCommand.class);
    COMMANDS.put("try", TryCommand.class);
    COMMANDS.put("lint", LintCommand.class);
    COMMANDS.put("plan", PlanCommand.class);
    COMMANDS.put("run", RunCommand.class);
    COMMANDS.put("submit", SubmitCommand.class);
    COMMANDS.put("collect", CollectCommand.class);
    COMMANDS.put("status", StatusCommand.class);
    COMMANDS.put("results", ResultsCommand.class);
    COMMANDS.put("diff", DiffCommand.class);
    COMMANDS.put("audit", AuditCommand.class);
    COMMANDS.put("submissions", SubmissionsCommand.class);
    COMMANDS.put("items", ItemsCommand.class);
    COMMANDS.put("budget", BudgetCommand.class);
    COMMANDS.put("spend", SpendCommand.class);
    COMMANDS.put("prices", PricesCommand.class);
    COMMANDS.put("provider", ProviderCommand.class);
    COMMANDS.put("report", ReportCommand.class);
    COMMANDS.put("export", ExportCommand.class);
    COMMANDS.put("cache", CacheCommand.class);
    COMMANDS.put("forget", ForgetCommand.class);
    COMMANDS.put("doctor", DoctorCommand.class);
    COMMANDS.put("db", DatabaseCommand.class);
    COMMANDS.put("completion", CompletionCommand.class);
    COMMANDS.put("emulator", EmulatorCommand.class);
    COMMANDS.put("bench", BenchCommand.class);
    COMMANDS.put("help", CommandLine.HelpCommand.class);
  }

  @Spec private CommandSpec spec;

  private Main() {}

  public static void main(String[] arguments) {
    RedactedStream.install();
    System.exit(run(arguments));
  }

  /** Runs one command and returns its exit code. */
  public static int run(String... arguments) {
    boolean isKnown = arguments.length > 0 && COMMANDS.containsKey(arguments[0]);
    // To read the annotations of all commands takes longer than most commands do.
    return commandLine(isKnown ? Set.of(arguments[0]) : COMMANDS.keySet()).execute(arguments);
  }

  /** All commands, with what becomes of their failures. */
  static CommandLine commandLine() {
    return commandLine(COMMANDS.keySet());
  }

  private static CommandLine commandLine(Set<String> names) {
    Set<String> wanted = names.contains("help") ? COMMANDS.keySet() : names;
    CommandLine commandLine = new CommandLine(new Main());
    wanted.forEach(name -> commandLine.addSubcommand(name, COMMANDS.get(name)));
    commandLine.setCaseInsensitiveEnumValuesAllowed(true);
    commandLine.setExecutionExceptionHandler(
        (exception, command, result) -> report(exception, command));
    commandLine.setParameterExceptionHandler(
        (exception, given) -> {
          CommandLine command = exception.getCommandLine();
          command
              .getErr()
              .println(
                  "OPTION_INVALID: "
                      + problem(exception)
                      + "; see '"
                      + command.getCommandSpec().qualifiedName()
                      + " --help'");
          return EXIT_USAGE;
        });
    return commandLine;
  }

  /** A file or directory that cannot be used is the user's to see to, wherever it is met. */
  private static Optional<NightjarException> ofFile(Throwable thrown) {
    int depthMax = 32;
    for (Throwable t = thrown; t != null && depthMax-- > 0; t = t.getCause()) {
      if (t instanceof FileSystemException failure) {
        String file = String.valueOf(failure.getFile());
        boolean isOfHome = file.startsWith(StoreOptions.home().toString());
        return Optional.of(
            new NightjarException(
                isOfHome ? ErrorCode.HOME_UNUSABLE : ErrorCode.INPUT_UNREADABLE,
                file,
                "it cannot be read or written ("
                    + failure.getClass().getSimpleName()
                    + (failure.getReason() == null ? "" : ": " + failure.getReason())
                    + ")",
                isOfHome
                    ? "see to its owner and permissions, or set NIGHTJAR_HOME to a directory of"
                        + " your own"
                    : "see to its owner and permissions, or give another",
                thrown));
      }
    }
    return Optional.empty();
  }

  /** A name that does not exist is told before what is missing for want of it. */
  private static String problem(CommandLine.ParameterException exception) {
    CommandLine command = exception.getCommandLine();
    List<String> unmatched =
        exception instanceof CommandLine.UnmatchedArgumentException known
            ? known.getUnmatched()
            : command.getUnmatchedArguments();
    Optional<String> option =
        unmatched.stream().filter(word -> word.matches("--?[A-Za-z].*")).findFirst();
    if (option.isPresent()) {
      String name = option.get().replaceFirst("=.*", "");
      return "unknown option '"
          + name
          + "'"
          + Suggestion.among(name, command.getCommandSpec().optionsMap().keySet());
    }
    if (!unmatched.isEmpty() && !command.getSubcommands().isEmpty()) {
      return "unknown command '"
          + unmatched.get(0)
          + "'"
          + Suggestion.among(unmatched.get(0), command.getSubcommands().keySet());
    }
    return String.valueOf(exception.getMessage()).replaceAll("\\s*\\R\\s*", " ");
  }

  /** One line for a failure a user can act on; a stack trace only for our own defects. */
  private static int report(Exception exception, CommandLine command) {
    if (exception instanceof TaskInvalidException invalid) {
      invalid.problems().forEach(problem -> command.getErr().println(problem));
      return EXIT_USAGE;
    }
    NightjarException known = NightjarException.in(exception);
    if (known != null) {
      command.getErr().println(known.getMessage());
      return switch (known.code()) {
        case OPTION_INVALID, TASK_INVALID, CORPUS_EMPTY, RUN_MISMATCH -> EXIT_USAGE;
        default -> EXIT_FAILED;
      };
    }
    Optional<NightjarException> file = ofFile(exception);
    if (file.isPresent()) {
      command.getErr().println(file.get().getMessage());
      return EXIT_FAILED;
    }
    command
        .getErr()
        .println("INTERNAL: " + exception + "; please report this with the trace below");
    exception.printStackTrace(command.getErr());
    return EXIT_FAILED;
  }

  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getOut());
  }
}
