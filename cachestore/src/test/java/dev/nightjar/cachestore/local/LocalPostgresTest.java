package dev.nightjar.cachestore.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.postgres.Migrations;
import dev.nightjar.cachestore.testing.MutableClock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What happens to a home directory in ordinary use, and that whatever cannot be used is told in one
 * line and left as it is. (A bare environment, sudo, cron and users: EveryCommandTest.)
 */
class LocalPostgresTest {
  private Path home;
  private LocalPostgres postgres;
  private DatabaseAddress address;

  @BeforeEach
  void makeAClusterWithOneRow() throws Exception {
    assumeTrue(LocalPostgres.binariesWithVector().isPresent(), "no PostgreSQL with pgvector here");
    home = Files.createTempDirectory("nightjar-local");
    open(home);
    postgres = LocalPostgres.disposableIn(home);
    address = postgres.start();
    execute("create table kept (note text); insert into kept values ('paid for')");
  }

  @AfterEach
  void destroy() throws IOException {
    open(home);
    LocalPostgres.in(home).destroy();
    delete(home);
  }

  private static void delete(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  private static void open(Path directory) throws IOException {
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private Connection connect(DatabaseAddress to, String password) throws SQLException {
    return DriverManager.getConnection(to.withDatabase("postgres").jdbcUrl(), to.user(), password);
  }

  private void execute(String sql) throws SQLException {
    try (Connection connection = connect(address, address.readPassword().orElseThrow());
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private void assertKept() throws SQLException {
    DatabaseAddress now = LocalPostgres.in(home).start();
    try (Connection connection = connect(now, now.readPassword().orElseThrow());
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("select note from kept")) {
      assertThat(rows.next()).isTrue();
      assertThat(rows.getString(1)).isEqualTo("paid for");
    }
  }

  /** Every command begins with one of these. */
  private void assertRefused(String start, String wayOut) {
    ThrowingCallable byAnyCommand = () -> PrivateDatabase.in(home).start();
    assertThatThrownBy(byAnyCommand)
        .hasMessageStartingWith(start)
        .hasMessageContaining(wayOut)
        .message()
        .doesNotContain("\n");
  }

  @Test
  void aClusterIsMadeOnceSurvivesARestartAndKeepsItsPasswordToItsOwner() throws Exception {
    assertThat(postgres.start()).isEqualTo(address);
    assertThat(address.host()).isEqualTo("127.0.0.1");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(home.resolve("pgpass"))))
        .isEqualTo("rw-------");
    assertThatThrownBy(() -> connect(address, "wrong")).isInstanceOf(SQLException.class);
    assertThat(postgres.stop()).isTrue();
    assertThat(postgres.stop()).isFalse();
    assertKept();
  }

  @Test
  void aLostPasswordFileIsOneLineAndANewPasswordKeepsTheData() throws Exception {
    Files.delete(home.resolve("pgpass"));
    assertRefused("HOME_UNUSABLE: " + home.resolve("pgpass"), "nightjar db password");
    PrivateDatabase.in(home).setNewPassword();
    assertKept();
  }

  @Test
  void aWrongPasswordIsOneLineAndANewPasswordKeepsTheData() throws Exception {
    String right = Files.readString(home.resolve("pgpass"));
    String wrong = right.substring(0, right.lastIndexOf(':')) + ":wrong\n";
    Files.writeString(home.resolve("pgpass"), wrong);
    assertRefused("DATABASE_UNREACHABLE", "nightjar db password");
    Files.writeString(home.resolve("pgpass"), "not a password file");
    assertRefused("HOME_UNUSABLE: " + home.resolve("pgpass"), "nightjar db password");
    Files.writeString(home.resolve("pgpass"), wrong);
    PrivateDatabase.in(home).setNewPassword();
    assertThat(Files.readString(home.resolve("pgpass"))).isNotEqualTo(right);
    assertKept();
  }

  @Test
  void dataThatAreNotThereAreNotTakenForNone() throws Exception {
    postgres.stop();
    Path elsewhere = Files.move(home.resolve("postgres"), home.resolve("unmounted"));
    assertRefused("HOME_UNUSABLE: " + home.resolve("pgpass"), "mount or move its directory back");
    Files.createDirectory(home.resolve("postgres")); // a mount point
    assertRefused("HOME_UNUSABLE: " + home.resolve("pgpass"), "mount or move its directory back");
    Files.writeString(home.resolve("postgres/notes.txt"), "a person's");
    assertRefused("HOME_UNUSABLE: " + home.resolve("postgres"), "move it away");
    Files.delete(home.resolve("postgres/notes.txt"));
    Files.delete(home.resolve("postgres"));
    Files.move(elsewhere, home.resolve("postgres"));
    assertKept();
  }

  @Test
  void aClusterOfAnotherVersionOfPostgresIsOneLine() throws Exception {
    postgres.stop();
    Path file = home.resolve("postgres/PG_VERSION");
    String right = Files.readString(file);
    Files.writeString(file, "9\n");
    assertRefused("POSTGRES_MISSING: " + home.resolve("postgres"), "install PostgreSQL 9");
    Files.writeString(file, right);
    assertKept();
  }

  @Test
  void aServerOnAnotherPortThanTheFileSaysIsFound() throws Exception {
    String right = Files.readString(home.resolve("pgpass"));
    String[] fields = right.split(":", 3);
    Files.writeString(home.resolve("pgpass"), fields[0] + ":1:" + fields[2]);
    assertKept();
    assertThat(Files.readString(home.resolve("pgpass"))).isEqualTo(right);
  }

  @Test
  void aSetUpThatWasKilledAtAnyPointIsEndedByTheNext() throws Exception {
    // After the cluster was in its place and before the password was:
    Files.move(home.resolve("pgpass"), home.resolve("pgpass.new"));
    assertKept();
    // Before the cluster was in its place:
    Path other = Files.createTempDirectory("nightjar-local");
    open(other);
    Files.writeString(other.resolve("pgpass.new"), "127.0.0.1:1:*:nightjar:of no cluster\n");
    Files.createDirectories(other.resolve("postgres.new-123/base"));
    LocalPostgres begun = LocalPostgres.disposableIn(other);
    begun.start();
    begun.destroy();
    assertThat(other.resolve("postgres.new-123/base")).as("left as it is").exists();
    delete(other);
  }

  @Test
  void installingOrRemovingProgramsLeadsToNoSecondDatabase() throws Exception {
    Files.writeString(home.resolve("docker-postgres.env"), "POSTGRES_PASSWORD=x\n");
    assertRefused("HOME_UNUSABLE: " + home, "has two databases");
    Files.delete(home.resolve("docker-postgres.env"));
    assertKept();
  }

  @Test
  void ofSeveralFirstStartsAtOnceOneMakesTheCluster() throws Exception {
    Path other = Files.createTempDirectory("nightjar-local");
    open(other);
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try {
      List<Future<DatabaseAddress>> starts = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        starts.add(threads.submit(() -> LocalPostgres.disposableIn(other).start()));
      }
      DatabaseAddress first = starts.get(0).get();
      for (Future<DatabaseAddress> start : starts) {
        assertThat(start.get()).isEqualTo(first);
      }
    } finally {
      threads.shutdownNow();
    }
    LocalPostgres.in(other).destroy();
    delete(other);
  }

  @Test
  void aDeletionThatWasKilledIsEndedByTheNextAndNamedUntilThen() throws Exception {
    Path other = Files.createTempDirectory("nightjar-local");
    open(other);
    LocalPostgres begun = LocalPostgres.disposableIn(other);
    begun.start();
    begun.stop();
    Files.move(other.resolve("postgres"), other.resolve("postgres.destroyed-x"));
    assertThatThrownBy(() -> PrivateDatabase.in(other).start())
        .hasMessageContaining("'nightjar db destroy' ends what it began");
    PrivateDatabase.in(other).destroyForGood();
    assertThat(other.resolve("postgres.destroyed-x")).doesNotExist();
    assertThat(other.resolve("pgpass")).doesNotExist();
    delete(other);
  }

  @Test
  void aLinkInTheDatabasesPlaceIsOneLineAndNothingIsLeftBehind() throws Exception {
    Path other = Files.createTempDirectory("nightjar-local");
    open(other);
    Files.createDirectory(other.resolve("elsewhere"));
    Files.createSymbolicLink(other.resolve("postgres"), other.resolve("elsewhere"));
    assertThatThrownBy(() -> PrivateDatabase.in(other).start())
        .hasMessageStartingWith("HOME_UNUSABLE: " + other.resolve("postgres"))
        .hasMessageContaining("link or mount " + other + " instead");
    try (Stream<Path> files = Files.list(other)) {
      assertThat(files.filter(file -> file.toString().contains(".new-"))).isEmpty();
    }
    delete(other);
  }

  @Test
  void onlyWhatWasMadeToBeThrownAwayIsThrownAwayWithoutAQuestion() throws Exception {
    Path marker = home.resolve("postgres/nightjar.disposable");
    UserPrincipal owner = Files.getOwner(marker);
    Files.delete(marker);
    assertThatThrownBy(() -> postgres.destroy())
        .hasMessageContaining("was not made to be thrown away")
        .hasMessageContaining("nightjar db destroy");
    assertKept();
    Files.createFile(marker);
    Files.setOwner(marker, owner);
  }

  @Test
  void aHomeThatWasClosedToTheServersUserIsOneLineAndNoOtherClusterIsMade() throws Exception {
    assumeTrue(HomeDirectory.isRoot(), "only root's server runs as another user");
    Files.setPosixFilePermissions(home, PosixFilePermissions.fromString("rwx------"));
    String password = Files.readString(home.resolve("pgpass"));
    assertRefused("HOME_UNUSABLE: " + home.resolve("postgres"), "chmod o+x " + home);
    assertThat(Files.readString(home.resolve("pgpass"))).isEqualTo(password);
    open(home);
    assertKept();
  }

  @Test
  void rootUsesNoHomeOfAnotherUser() throws Exception {
    assumeTrue(HomeDirectory.isRoot(), "only root can give files away");
    UserPrincipal root = Files.getOwner(home);
    UserPrincipal other =
        home.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName("daemon");
    Files.setOwner(home, other);
    assertRefused("HOME_UNUSABLE: " + home, "sudo -u daemon");
    assertThatThrownBy(() -> PrivateDatabase.in(home.resolve("new")).start())
        .hasMessageStartingWith("HOME_UNUSABLE: " + home.resolve("new"));
    assertThat(home.resolve("new")).doesNotExist();
    Files.setOwner(home, root);
    Path data = home.resolve("postgres");
    UserPrincipal server = Files.getOwner(data);
    Files.setOwner(data, other);
    assertRefused("HOME_UNUSABLE: " + data, "run it as daemon");
    Files.setOwner(data, server);
    assertKept();
  }

  @Test
  void aBackupIsWrittenOnceAndRestoredBesideWhatIsThere() throws Exception {
    MutableClock clock = new MutableClock(Instant.parse("2026-11-28T03:00:00Z"));
    PrivateDatabase own = PrivateDatabase.in(home);
    address = own.start().withDatabase("postgres");
    Migrations.migrate(address.withDatabase("nightjar"));
    Backup backup = Backup.of(own, home, address.withDatabase("nightjar"), clock);
    Path file = home.resolve("nightjar.dump");
    assertThat(Backup.newest(home)).isEmpty();
    assertThat(backup.write(file)).isGreaterThan(10_000).isEqualTo(Files.size(file));
    assertThat(Files.getPosixFilePermissions(file))
        .isEqualTo(PosixFilePermissions.fromString("rw-------"));
    assertThat(Backup.newest(home))
        .contains(new Backup.Made(Instant.parse("2026-11-28T03:00:00Z"), file));
    assertThatThrownBy(() -> backup.write(file))
        .hasMessageStartingWith("BACKUP_FAILED: " + file)
        .hasMessageContaining("not overwritten");
    assertThat(backup.restore(file)).isEqualTo(Optional.of("nightjar_until_20261128_030000"));
    execute("select 1"); // the server's other databases are as they were
    try (Connection held =
        DriverManager.getConnection(
            address.withDatabase("nightjar").jdbcUrl(),
            address.user(),
            address.readPassword().orElseThrow())) {
      assertThat(held.isValid(5)).isTrue();
      clock.advance(Duration.ofHours(1));
      assertThatThrownBy(() -> backup.restore(file)).hasMessageContaining("is in use");
    }
    Path broken = Files.writeString(home.resolve("broken.dump"), "no backup");
    assertThatThrownBy(() -> backup.restore(broken)).hasMessageStartingWith("BACKUP_FAILED");
    try (Connection connection = connect(address, address.readPassword().orElseThrow());
        Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                "select string_agg(datname, ' ' order by datname) from pg_database where datname like"
                    + " 'nightjar%'")) {
      rows.next();
      assertThat(rows.getString(1)).isEqualTo("nightjar nightjar_until_20261128_030000");
    }
    try (Stream<Path> files = Files.list(home)) {
      assertThat(files.filter(path -> path.toString().endsWith(".part"))).isEmpty();
    }
    Files.delete(file);
    assertThat(Backup.newest(home)).as("a backup that is gone is none").isEmpty();
  }
}
