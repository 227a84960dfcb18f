package dev.nightjar.pipelines.read;

import dev.nightjar.cachestore.ErrorCode;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URL;
import java.net.URLConnection;
import java.net.URLStreamHandler;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The process that reads files which could bring it down, started by {@link ConfinedReader}: one
 * file after another from its input, what is found in them to its output. It opens no connections:
 * a file that names a URL gets nothing from it.
 */
public final class ConfinedMain {
  private static final Set<String> LOCAL = Set.of("file", "jar", "jrt");

  private ConfinedMain() {}

  /** Reads until its input ends. */
  public static void main(String[] arguments) throws IOException {
    DataInputStream in = new DataInputStream(System.in);
    DataOutputStream out =
        new DataOutputStream(
            new BufferedOutputStream(new FileOutputStream(FileDescriptor.out), 1 << 16));
    Path temporary = Path.of(System.getProperty("java.io.tmpdir"));
    Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(temporary)));
    System.setOut(System.err); // whatever a library prints is no message
    URL.setURLStreamHandlerFactory(protocol -> LOCAL.contains(protocol) ? null : new Nowhere());
    while (true) {
      String format;
      try {
        format = Wire.readString(in);
      } catch (EOFException e) {
        return; // the parent is gone, or has no more
      }
      Path path = Path.of(Wire.readString(in));
      CorpusFile file =
          new CorpusFile(
              Wire.readString(in),
              Wire.readString(in),
              () -> Files.newInputStream(path),
              Optional.of(path));
      Columns columns = new Columns(Wire.readMap(in), new LinkedHashSet<>(Wire.readList(in)));
      read(format, file, columns, out);
      out.flush();
    }
  }

  /** Removes a folder of temporary files, as far as that can be done. */
  static void delete(Path folder) {
    try (Stream<Path> all = Files.walk(folder)) {
      all.sorted(Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
    } catch (IOException | UncheckedIOException e) {
      // the system's own cleaning does it
    }
  }

  private static void read(String format, CorpusFile file, Columns columns, DataOutputStream out)
      throws IOException {
    try {
      DocumentFormat reader =
          (DocumentFormat) Class.forName(format).getDeclaredConstructor().newInstance();
      Written written = reader.read(file, columns, new Sent(columns, out));
      out.writeByte(Wire.WRITTEN);
      Wire.write(out, written.format());
      Wire.write(out, written.encoding());
      Wire.write(out, written.separator());
      Wire.write(out, written.header());
    } catch (UncheckedIOException e) {
      fail(out, e.getCause() == null ? e : e.getCause());
    } catch (IOException
        | RuntimeException
        | StackOverflowError
        | LinkageError // a part of a library that was left out
        | ReflectiveOperationException e) {
      fail(out, e);
    }
  }

  private static void fail(DataOutputStream out, Throwable failure) throws IOException {
    out.writeByte(Wire.FAILED);
    out.writeBoolean(failure instanceof IOException);
    out.writeBoolean(failure instanceof Encrypted);
    String message = String.valueOf(failure.getMessage()).lines().findFirst().orElse("");
    Wire.write(
        out,
        failure instanceof IOException && failure.getMessage() != null
            ? message.substring(0, Math.min(300, message.length()))
            : failure.getClass().getSimpleName());
  }

  /** Sends what is found. */
  private record Sent(Columns columns, DataOutputStream out) implements Records {

    private interface Message {
      void write() throws IOException;
    }

    private void send(int kind, Message message) {
      try {
        out.writeByte(kind);
        message.write();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public void accept(long number, Fields fields) {
      Map<String, String> values = new LinkedHashMap<>();
      for (String name : columns.all()) {
        String value = fields.get(name);
        if (value != null) {
          values.put(name, value);
        }
      }
      send(
          Wire.ACCEPT,
          () -> {
            out.writeLong(number);
            Wire.write(out, values);
          });
    }

    @Override
    public void document(long number, String part, String text, Map<String, String> fields) {
      if (text.length() > DocumentReader.DOCUMENT_CHARS_MAX) {
        refuse(number, "", ErrorCode.INPUT_TOO_LARGE, DocumentReader.SIZE_EXPECTED);
        return;
      }
      send(
          Wire.DOCUMENT,
          () -> {
            out.writeLong(number);
            Wire.write(out, part);
            Wire.write(out, text);
            Wire.write(out, fields);
          });
    }

    @Override
    public void file(String path, CorpusFile.Content content) {
      throw new IllegalStateException("a confined format cannot open files inside a file");
    }

    @Override
    public void refuse(long number, String id, ErrorCode code, String reason) {
      send(
          Wire.REFUSE,
          () -> {
            out.writeLong(number);
            Wire.write(out, id);
            Wire.write(out, code.name());
            Wire.write(out, reason);
          });
    }

    @Override
    public void assume(String assumption) {
      send(Wire.ASSUME, () -> Wire.write(out, assumption));
    }
  }

  /** Where no connection leads. */
  private static final class Nowhere extends URLStreamHandler {
    @Override
    protected URLConnection openConnection(URL url) throws IOException {
      throw new IOException("no connections are opened while a file is read: " + url.getProtocol());
    }
  }
}
