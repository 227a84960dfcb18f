package dev.nightjar.pipelines.read;

import dev.nightjar.cachestore.ErrorCode;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/**
 * Has files read in processes of their own ({@link ConfinedMain}), which read one file after
 * another and end with this one, or when they had nothing to read for a minute. A file that brings
 * its process to fill its heap, to loop or to crash costs that process and is refused. One set of
 * processes a JVM, at most as many at rest as it has processors; thread-safe.
 */
final class ConfinedReader {
  /** In which all of the 514 files fit that Tika is tested with. */
  private static final int HEAP_MIB = 512;

  /** How long a process may be silent; a manual of 146 pages took 17 s on a machine under load. */
  static final Duration SILENT_MAX = Duration.ofSeconds(60);

  private static final Duration REST_MAX = Duration.ofSeconds(60);

  private static final ConfinedReader SHARED = new ConfinedReader(SILENT_MAX, HEAP_MIB);

  private final ConcurrentLinkedDeque<Reading> atRest = new ConcurrentLinkedDeque<>();
  private final Duration silentMax;
  private final int heapMib;
  private final ScheduledExecutorService clock =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "confined-reader-clock");
            thread.setDaemon(true);
            return thread;
          });

  ConfinedReader(Duration silentMax, int heapMib) {
    this.silentMax = silentMax;
    this.heapMib = heapMib;
  }

  /** The one of this JVM. */
  static ConfinedReader shared() {
    return SHARED;
  }

  /**
   * Has a file read.
   *
   * @throws IOException if it cannot be read to its end, or no process can be started
   */
  Written read(DocumentFormat format, CorpusFile file, Columns columns, Records records)
      throws IOException {
    return file.onDisk(path -> read(format, path, file, columns, records));
  }

  private Written read(
      DocumentFormat format, Path path, CorpusFile file, Columns columns, Records records)
      throws IOException {
    Reading reading = atRest.pollFirst();
    if (reading == null || !reading.process.isAlive()) {
      reading = new Reading(heapMib);
    }
    boolean isWell = false;
    try {
      reading.ask(format.getClass().getName(), path, file, columns);
      Written written = reading.listen(records);
      isWell = true;
      return written;
    } catch (Told e) {
      isWell = true;
      if (e.isEncrypted) {
        records.refuse(0, "", ErrorCode.INPUT_ENCRYPTED, Encrypted.TOLD);
      } else if (e.isMalformed) {
        records.refuse(
            reading.last + (reading.last > 0 ? 1 : 0),
            "",
            ErrorCode.INPUT_MALFORMED,
            "it cannot be read to its end: " + e.getMessage() + "; what follows is unread");
      } else {
        refuse(reading, records, "it fails with " + e.getMessage());
      }
      return Written.as(file.mediaType());
    } catch (IOException e) {
      refuse(reading, records, reading.end());
      return Written.as(file.mediaType());
    } finally {
      if (isWell && atRest.size() < Runtime.getRuntime().availableProcessors()) {
        reading.restsSince = System.nanoTime();
        atRest.addFirst(reading);
        clock.schedule(this::endIdle, REST_MAX.toMillis(), TimeUnit.MILLISECONDS);
      } else {
        reading.process.destroyForcibly();
      }
    }
  }

  /** A night waits for hours after it has read its corpus, and its machine may be small. */
  private void endIdle() {
    for (Reading reading : atRest) {
      if (System.nanoTime() - reading.restsSince >= REST_MAX.toNanos() && atRest.remove(reading)) {
        reading.process.destroy();
      }
    }
  }

  private static void refuse(Reading reading, Records records, String what) {
    records.refuse(
        reading.last + (reading.last > 0 ? 1 : 0),
        "",
        ErrorCode.DOCUMENT_FAILED,
        "to read it " + what + "; what follows is unread");
  }

  /** What the process says went wrong, and goes on. */
  private static final class Told extends Exception {
    private static final long serialVersionUID = 1L;

    private final boolean isMalformed;
    private final boolean isEncrypted;

    Told(boolean isMalformed, boolean isEncrypted, String what) {
      super(what);
      this.isMalformed = isMalformed;
      this.isEncrypted = isEncrypted;
    }
  }

  /** A process. */
  private final class Reading {
    private final Process process;
    private final DataInputStream in;
    private final DataOutputStream out;
    private volatile long heardAt;
    private volatile boolean isAwaited;
    private volatile boolean isLate;
    private volatile long restsSince;
    private long last;

    Reading(int heapMib) throws IOException {
      Path temporary = Files.createTempDirectory("nightjar-reading-");
      ProcessBuilder command =
          new ProcessBuilder(
              List.of(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-Xmx" + heapMib + "m",
                  "-Xss8m", // documents nest
                  "-XX:+UseSerialGC",
                  "-XX:+ExitOnOutOfMemoryError",
                  "-XX:-UsePerfData",
                  "-Djava.awt.headless=true",
                  "-Djava.io.tmpdir=" + temporary,
                  "-Dfile.encoding=UTF-8",
                  "-Dorg.slf4j.simpleLogger.defaultLogLevel=off",
                  ConfinedMain.class.getName()));
      // Without keys and passwords; with what says how files' names are written.
      command.environment().keySet().removeIf(name -> !name.matches("LANG|LC_.*|TZ"));
      command.environment().put("CLASSPATH", classPath());
      command.redirectError(ProcessBuilder.Redirect.DISCARD);
      process = command.start();
      process.onExit().thenRun(() -> ConfinedMain.delete(temporary));
      in = new DataInputStream(new BufferedInputStream(process.getInputStream(), 1 << 16));
      out = new DataOutputStream(new BufferedOutputStream(process.getOutputStream()));
    }

    void ask(String format, Path path, CorpusFile file, Columns columns) throws IOException {
      last = 0;
      Wire.write(out, format);
      Wire.write(out, path.toAbsolutePath().toString());
      Wire.write(out, file.path());
      Wire.write(out, file.mediaType());
      Wire.write(out, columns.needed());
      Wire.write(out, columns.wanted());
      out.flush();
    }

    /** Takes what it says until it is through with the file. */
    Written listen(Records records) throws IOException, Told {
      ScheduledFuture<?> watch =
          clock.scheduleWithFixedDelay(this::look, 100, 100, TimeUnit.MILLISECONDS);
      try {
        while (true) {
          heardAt = System.nanoTime();
          isAwaited = true;
          int kind = in.readUnsignedByte();
          isAwaited = false; // what takes the record may take its time
          switch (kind) {
            case Wire.ACCEPT -> {
              last = in.readLong();
              var values = Wire.readMap(in);
              records.accept(last, values::get);
            }
            case Wire.DOCUMENT -> {
              last = in.readLong();
              String part = Wire.readString(in);
              String text = Wire.readString(in);
              records.document(last, part, text, Wire.readMap(in));
            }
            case Wire.REFUSE -> {
              last = in.readLong();
              String id = Wire.readString(in);
              ErrorCode code = ErrorCode.valueOf(Wire.readString(in));
              records.refuse(last, id, code, Wire.readString(in));
            }
            case Wire.ASSUME -> records.assume(Wire.readString(in));
            case Wire.WRITTEN -> {
              return new Written(
                  Wire.readString(in), Wire.readString(in), Wire.readString(in), Wire.readList(in));
            }
            case Wire.FAILED ->
                throw new Told(in.readBoolean(), in.readBoolean(), Wire.readString(in));
            default -> throw new IOException("a message of kind " + kind);
          }
        }
      } finally {
        watch.cancel(false);
      }
    }

    private void look() {
      if (isAwaited && System.nanoTime() - heardAt > silentMax.toNanos()) {
        isLate = true;
        process.destroyForcibly();
      }
    }

    /** Why it is no more. */
    String end() {
      if (isLate) {
        return "takes longer than " + silentMax.toSeconds() + " s";
      }
      process.destroy();
      try {
        int code = process.waitFor();
        return code == 3 // ExitOnOutOfMemoryError's
            ? "takes more memory than " + heapMib + " MiB"
            : "its process ends with code " + code;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return "it is interrupted";
      }
    }
  }

  /** This JVM's, and what a cluster has loaded this class from. */
  private static String classPath() {
    String path = System.getProperty("java.class.path");
    try {
      String own =
          Path.of(ConfinedMain.class.getProtectionDomain().getCodeSource().getLocation().toURI())
              .toString();
      return path.contains(own) ? path : own + File.pathSeparator + path;
    } catch (URISyntaxException | RuntimeException e) {
      return path;
    }
  }
}
