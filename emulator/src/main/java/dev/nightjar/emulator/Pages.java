package dev.nightjar.emulator;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** What the emulator holds, for a person to look at: HTML without scripts. Thread-safe. */
final class Pages {
  private static final int ROWS_MAX = 500;
  private static final int CELL_CHARACTERS_MAX = 300;

  private static final String FRAME =
      """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>%1$s – provider emulator</title>
      <style>
      :root { color-scheme: light dark; }
      body { font: 1rem/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 75rem; padding: 1rem;
        color: light-dark(#1b1b1f, #e6e6ea); background: light-dark(#fff, #17171b); }
      a { color: light-dark(#0b57a4, #8ec1ff); }
      .wide { overflow-x: auto; }
      table { border-collapse: collapse; width: 100%%; margin: 1.5rem 0; }
      caption { text-align: left; font-weight: 600; padding: .5rem 0; }
      th, td { text-align: left; vertical-align: top; padding: .35rem .6rem; overflow-wrap: anywhere;
        border-bottom: 1px solid light-dark(#c9c9d0, #44444c); }
      td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
      </style>
      </head>
      <body>
      <header><nav aria-label="Pages"><a href="/emulator/">Batches</a> ·
      <a href="/emulator/uploads">Files</a> · <a href="/emulator/invoice">Invoice as JSON</a></nav>
      <h1>%1$s</h1></header>
      <main>
      %2$s
      </main>
      </body>
      </html>
      """;

  private final Storage storage;
  private final Invoice invoice;

  Pages(Storage storage, Invoice invoice) {
    this.storage = storage;
    this.invoice = invoice;
  }

  /** The page at a path below /emulator, if there is one. */
  Optional<String> at(String[] path) {
    String first = path.length > 1 ? path[1] : "";
    if (path.length == 1) {
      return Optional.of(batches());
    }
    if (first.equals("uploads") && path.length == 2) {
      return Optional.of(uploads());
    }
    if (first.equals("batches") && path.length > 2) {
      // Gemini's names have a slash in them.
      return storage
          .batch(String.join("/", List.of(path).subList(2, path.length)))
          .map(this::batch);
    }
    return Optional.empty();
  }

  static String escape(String text) {
    StringBuilder escaped = new StringBuilder(text.length() + 16);
    for (int i = 0; i < text.length(); i++) {
      char character = text.charAt(i);
      switch (character) {
        case '&' -> escaped.append("&amp;");
        case '<' -> escaped.append("&lt;");
        case '>' -> escaped.append("&gt;");
        case '"' -> escaped.append("&quot;");
        case '\'' -> escaped.append("&#39;");
        default -> escaped.append(character);
      }
    }
    return escaped.toString();
  }

  private static String frame(String title, String body) {
    return FRAME.formatted(escape(title), body);
  }

  /** A table; a heading that starts with # is one of numbers. Cells are HTML already. */
  private static String table(String caption, List<String> headings, List<List<String>> rows) {
    StringBuilder html = new StringBuilder("<div class=\"wide\"><table><caption>");
    html.append(escape(caption)).append("</caption><thead><tr>");
    for (String heading : headings) {
      html.append(
              heading.startsWith("#")
                  ? "<th scope=\"col\" class=\"number\">"
                  : "<th scope=\"col\">")
          .append(escape(heading.replace("#", "")))
          .append("</th>");
    }
    html.append("</tr></thead><tbody>");
    for (List<String> row : rows) {
      html.append("<tr>");
      for (int i = 0; i < row.size(); i++) {
        html.append(headings.get(i).startsWith("#") ? "<td class=\"number\">" : "<td>")
            .append(row.get(i))
            .append("</td>");
      }
      html.append("</tr>\n");
    }
    return html.append("</tbody></table></div>").toString();
  }

  private static String caption(String what, int rows) {
    return rows < ROWS_MAX ? what : what + " (first " + ROWS_MAX + ")";
  }

  private static String paragraph(String text) {
    return "<p>" + escape(text) + "</p>";
  }

  private String batches() {
    List<Storage.Batch> batches = storage.newestBatches(ROWS_MAX);
    List<List<String>> rows = new ArrayList<>();
    for (Storage.Batch batch : batches) {
      rows.add(
          List.of(
              "<a href=\"/emulator/batches/"
                  + escape(batch.id())
                  + "\">"
                  + escape(batch.id())
                  + "</a>",
              escape(batch.provider()),
              escape(batch.state()),
              escape(requests(batch)),
              storage.invoiceTotal(batch.id()).toPlainString(),
              Instant.ofEpochMilli(batch.createdMillis()).toString(),
              escape(faults(batch))));
    }
    return frame(
        "Batches",
        paragraph(
                "Invoice: "
                    + invoice.total().toPlainString()
                    + " USD in "
                    + invoice.count()
                    + " lines.")
            + table(
                caption("Batches of all providers, newest first", batches.size()),
                List.of("Batch", "Provider", "State", "#Requests", "#USD", "Created", "Faults"),
                rows));
  }

  private static String requests(Storage.Batch batch) {
    JsonNode data = batch.data();
    return switch (batch.provider()) {
      case GeminiApi.PROVIDER -> data.at("/metadata/batchStats/requestCount").asText();
      case AnthropicApi.PROVIDER -> {
        long requests = 0;
        for (JsonNode count : data.path("request_counts")) {
          requests += count.asLong();
        }
        yield Long.toString(requests);
      }
      default -> data.at("/request_counts/total").asText();
    };
  }

  private static String faults(Storage.Batch batch) {
    return batch.faults().stream().map(Fault::name).collect(Collectors.joining(", "));
  }

  private String uploads() {
    List<List<String>> rows = new ArrayList<>();
    Map<String, String> providers = new LinkedHashMap<>();
    for (OpenAiDialect dialect : OpenAiDialect.values()) {
      providers.put(dialect.filePrefix, dialect.label);
    }
    providers.put(GeminiApi.FILE_PREFIX, GeminiApi.PROVIDER);
    for (Map.Entry<String, String> provider : providers.entrySet()) {
      for (JsonNode file : storage.uploads(provider.getKey())) {
        if (rows.size() == ROWS_MAX) {
          break;
        }
        boolean isOpenAi = file.has("id");
        rows.add(
            List.of(
                escape(file.path(isOpenAi ? "id" : "name").asText()),
                provider.getValue(),
                escape(file.path(isOpenAi ? "filename" : "displayName").asText()),
                escape(file.path(isOpenAi ? "purpose" : "mimeType").asText()),
                escape(file.path(isOpenAi ? "bytes" : "sizeBytes").asText())));
      }
    }
    return frame(
        "Files",
        table(
            caption("Files that were uploaded or produced", rows.size()),
            List.of("File", "Provider", "Name", "Purpose or type", "#Bytes"),
            rows));
  }

  private String batch(Storage.Batch batch) {
    List<List<String>> requests = new ArrayList<>();
    addRows(requests, batch.id(), line -> List.of(escape(customId(line))));
    List<List<String>> results = new ArrayList<>();
    for (String id : resultContents(batch)) {
      addRows(results, id, line -> List.of(escape(customId(line)), escape(outcome(line))));
    }
    List<List<String>> lines = new ArrayList<>();
    for (Invoice.Line line : storage.invoiceLines(batch.id(), ROWS_MAX)) {
      lines.add(
          List.of(
              escape(line.customId()),
              escape(line.model()),
              Long.toString(line.usage().prompt()),
              Long.toString(line.usage().completion()),
              line.usd().toPlainString()));
    }
    String faults = faults(batch);
    return frame(
        batch.id(),
        paragraph(
                batch.provider()
                    + ", "
                    + batch.state()
                    + ", created "
                    + Instant.ofEpochMilli(batch.createdMillis())
                    + ", "
                    + storage.invoiceTotal(batch.id()).toPlainString()
                    + " USD"
                    + (faults.isEmpty() ? "" : "; faults: " + faults))
            + table(caption("Requests", requests.size()), List.of("Custom id"), requests)
            + table(caption("Results", results.size()), List.of("Custom id", "Outcome"), results)
            + table(
                caption("Invoice lines", lines.size()),
                List.of("Custom id", "Model", "#Prompt tokens", "#Output tokens", "#USD"),
                lines));
  }

  private interface Row {
    List<String> of(JsonNode line);
  }

  private void addRows(List<List<String>> rows, String contentId, Row row) {
    Path file = storage.contentOf(contentId);
    if (!Files.exists(file)) {
      return;
    }
    Lines.read(
        file,
        (number, text) -> {
          rows.add(row.of(parsed(text)));
          return rows.size() < ROWS_MAX;
        });
  }

  private static JsonNode parsed(String text) {
    try {
      return Json.MAPPER.readTree(text);
    } catch (JsonProcessingException e) {
      return Json.object().put("custom_id", "(not JSON)");
    }
  }

  private static List<String> resultContents(Storage.Batch batch) {
    JsonNode data = batch.data();
    List<String> contents = new ArrayList<>();
    for (String pointer : List.of("/output_file_id", "/error_file_id", "/response/responsesFile")) {
      if (!data.at(pointer).asText("").isEmpty() && !data.at(pointer).isNull()) {
        contents.add(data.at(pointer).asText());
      }
    }
    if (contents.isEmpty()) {
      contents.add(batch.id() + ".results");
    }
    return contents;
  }

  private static String customId(JsonNode line) {
    return line.has("custom_id")
        ? line.get("custom_id").asText()
        : line.has("key") ? line.get("key").asText() : line.at("/metadata/key").asText();
  }

  private static String outcome(JsonNode line) {
    JsonNode outcome =
        line.has("result")
            ? line.get("result")
            : line.path("response").isObject() ? line.get("response") : line.path("error");
    String text = Json.write(outcome);
    return text.length() <= CELL_CHARACTERS_MAX
        ? text
        : text.substring(0, CELL_CHARACTERS_MAX) + "…";
  }
}
