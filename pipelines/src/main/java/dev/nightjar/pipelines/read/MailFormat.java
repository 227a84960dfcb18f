package dev.nightjar.pipelines.read;

import dev.nightjar.cachestore.ErrorCode;
import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.apache.james.mime4j.dom.Body;
import org.apache.james.mime4j.dom.Entity;
import org.apache.james.mime4j.dom.Message;
import org.apache.james.mime4j.dom.Multipart;
import org.apache.james.mime4j.dom.TextBody;
import org.apache.james.mime4j.message.DefaultMessageBuilder;
import org.apache.james.mime4j.stream.Field;
import org.apache.james.mime4j.stream.MimeConfig;
import org.apache.james.mime4j.util.MimeUtil;
import org.apache.tika.metadata.Metadata;
import org.apache.tika.parser.ParseContext;
import org.apache.tika.parser.html.JSoupParser;
import org.apache.tika.sax.BodyContentHandler;
import org.jspecify.annotations.Nullable;
import org.xml.sax.SAXException;

/**
 * E-mail: a message a file, or a mailbox (mbox) of many, by mime4j. A message's text is its plain
 * parts; where there is HTML only, that as text. Attachments are named, not read. In a mailbox a
 * message is called by its Message-ID, for its number changes when others are deleted.
 */
final class MailFormat implements DocumentFormat {
  private static final String MAILBOX = "application/mbox";
  private static final Set<String> FIELDS =
      Set.of(
          "title",
          "author",
          "subject",
          "from",
          "to",
          "cc",
          "date",
          "message_id",
          "in_reply_to",
          "attachments");

  /** The largest message that is read, in bytes: attachments of mails end at 50 MB or so. */
  private static final int MESSAGE_BYTES_MAX = 96 << 20;

  private static final int LEVELS_MAX = 30;
  private static final Charset FALLBACK = Charset.forName("windows-1252");
  private static final byte[] SEPARATOR = "From ".getBytes(StandardCharsets.US_ASCII);

  @Override
  public Set<String> mediaTypes() {
    return Set.of("message/rfc822", MAILBOX);
  }

  @Override
  public Optional<Set<String>> fields() {
    return Optional.of(FIELDS);
  }

  @Override
  public Written read(CorpusFile file, Columns columns, Records records) throws IOException {
    try (InputStream in = new BufferedInputStream(file.open(), 1 << 16)) {
      if (file.mediaType().equals(MAILBOX)) {
        return Written.as("mailbox of " + readMailbox(in, records) + " messages");
      }
      byte[] message = in.readNBytes(MESSAGE_BYTES_MAX + 1);
      if (message.length > MESSAGE_BYTES_MAX) {
        refuseTooLarge(0, records);
      } else {
        read(0, message, records);
      }
      return Written.as("e-mail");
    }
  }

  private static void refuseTooLarge(long number, Records records) {
    records.refuse(
        number,
        "",
        ErrorCode.INPUT_TOO_LARGE,
        "expected a message of at most " + (MESSAGE_BYTES_MAX >> 20) + " MiB");
  }

  /** Messages begin at a line "From …" behind an empty one; inside them such a line has a '>'. */
  private static long readMailbox(InputStream in, Records records) throws IOException {
    long number = 0;
    ByteArrayOutputStream message = new ByteArrayOutputStream();
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    boolean isTooLarge = false;
    boolean isBehindEmpty = true;
    while (true) {
      line.reset();
      boolean isEnd = !readLine(in, line);
      byte[] bytes = line.toByteArray();
      boolean isBeginning = isBehindEmpty && startsWith(bytes, 0, SEPARATOR);
      if (isEnd || isBeginning) {
        if (isTooLarge) {
          refuseTooLarge(number, records);
        } else if (number > 0) {
          read(number, message.toByteArray(), records);
        }
        message.reset();
        isTooLarge = false;
        if (isEnd) {
          break;
        }
        number++;
      } else if (number == 0) {
        if (bytes.length > 0 && !new String(bytes, StandardCharsets.US_ASCII).isBlank()) {
          throw new IOException("a mailbox begins with a line 'From '");
        }
      } else if (message.size() + bytes.length > MESSAGE_BYTES_MAX) {
        isTooLarge = true;
      } else {
        int quoted = 0;
        while (quoted < bytes.length && bytes[quoted] == '>') {
          quoted++;
        }
        int from = quoted > 0 && startsWith(bytes, quoted, SEPARATOR) ? 1 : 0;
        message.write(bytes, from, bytes.length - from);
      }
      isBehindEmpty =
          bytes.length <= 2 && (bytes.length == 0 || bytes[0] == '\n' || bytes[0] == '\r');
    }
    return number;
  }

  /** Reads a line with its end, of at most {@link #MESSAGE_BYTES_MAX} bytes; false at the end. */
  private static boolean readLine(InputStream in, ByteArrayOutputStream line) throws IOException {
    int one = in.read();
    while (one >= 0) {
      line.write(one);
      if (one == '\n' || line.size() > MESSAGE_BYTES_MAX) {
        return true;
      }
      one = in.read();
    }
    return line.size() > 0;
  }

  private static boolean startsWith(byte[] bytes, int at, byte[] start) {
    if (bytes.length < at + start.length) {
      return false;
    }
    for (int i = 0; i < start.length; i++) {
      if (bytes[at + i] != start[i]) {
        return false;
      }
    }
    return true;
  }

  private static void read(long number, byte[] bytes, Records records) throws IOException {
    DefaultMessageBuilder builder = new DefaultMessageBuilder();
    builder.setMimeEntityConfig(MimeConfig.PERMISSIVE); // spam breaks every limit of good mail
    Message mail = builder.parseMessage(new ByteArrayInputStream(bytes));
    try {
      if (mail.getHeader() == null || mail.getHeader().getFields().isEmpty()) {
        records.refuse(
            number, "", ErrorCode.INPUT_MALFORMED, "expected an e-mail, found no header");
        return;
      }
      Content content = new Content();
      content.add(mail, 0);
      Map<String, String> fields = fields(mail);
      if (!content.attachments.isEmpty()) {
        fields.put("attachments", String.join("; ", content.attachments));
      }
      String id = fields.getOrDefault("message_id", "");
      String text = content.text();
      records.document(
          number,
          number == 0 ? "" : id.isEmpty() ? String.valueOf(number) : id,
          text.isEmpty() ? fields.getOrDefault("subject", "") : text,
          fields);
    } finally {
      mail.dispose();
    }
  }

  private static Map<String, String> fields(Message mail) {
    Map<String, String> fields = new TreeMap<>();
    put(fields, "subject", mail.getSubject());
    put(fields, "title", mail.getSubject());
    put(fields, "from", header(mail, "From"));
    put(fields, "author", header(mail, "From"));
    put(fields, "to", header(mail, "To"));
    put(fields, "cc", header(mail, "Cc"));
    put(fields, "message_id", id(header(mail, "Message-ID")));
    put(fields, "in_reply_to", id(header(mail, "In-Reply-To")));
    put(fields, "date", mail.getDate() == null ? null : mail.getDate().toInstant().toString());
    return fields;
  }

  private static void put(Map<String, String> fields, String name, @Nullable String value) {
    if (value != null && !value.isBlank()) {
      fields.put(name, value.strip());
    }
  }

  private static @Nullable String id(@Nullable String header) {
    return header == null ? null : header.strip().replaceAll("^<|>$", "");
  }

  /** As it is written, with encoded words decoded. */
  private static @Nullable String header(Message mail, String name) {
    Field field = mail.getHeader().getField(name);
    return field == null
        ? null
        : org.apache.james.mime4j.codec.DecoderUtil.decodeEncodedWords(
            MimeUtil.unfold(field.getBody()), org.apache.james.mime4j.codec.DecodeMonitor.SILENT);
  }

  /** What a message holds. */
  private static final class Content {
    private final StringBuilder plain = new StringBuilder();
    private final StringBuilder html = new StringBuilder();
    private final List<String> attachments = new ArrayList<>();

    String text() throws IOException {
      return (DocumentReader.isBlank(plain.toString()) ? html : plain).toString().strip();
    }

    void add(Entity entity, int level) throws IOException {
      Body body = entity.getBody();
      if (level > LEVELS_MAX || body == null) {
        return;
      }
      String name = entity.getFilename();
      if (level > 0 && (name != null || "attachment".equals(entity.getDispositionType()))) {
        attachments.add(name == null ? entity.getMimeType() : name);
      } else if (body instanceof Multipart parts) {
        for (Entity part : parts.getBodyParts()) {
          add(part, level + 1);
        }
      } else if (body instanceof Message forwarded) {
        add(forwarded, level + 1);
      } else if (body instanceof TextBody text) {
        add(entity.getMimeType(), text);
      }
    }

    private void add(String type, TextBody body) throws IOException {
      String text;
      try (InputStream in = body.getInputStream()) {
        text = new String(in.readAllBytes(), charset(body.getMimeCharset()));
      }
      StringBuilder kept = "text/html".equals(type) ? html : plain;
      if (kept.length() > DocumentReader.DOCUMENT_CHARS_MAX) {
        return; // refused by its length
      }
      kept.append(kept.length() == 0 ? "" : "\n\n")
          .append("text/html".equals(type) ? htmlText(text) : text);
    }
  }

  private static String htmlText(String html) throws IOException {
    BodyContentHandler handler = new BodyContentHandler(-1);
    try {
      new JSoupParser().parseString(html, handler, new Metadata(), new ParseContext());
    } catch (SAXException e) {
      throw new IOException("its HTML cannot be read", e);
    }
    return handler.toString().strip();
  }

  private static Charset charset(@Nullable String name) {
    try {
      return name == null || name.equalsIgnoreCase("us-ascii") ? FALLBACK : Charset.forName(name);
    } catch (IllegalArgumentException e) {
      return FALLBACK;
    }
  }
}
