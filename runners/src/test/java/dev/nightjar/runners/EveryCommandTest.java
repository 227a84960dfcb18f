package dev.nightjar.runners;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.nightjar.cachestore.local.LocalPostgres;
import dev.nightjar.emulator.Emulator;
import dev.nightjar.pipelines.model.Provider;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Every command that meets the private database, through the launcher, as people and machines call
 * it: from a bare environment, as root and as a user, through sudo, and from Debian's cron. The
 * database is the same one afterwards, with the same results and the same bill.
 */
class EveryCommandTest {
  private static final int SECONDS_MAX = 1_200;

  private static final String QUICK = " --engine direct --poll-seconds 0.2";

  /** What cron gives its jobs; runuser is in none of its directories. */
  private static final String CRONS_PATH = "PATH=/usr/bin:/bin";

  /** The server, 20 documents answered, the bill, the rows, and the two that are not in ASCII. */
  private static final String IDENTITY = "\\d+\\|20\\|[0-9.]+\\|[0-9a-f]{32}\\|2\\R";

  private final String user = "nightjar-" + ProcessHandle.current().pid();

  private Path directory;
  private Path checkout;
  private Emulator emulator;

  @BeforeEach
  void installForTwoUsers() throws Exception {
    assumeTrue("root".equals(System.getProperty("user.name")), "needs root, to be several users");
    for (String program : List.of("/usr/sbin/cron", "/usr/bin/sudo", "/usr/sbin/useradd")) {
      assumeTrue(Files.isExecutable(Path.of(program)), program + " is not on this machine");
    }
    assumeTrue(LocalPostgres.binariesWithVector().isPresent(), "no PostgreSQL with pgvector here");
    directory = open(Files.createTempDirectory("nightjar-every"));
    checkout = Checkout.in(directory);
    shell("useradd --create-home --home-dir " + directory.resolve("home") + " " + user);
    // As root's own: the database lies where its server's user gets in.
    Files.setPosixFilePermissions(
        Files.createDirectory(directory.resolve("root")),
        PosixFilePermissions.fromString("rwx------"));
    emulator = Emulator.in(directory.resolve("emulator")).speed(40).start();
    Files.writeString(directory.resolve("task.yaml"), TestNights.TASK);
    TestNights.write(directory, "corpus.jsonl", TestNights.documents(0, 18));
    // Names and letters that a JVM without a locale reads otherwise.
    Files.write(
        directory.resolve("western.csv"),
        "id;title;text\r\nGröße;„Maß“;An offer of 5 € – café\r\n"
            .getBytes(Charset.forName("windows-1252")));
    Files.write(
        directory.resolve("wide.csv"),
        "id\ttitle\ttext\nключ\tотчёт\tзавтра в 10:00\n".getBytes(StandardCharsets.UTF_16));
    // By the shell: the tests' own JVM may be one without a locale.
    shell(
        "cd "
            + directory
            + "; mv western.csv \"$(printf 'corpus-gr\\303\\266\\303\\237e.csv')\""
            + "; mv wide.csv \"$(printf 'corpus-\\346\\227\\245.csv')\"");
  }

  @AfterEach
  void remove() throws Exception {
    if (directory == null) {
      return;
    }
    if (emulator != null) {
      emulator.close();
    }
    for (Path home : List.of(directory.resolve("root/.nightjar"), home())) {
      if (Files.exists(home)) {
        shell(
            as(home)
                + "env NIGHTJAR_HOME="
                + home
                + " "
                + checkout.resolve("runners/bin/nightjar")
                + " db destroy --confirm "
                + home);
      }
    }
    shell("userdel " + user);
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  private Path home() {
    return directory.resolve("home/.nightjar");
  }

  private String as(Path home) {
    return home.equals(home()) ? "/usr/sbin/runuser -u " + user + " -- " : "";
  }

  private static Path open(Path path) throws IOException {
    return Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  /**
   * Every command, as cron runs them; elsewhere those that begin, go on and end with a database.
   */
  private List<String> every(Path out) {
    return List.of(
        "setup",
        "db start",
        "init " + directory + "/corpus.jsonl --out " + out + "/task.yaml",
        "try " + night() + " -n 1 --rehearse",
        "plan " + night(),
        "submit " + night() + QUICK,
        "run " + night() + QUICK,
        "lint " + directory + "/task.yaml",
        "status",
        "completion",
        "results --limit 5",
        "diff nothing nothing --help",
        "audit show",
        "submissions",
        "cache stats",
        "collect " + night() + " --engine direct",
        "submissions list --all",
        "cache export " + out + "/answers.jsonl",
        "cache import " + out + "/answers.jsonl",
        "cache forget --task nothing --dry-run",
        "forget --task nothing",
        "prices list",
        "budget set 25USD --per day",
        "budget remove --per day",
        "report --out " + out + "/report.html",
        "export results --out " + out + "/results.jsonl",
        "db url",
        "db backup " + out + "/nightjar.dump",
        "db password",
        "doctor",
        "db stop",
        "submissions");
  }

  private List<String> some() {
    return List.of("run " + night() + QUICK, "submissions", "doctor", "db stop", "db url");
  }

  private String night() {
    return directory + "/task.yaml --corpus '" + directory + "/corpus*'";
  }

  /** A script that runs commands and notes how each ended. */
  private Path script(String name, List<String> commands) throws IOException {
    List<String> lines = new ArrayList<>(List.of("cd /"));
    for (Provider provider : List.of(Provider.OPENAI, Provider.ANTHROPIC)) {
      lines.add("export " + provider.baseUrlVariable() + "=" + emulator.uri());
    }
    // A short life is over before C2's code pays.
    lines.add("export JAVA_TOOL_OPTIONS='-XX:TieredStopAtLevel=1'");
    for (String command : commands) {
      lines.add(
          checkout.resolve("runners/bin/nightjar")
              + " "
              + command
              + "; echo \"EXIT $? "
              + command
              + "\"");
    }
    return Files.write(directory.resolve(name + ".sh"), lines);
  }

  /** A directory that both users may write to. */
  private Path out(String name) throws IOException {
    return Files.setPosixFilePermissions(
        Files.createDirectory(directory.resolve(name)),
        PosixFilePermissions.fromString("rwxrwxrwx"));
  }

  private static String shell(String command) throws Exception {
    ProcessBuilder builder = new ProcessBuilder("/bin/sh", "-c", command).redirectErrorStream(true);
    // A home that was exported to whoever runs the tests is none that they may touch.
    builder.environment().keySet().removeIf(name -> name.startsWith("NIGHTJAR_"));
    Process process = builder.start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes());
    assertThat(process.waitFor(SECONDS_MAX, TimeUnit.SECONDS)).isTrue();
    return output;
  }

  /** What tells one database from another, and what is in it. */
  private String identity(Path home) throws Exception {
    String environment = "env NIGHTJAR_HOME=" + home + " ";
    String url =
        shell(as(home) + environment + checkout.resolve("runners/bin/nightjar") + " db url")
            .strip();
    return shell(
        "env PGPASSFILE="
            + home
            + "/pgpass "
            + LocalPostgres.binariesWithVector().orElseThrow().resolve("psql")
            + " -At '"
            + url
            + "' -c \"select system_identifier, (select count(distinct document_id) from"
            + " nightjar.results), (select sum(total_usd) from nightjar.ledger), (select"
            + " md5(string_agg(distinct concat_ws(' ', document_id, source_uri, item_key), ','))"
            + " from nightjar.items), (select count(distinct document_id) from nightjar.items where"
            + " document_id in (U&'Gr\\00F6\\00DFe', U&'\\043A\\043B\\044E\\0447')) from"
            + " pg_control_system()\"");
  }

  private static BigDecimal ledger(String identity) {
    return new BigDecimal(identity.strip().split("\\|")[2]);
  }

  /** Ids, names of files and items' keys, which hash all that is read of a document. */
  private static String rows(String identity) {
    return identity.strip().split("\\|")[3];
  }

  private static void assertAllEndedWell(List<String> commands, String output) {
    assertThat(endings(output))
        .as(output)
        .hasSameSizeAs(commands)
        // A batch that was just submitted is open, unless a run before it has asked everything.
        .allMatch(line -> line.startsWith("EXIT 0 ") || line.startsWith("EXIT 3 submit "));
  }

  private static List<String> endings(String output) {
    return output.lines().filter(line -> line.startsWith("EXIT ")).toList();
  }

  @Test
  void theDatabaseIsTheSameHoweverACommandIsCalled() throws Exception {
    Path root = directory.resolve("root/.nightjar");
    String bare = "/usr/bin/env -i " + CRONS_PATH + " ";

    Path script = script("some", some());
    String asRoot = bare + "HOME=" + directory.resolve("root") + " /bin/sh " + script;
    String asUser = // without even a HOME
        "/usr/sbin/runuser -u " + user + " -- " + bare + "/bin/sh " + script;
    Path log = directory.resolve("user.log");
    assertAllEndedWell(some(), shell(asUser + " >" + log + " 2>&1 & " + asRoot + "; wait"));
    assertAllEndedWell(some(), Files.readString(log));
    String ofRoot = identity(root);
    assertThat(ofRoot).matches(IDENTITY);
    assertThat(root.resolve("postgres")).as("where its server's user cannot go").doesNotExist();
    String ofUser = identity(home());
    assertThat(ofUser).matches(IDENTITY).isNotEqualTo(ofRoot);
    assertThat(rows(ofUser)).isEqualTo(rows(ofRoot));

    assertAllEndedWell(some(), shell("sudo -u " + user + " -H /bin/sh " + script));
    assertThat(identity(home())).isEqualTo(ofUser);

    // Root's environment is that user's: whatever root wrote there, that user could not read.
    String refused =
        shell(
            "export HOME="
                + directory.resolve("home")
                + "; sudo -E /bin/sh "
                + script
                + "; sudo HOME=$HOME /bin/sh "
                + script);
    assertThat(endings(refused))
        .as(refused)
        .hasSize(2 * some().size())
        .allMatch(line -> line.startsWith("EXIT 1 "));
    assertThat(refused.lines().filter(line -> line.startsWith("HOME_UNUSABLE: ")).toList())
        .hasSize(2 * some().size())
        .allMatch(line -> line.contains("sudo -u " + user));
    assertThat(shell("find " + home() + " -user root")).isEmpty();
    assertThat(identity(home())).isEqualTo(ofUser);

    byCron(root);
    assertThat(identity(root)).isEqualTo(ofRoot);
    assertThat(identity(home())).isEqualTo(ofUser);

    String nightjar = "env NIGHTJAR_HOME=" + root + " " + checkout.resolve("runners/bin/nightjar");
    assertThat(shell(nightjar + " db restore " + directory.resolve("cron-root/nightjar.dump")))
        .contains("the former database is kept as nightjar_until_");
    assertThat(identity(root)).isEqualTo(ofRoot);
    assertThat(shell(nightjar + " db destroy"))
        .contains("OPTION_INVALID: db destroy: nothing was deleted");
    assertThat(identity(root)).isEqualTo(ofRoot);
    assertThat(ledger(ofRoot).add(ledger(ofUser)))
        .as("two users, two bills")
        .isEqualByComparingTo(emulator.invoice().total());
  }

  /** Root's job and the user's in one minute, side by side. */
  private void byCron(Path root) throws Exception {
    Path table = Path.of("/etc/cron.d", user);
    Process cron = null;
    try {
      Files.writeString(
          table,
          String.join(
              "\n",
              "SHELL=/bin/sh",
              CRONS_PATH,
              job("root", root.getParent()),
              job(user, directory.resolve("home")),
              ""));
      if (ProcessHandle.allProcesses()
          .noneMatch(process -> process.info().command().orElse("").endsWith("/cron"))) {
        cron = new ProcessBuilder("/usr/sbin/cron", "-f").start();
      }
      for (String name : List.of("root", user)) {
        assertThat(
                shell("timeout " + SECONDS_MAX + " cat " + directory + "/cron-" + name + "/ended"))
            .isEqualTo("ended\n");
      }
    } finally {
      Files.deleteIfExists(table);
      if (cron != null) {
        cron.destroy();
      }
    }
    for (String name : List.of("root", user)) {
      Path out = directory.resolve("cron-" + name);
      assertAllEndedWell(every(out), Files.readString(out.resolve("log")));
    }
  }

  /** A line of a crontab, of which only the first start does something. */
  private String job(String name, Path home) throws Exception {
    Path out = out("cron-" + name);
    shell("mkfifo -m 666 " + out.resolve("ended"));
    return String.format(
        "* * * * * %s export HOME=%s; mkdir %s/once && { /bin/sh %s >%s/log 2>&1; echo ended"
            + " >%s/ended; }",
        name, home, out, script("cron-" + name, every(out)), out, out);
  }
}
