package dev.nightjar.pipelines.compress;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nightjar.pipelines.task.Compression;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class CompressorTest {
  private static String compressed(Compression level, String document) {
    return new Compressor(level).compress(document).text();
  }

  @Test
  void withoutALevelADocumentStaysAsItIs() {
    assertThat(compressed(Compression.NONE, " a  \n\n\n\nb \uFEFF"))
        .isEqualTo(" a  \n\n\n\nb \uFEFF");
  }

  @Test
  void whiteSpaceGoesWhereItSaysNothing() {
    assertThat(compressed(Compression.SPACE, "\n\n  a   b \t\n\n \n\nc\u00ADd\r\n----\n"))
        .isEqualTo("  a   b\n\ncd\r\n----\n");
  }

  @Test
  void pageNumbersRulesAndRunningHeadsGoAndTheFirstHeadStays() {
    String document =
        "ANNUAL REPORT 2026\n"
            + "We sold 12 ships.\n"
            + "- 1 -\n"
            + "\fANNUAL REPORT 2026\n"
            + "=======\n"
            + "None sank.\n"
            + "Page 2 of 3\n"
            + "\fANNUAL REPORT 2026\n"
            + "None sank.\n"
            + "None sank.\n"
            + "The end.\n";
    assertThat(compressed(Compression.FURNITURE, document))
        .isEqualTo(
            "ANNUAL REPORT 2026\n"
                + "We sold 12 ships.\n"
                + "None sank.\n"
                + "None sank.\n"
                + "None sank.\n"
                + "The end.\n");
  }

  @Test
  void aLineThatIsRepeatedInsideAPageStays() {
    String list = "Was it paid?\nNo.\nWas it sent?\nNo.\nWas it lost?\nNo.\nSo it was.\n";
    assertThat(compressed(Compression.FURNITURE, "Asked:\n" + list)).isEqualTo("Asked:\n" + list);
  }

  @Test
  void tagsGoUnlessTheySaySomethingOrKeepWordsApart() {
    assertThat(
            compressed(
                Compression.FURNITURE,
                "<p class=\"x\">It is in<b>valid</b>, 10<sup>2</sup> and <s>not</s> so.</p>"))
        .isEqualTo("It is invalid, 10<sup>2</sup> and <s>not</s> so.");
    assertThat(compressed(Compression.FURNITURE, "<tr><td>12</td><td>5</td></tr>"))
        .isEqualTo("12<td>5");
    assertThat(compressed(Compression.FURNITURE, "a <a href=\"http://x\">link</a> if x < 3 > y"))
        .isEqualTo("a <a href=\"http://x\">link</a> if x < 3 > y");
  }

  @Test
  void comparisonsNumbersAndStruckWordsAreNoTags() {
    for (String same :
        List.of(
            "a <b or c> 5",
            "if a <i and i> 3",
            "<span style=\"text-decoration:line-through\">not</span> due",
            "<li value=\"7\">seventh</li>")) {
      assertThat(compressed(Compression.FURNITURE, same)).isEqualTo(same);
    }
    assertThat(compressed(Compression.FURNITURE, "<td>3.</td><td>14 May</td>"))
        .isEqualTo("3.<td>14 May");
    assertThat(compressed(Compression.FURNITURE, "<td>10</td><td><b>-5</b></td> <td>1</td>"))
        .isEqualTo("10<td>-5 1");
    assertThat(compressed(Compression.FURNITURE, "one<br>two<br/>\n<p>three</p>"))
        .isEqualTo("one<br>two\nthree");
  }

  @Test
  void headsThatDifferInNumbersStayUnlessTheyCountPages() {
    for (String head : List.of("Invoice 1%03d", "Subtotal:  %d0", "Chapter %d", "Case  1%03d")) {
      String document = pages(head);
      assertThat(compressed(Compression.FURNITURE, document)).isEqualTo(document);
    }
    for (String head : List.of("Annual report  %d", "%d | Annual report", "%d")) {
      assertThat(compressed(Compression.FURNITURE, pages(head)))
          .isEqualTo(head.formatted(1) + "\nText 1 of it.\nText 2 of it.\nText 3 of it.\n");
    }
  }

  private static String pages(String head) {
    return IntStream.rangeClosed(1, 3)
        .mapToObj(page -> head.formatted(page) + "\nText " + page + " of it.\n")
        .collect(Collectors.joining("\f"));
  }

  @Test
  void whatAMailAsksForAndAWordOfAnotherLanguageStay() {
    String request = "Hello,\n\nPlease unsubscribe me and keep this confidential.\n\nBob\n";
    assertThat(compressed(Compression.REPLIES, request)).isEqualTo(request);
    assertThat(compressed(Compression.REPLIES, "D'accord.\n\nLe 3 mai, Ann a écrit :\n> Quand ?\n"))
        .isEqualTo("D'accord.\n\n");
    String other = "D'accord.\n\nIl faut réécrit ceci :\n> Quand ?\n";
    assertThat(compressed(Compression.REPLIES, other)).contains("réécrit");
  }

  /** A tag between two words or numbers parts them still; inside one, it never did. */
  @Property(tries = 500)
  void tagsNeverJoinNumbersOrWords(@ForAll("marked") String document) {
    assertThat(tokens(compressed(Compression.FURNITURE, document))).isEqualTo(tokens(document));
  }

  private static List<String> tokens(String text) {
    return Arrays.stream(
            text.replaceAll("</?(?:b|span)>", "")
                .replaceAll("</?(?:td|p|br)[^<>]*>", " ")
                .split("\\s+"))
        .filter(token -> !token.isEmpty())
        .toList();
  }

  @Provide
  Arbitrary<String> marked() {
    return Arbitraries.of(
            "<td>",
            "</td>",
            "<p class=\"x\">",
            "</p>",
            "<br/>",
            "<b>",
            "</b>",
            "<span>",
            "</span>",
            "3.",
            "14",
            "10",
            "-5",
            "1,000",
            "not",
            "%",
            " ",
            " ",
            "\n",
            "a <b or c> 5",
            "x<y")
        .list()
        .ofMaxSize(25)
        .map(pieces -> String.join("", pieces));
  }

  @Test
  void ofAMailItsOwnWordsStay() {
    String mail =
        """
        Please do not ship order 1234.

        On Mon, 3 Nov 2026, Ann Lee <ann@example.com> wrote:
        > Shall we ship order 1234?
        >> Soon.

        Thanks, Bob

        This message is confidential and for the intended recipient only. If you
        received this e-mail in error, delete it.

        --\s
        Bob Roe, ACME
        +1 555 0100
        """;
    assertThat(compressed(Compression.REPLIES, mail))
        .isEqualTo("Please do not ship order 1234.\n\nThanks, Bob\n\n");
    assertThat(compressed(Compression.FURNITURE, mail)).contains("> Shall we", "+1 555 0100");
  }

  @Test
  void anEarlierMailBelowGoesAndAForwardedOneStays() {
    String below = "From: a@b.c\nSubject: order\nIt is late.\n";
    assertThat(compressed(Compression.REPLIES, "Agreed.\n\n-----Original Message-----\n" + below))
        .isEqualTo("Agreed.\n\n");
    String forward = "---------- Forwarded message ---------\n" + below;
    assertThat(compressed(Compression.REPLIES, forward)).isEqualTo(forward);
    String only = "-----Original Message-----\n" + below;
    assertThat(compressed(Compression.REPLIES, only)).isEqualTo(only);
  }

  @Test
  void aMailOfNothingButQuotesStays() {
    assertThat(compressed(Compression.REPLIES, "> 3 ships sank.\n")).contains("3 ships sank");
  }

  /** Lines are kept whole and in order: no number, name, quote or negation is another. */
  @Property(tries = 500)
  void whatIsLeftIsASubsequenceOfTheDocumentsLines(
      @ForAll("documents") String document, @ForAll Compression level) {
    Excerpt kept = new Compressor(level).compress(document);
    List<String> before = said(document);
    List<String> after = said(kept.text());
    int at = 0;
    for (String line : after) {
      while (at < before.size() && !before.get(at).equals(line)) {
        at++;
      }
      assertThat(at).as(line).isLessThan(before.size());
      at++;
    }
    if (before.stream().anyMatch(line -> line.matches(".*[\\p{L}\\p{N}].*"))) {
      assertThat(after).isNotEmpty();
    }
  }

  @Property(tries = 300)
  void thePlacesAreThoseOfTheText(@ForAll("documents") String document, @ForAll Compression level) {
    Excerpt kept = new Compressor(level).compress(document);
    assertThat(at(document, kept.spans())).isEqualTo(kept.text());
  }

  @Property(tries = 300)
  void thePlacesOfWhatRetrievalLeavesOfItAreTheDocuments(@ForAll("documents") String document) {
    String longOne = document + " A sentence that is here. ".repeat(60) + document;
    Excerpt sent =
        new Shortener(
                dev.nightjar.pipelines.TestTasks.of(
                    dev.nightjar.pipelines.TestTasks.YAML
                        + "compression: replies\n"
                        + "retrieval: {document_tokens_max: 64, chunk_tokens: 32}\n"))
            .shorten(longOne);
    assertThat(at(longOne, sent.spans())).isEqualTo(sent.text().replace(SentencePicker.GAP, ""));
  }

  private static String at(String document, List<Excerpt.Span> spans) {
    int[] codePoints = document.codePoints().toArray();
    return spans.stream()
        .map(span -> new String(codePoints, span.start(), span.end() - span.start()))
        .collect(Collectors.joining());
  }

  private static List<String> said(String text) {
    return Arrays.stream(text.split("[\\r\\n]+"))
        .map(line -> line.replaceAll("</?(p|td|b)>", "").replaceAll("[\\s\\u00AD]+", ""))
        .filter(line -> !line.isEmpty())
        .toList();
  }

  @Provide
  Arbitrary<String> documents() {
    return Arbitraries.of(
            "Order 1234 was not paid by Ann Lee. ",
            "\"Never,\" said 𝕏 Müller, \"again.\"",
            "> It cost 3.50 USD, not 4. ",
            "> > No.",
            "On Mon, 3 Nov 2026, Ann wrote:",
            "-----Original Message-----",
            "-- ",
            "Bob Roe\u00AD  ",
            "confidential: if you received this mail in error, notify the sender",
            "<p>A <b>bold</b> claim</p>",
            "<td>12</td><td>5</td>",
            "Page 3 of 9",
            "\fREPORT 7",
            "==========",
            "",
            "   ",
            "𝕏")
        .list()
        .ofMaxSize(30)
        .flatMap(
            lines ->
                Arbitraries.of("\n", "\r\n", "\n\n").map(end -> String.join(end, lines) + end));
  }
}
