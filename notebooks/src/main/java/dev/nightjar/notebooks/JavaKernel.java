package dev.nightjar.notebooks;

import static java.util.stream.Collectors.joining;

import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import jdk.jshell.DeclarationSnippet;
import jdk.jshell.EvalException;
import jdk.jshell.JShell;
import jdk.jshell.JShellException;
import jdk.jshell.Snippet;
import jdk.jshell.SnippetEvent;
import jdk.jshell.SourceCodeAnalysis;
import jdk.jshell.SourceCodeAnalysis.CompletionInfo;
import jdk.jshell.SourceCodeAnalysis.Documentation;
import jdk.jshell.SourceCodeAnalysis.Suggestion;
import jdk.jshell.execution.DirectExecutionControl;
import jdk.jshell.spi.ExecutionControl;
import jdk.jshell.spi.ExecutionControlProvider;
import jdk.jshell.spi.ExecutionEnv;
import org.dflib.jjava.jupyter.channels.JupyterConnection;
import org.dflib.jjava.jupyter.kernel.BaseKernel;
import org.dflib.jjava.jupyter.kernel.BaseKernelBuilder;
import org.dflib.jjava.jupyter.kernel.JupyterIO;
import org.dflib.jjava.jupyter.kernel.KernelConnectionProperties;
import org.dflib.jjava.jupyter.kernel.LanguageInfo;
import org.dflib.jjava.jupyter.kernel.ReplacementOptions;
import org.dflib.jjava.jupyter.kernel.comm.CommManager;
import org.dflib.jjava.jupyter.kernel.display.DisplayData;
import org.dflib.jjava.jupyter.kernel.display.Renderer;
import org.dflib.jjava.jupyter.kernel.history.HistoryManager;
import org.dflib.jjava.jupyter.kernel.magic.MagicParser;
import org.dflib.jjava.jupyter.kernel.magic.MagicsRegistry;
import org.dflib.jjava.jupyter.kernel.util.StringStyler;

/**
 * A Java kernel: JJava speaks Jupyter's protocol, the JDK's own JShell runs the cells. They run in
 * this JVM, so that a cell's last value can be shown as the table or figure it is, and see this
 * JVM's class path.
 */
public final class JavaKernel extends BaseKernel {
  private final JShell shell;
  private final InThisThread control;
  private volatile Thread running;

  private JavaKernel(
      HistoryManager history,
      JupyterIO io,
      CommManager comms,
      Renderer renderer,
      MagicParser magicParser,
      MagicsRegistry magics,
      StringStyler errorStyler) {
    super(
        "nightjar",
        System.getProperty("java.version"),
        new LanguageInfo.Builder("java")
            .version(Runtime.version().toString())
            .mimetype("text/x-java")
            .fileExtension(".java")
            .pygments("java")
            .codemirror("text/x-java")
            .build(),
        List.of(),
        history,
        io,
        comms,
        renderer,
        magicParser,
        magics,
        false,
        errorStyler);
    control = new InThisThread();
    shell =
        JShell.builder()
            .executionEngine(control, Map.of())
            .compilerOptions("-classpath", System.getProperty("java.class.path"))
            .build();
  }

  /**
   * Serves one notebook until it is shut down.
   *
   * @param args the connection file that Jupyter wrote
   */
  public static void main(String[] args) throws Exception {
    if (args.length != 1) {
      throw new IllegalArgumentException("JavaKernel: give the connection file; Jupyter does");
    }
    JupyterConnection connection =
        new JupyterConnection(KernelConnectionProperties.parse(Files.readString(Path.of(args[0]))));
    JavaKernel kernel = new Builder().build();
    kernel.becomeHandlerForConnection(connection);
    kernel.onStartup();
    connection.connect();
    connection.waitUntilClose();
    // A cell may have left a thread or a connection behind; Jupyter waits for this process to end.
    System.exit(0);
  }

  /**
   * Runs a cell, snippet by snippet; its value is that of the last one, if that is an expression.
   */
  @Override
  public Object evalRaw(String cell) {
    running = Thread.currentThread();
    try {
      Object value = null;
      String rest = cell;
      while (!rest.isBlank()) {
        CompletionInfo next = shell.sourceCodeAnalysis().analyzeCompletion(rest);
        if (next.completeness() == SourceCodeAnalysis.Completeness.EMPTY) {
          break; // only a comment is left
        }
        if (!next.completeness().isComplete()) {
          throw new CellException("the cell ends before this does", rest.strip());
        }
        value = run(next.source());
        rest = next.remaining();
      }
      return value;
    } finally {
      running = null;
      // An interrupt that came too late must not hit the next cell.
      Thread.interrupted();
    }
  }

  private Object run(String source) {
    control.value = null;
    Object value = null;
    for (SnippetEvent event : shell.eval(source)) {
      if (event.causeSnippet() != null) {
        continue; // an older snippet that was compiled anew
      }
      if (event.exception() != null) {
        throw thrown(event.exception());
      }
      Snippet snippet = event.snippet();
      if (!event.status().isDefined() && event.status() != Snippet.Status.NONEXISTENT) {
        throw new CellException(diagnosed(snippet), snippet.source().strip());
      }
      if (snippet.subKind() == Snippet.SubKind.TEMP_VAR_EXPRESSION_SUBKIND
          || snippet.subKind() == Snippet.SubKind.VAR_VALUE_SUBKIND) {
        value = control.value;
      }
    }
    return value;
  }

  private String diagnosed(Snippet snippet) {
    String errors =
        shell.diagnostics(snippet).map(d -> d.getMessage(Locale.ROOT)).collect(joining("\n"));
    String unresolved =
        snippet instanceof DeclarationSnippet declaration
            ? shell
                .unresolvedDependencies(declaration)
                .map(d -> "cannot find " + d)
                .collect(joining("\n"))
            : "";
    return (errors + "\n" + unresolved).strip();
  }

  /**
   * What was thrown, from where down to the cell, and why; the frames of causes are the driver's.
   */
  private static CellException thrown(JShellException exception) {
    List<String> lines = new ArrayList<>();
    for (StackTraceElement frame : exception.getStackTrace()) {
      lines.add("    at " + frame);
    }
    for (Throwable cause = exception.getCause(); cause != null; cause = cause.getCause()) {
      lines.add("caused by " + named(cause));
    }
    return new CellException(named(exception), String.join("\n", lines));
  }

  private static String named(Throwable thrown) {
    String name =
        thrown instanceof EvalException evaluated
            ? evaluated.getExceptionClassName()
            : thrown.getClass().getName();
    return name + ": " + thrown.getMessage();
  }

  @Override
  public List<String> formatError(Throwable thrown) {
    return thrown instanceof CellException cell
        ? (cell.getMessage() + "\n" + cell.detail).lines().toList()
        : super.formatError(thrown);
  }

  @Override
  public void interrupt() {
    Thread thread = running;
    if (thread != null) {
      thread.interrupt();
    }
  }

  @Override
  public String isComplete(String code) {
    return switch (shell.sourceCodeAnalysis().analyzeCompletion(code).completeness()) {
      case COMPLETE, COMPLETE_WITH_SEMI, EMPTY -> IS_COMPLETE_YES;
      case UNKNOWN -> IS_COMPLETE_BAD;
      default -> IS_COMPLETE_MAYBE;
    };
  }

  @Override
  public ReplacementOptions complete(String code, int cursor) {
    int[] anchor = new int[1];
    List<String> continuations =
        shell.sourceCodeAnalysis().completionSuggestions(code, cursor, anchor).stream()
            .map(Suggestion::continuation)
            .distinct()
            .toList();
    return new ReplacementOptions(continuations, anchor[0], cursor);
  }

  @Override
  public DisplayData inspect(String code, int cursor, boolean inDetail) {
    String signatures =
        shell.sourceCodeAnalysis().documentation(code, cursor, inDetail).stream()
            .map(Documentation::signature)
            .collect(joining("\n"));
    return signatures.isEmpty() ? null : new DisplayData(signatures);
  }

  @Override
  public void onShutdown(boolean isRestarting) {
    super.onShutdown(isRestarting);
    shell.close();
  }

  /** A cell that did not compile or threw; the notebook shows both texts. */
  private static final class CellException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final String detail;

    CellException(String message, String detail) {
      super(message, null, false, false); // the kernel's own frames help nobody
      this.detail = detail;
    }
  }

  /**
   * Runs snippets in the thread that asks and keeps their value, of which JShell gives a text only.
   */
  private static final class InThisThread extends DirectExecutionControl
      implements ExecutionControlProvider {
    private Object value;

    @Override
    protected String invoke(Method snippet) throws Exception {
      value = snippet.invoke(null);
      return "";
    }

    @Override
    public String name() {
      return "nightjar";
    }

    @Override
    public ExecutionControl generate(ExecutionEnv environment, Map<String, String> parameters) {
      return this;
    }
  }

  /** JJava's parts, which it gives to builders only. */
  private static final class Builder extends BaseKernelBuilder<Builder, JavaKernel> {
    @Override
    public JavaKernel build() {
      return new JavaKernel(
          buildHistoryManager(),
          buildJupyterIO(buildJupyterIOEncoding()),
          buildCommManager(),
          buildRenderer(),
          new MagicParser("^\\s*%", "^%%", buildMagicTranspiler()),
          buildMagicsRegistry(),
          buildErrorStyler());
    }
  }
}
