package dev.nightjar.pipelines.read;

import dev.nightjar.cachestore.ErrorCode;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Text as it stands: one document. Of Markdown the fields are those of its front matter ({@code
 * ---} to {@code ---}, plain values only), and the first heading is its title if that has none.
 */
final class TextFormat implements DocumentFormat {
  private static final String MARKDOWN = "text/markdown";
  private static final Set<String> FIELDS = Set.of("title", "author", "date", "subject");

  /** Front matter and first heading are looked for in so much. */
  private static final int HEAD_CHARS = 8_192;

  private static final Pattern FRONT_MATTER =
      Pattern.compile(
          "\\A---[ \t]*\\R(.*?)^(?:---|\\.\\.\\.)[ \t]*$", Pattern.DOTALL | Pattern.MULTILINE);
  private static final Pattern VALUE =
      Pattern.compile("^(title|author|date|subject):[ \t]*(\\S.*?)[ \t]*$", Pattern.MULTILINE);
  private static final Pattern HEADING = Pattern.compile("^# +(\\S.*?)[ \t#]*$", Pattern.MULTILINE);

  private final boolean isMarkdown;

  /** Of plain text, which has no fields, or of Markdown. */
  TextFormat(boolean isMarkdown) {
    this.isMarkdown = isMarkdown;
  }

  @Override
  public Set<String> mediaTypes() {
    return Set.of(isMarkdown ? MARKDOWN : "text/plain");
  }

  @Override
  public Optional<Set<String>> fields() {
    return Optional.of(isMarkdown ? FIELDS : Set.of());
  }

  @Override
  public boolean isConfined() {
    return false; // bounds what it keeps
  }

  @Override
  public Written read(CorpusFile file, Columns columns, Records records) throws IOException {
    try (TextReader characters = new TextReader(file.open())) {
      characters.tell(records);
      try {
        read(characters, records);
        return new Written(isMarkdown ? "Markdown" : "text", characters.encoding(), "", List.of());
      } finally {
        characters.tell(records);
      }
    }
  }

  private void read(TextReader characters, Records records) throws IOException {
    StringBuilder content = new StringBuilder();
    char[] block = new char[1 << 13];
    for (int count = characters.read(block); count >= 0; count = characters.read(block)) {
      content.append(block, 0, count);
      if (content.length() > DocumentReader.DOCUMENT_CHARS_MAX) {
        records.refuse(0, "", ErrorCode.INPUT_TOO_LARGE, DocumentReader.SIZE_EXPECTED);
        return;
      }
    }
    String text = content.toString();
    if (!DocumentReader.isText(text)) {
      records.refuse(0, "", ErrorCode.INPUT_NOT_TEXT, "expected text, found binary data");
    } else {
      records.document(0, "", text, isMarkdown ? frontMatter(text) : Map.of());
    }
  }

  private static Map<String, String> frontMatter(String text) {
    String head = text.substring(0, Math.min(text.length(), HEAD_CHARS));
    Map<String, String> fields = new TreeMap<>();
    Matcher front = FRONT_MATTER.matcher(head);
    if (front.find()) {
      Matcher values = VALUE.matcher(front.group(1));
      while (values.find()) {
        fields.putIfAbsent(values.group(1), values.group(2).replaceFirst("^([\"'])(.*)\\1$", "$2"));
      }
    }
    Matcher heading = HEADING.matcher(head);
    if (heading.find()) {
      fields.putIfAbsent("title", heading.group(1));
    }
    return fields;
  }
}
