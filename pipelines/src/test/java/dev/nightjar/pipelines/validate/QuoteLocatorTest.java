package dev.nightjar.pipelines.validate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.LocatedQuote;
import dev.nightjar.pipelines.model.SourceDocument;
import dev.nightjar.pipelines.task.Compression;
import java.util.Map;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class QuoteLocatorTest {
  private static final String DOCUMENT =
      "😀 The Council met on Monday. It found that the price of wheat had risen by 12.5 percent,"
          + " which no-\nbody had foreseen. 委员会今天讨论了小麦的价格问题并且通过了决议。 Giá lúa mì đã tăng"
          + " mạnh trong mùa đông. ارتفع سعر القمح في الشتاء الماضي كثيرا.";

  private static final String SCHEMA =
      "{\"type\":\"object\",\"properties\":{\"quotes\":{\"type\":\"array\",\"items\":"
          + "{\"type\":\"string\",\"x-quote\":true}},\"why\":{\"type\":\"string\"}}}";

  private final QuoteLocator locator = new QuoteLocator(DOCUMENT);

  @Test
  void anExactQuoteIsFoundByItsCodePoints() {
    QuoteLocator.Place place = locator.locate("The Council met").orElseThrow();
    assertThat(place.isExact()).isTrue();
    assertThat(place.start()).isEqualTo(2); // an emoji is one code point
    assertThat(place.end()).isEqualTo(17);
  }

  @Test
  void caseWhiteSpaceAndHyphenationDoNotMatter() {
    assertThat(found("the COUNCIL\n met on monday")).contains("The Council met on Monday");
    assertThat(found("which nobody had foreseen.")).contains("which no-\nbody had foreseen.");
  }

  @Test
  void oneWordMayDifferBeMissingOrBeTooMuch() {
    String source = "It found that the price of wheat had risen";
    assertThat(found("It found that the price of barley had risen")).contains(source);
    assertThat(found("It found that the price of had risen")).contains(source);
    assertThat(found("It found that the whole price of wheat had risen")).contains(source);
    assertThat(found("We found that the price of wheat had risen")).contains(source);
    assertThat(found("委员会今天讨论了大米的价格问题")).contains("委员会今天讨论了小麦的价格问题");
  }

  @Test
  void twoWordsMayNot() {
    assertThat(found("It found that the cost of barley had risen")).isEmpty();
  }

  @Test
  void vietnameseAndArabicAreFound() {
    assertThat(found("giá lúa mì ĐÃ tăng")).contains("Giá lúa mì đã tăng");
    assertThat(found("ارتفع سعر  القمح")).contains("ارتفع سعر القمح");
  }

  @Test
  void aNumberKeepsItsPoint() {
    assertThat(found("risen by 125 percent")).isEmpty();
  }

  @Test
  void whatIsAbsentIsNotFound() {
    assertThat(found("The Council adjourned without any vote at all")).isEmpty();
    assertThat(found("")).isEmpty();
    assertThat(found("***")).isEmpty();
  }

  @Property(tries = 300)
  void everyStretchOfADocumentIsFoundInIt(@ForAll String document, @ForAll int seed) {
    int length = document.codePointCount(0, document.length());
    int start = Math.floorMod(seed, length + 1);
    int end = start + Math.floorMod(seed / 7, length - start + 1);
    String quote =
        document.substring(
            document.offsetByCodePoints(0, start), document.offsetByCodePoints(0, end));
    Optional<QuoteLocator.Place> place = new QuoteLocator(document).locate(quote);
    assertThat(place.map(QuoteLocator.Place::text))
        .isEqualTo(quote.isEmpty() ? Optional.empty() : Optional.of(quote));
  }

  @Test
  void anAnswersQuoteIsPutRight() {
    assertThat(judge("{\"quotes\":[\"THE council met\"]}").answerJson())
        .contains("{\"quotes\":[\"The Council met\"]}");
  }

  @Test
  void anAnswerThatQuotesWhatIsNotThereIsInvalid() {
    AnswerValidator.Verdict verdict = judge("{\"quotes\":[\"The Council resigned\"]}");
    assertThat(verdict.code()).contains(ErrorCode.ANSWER_INVALID);
    assertThat(verdict.reason()).isEqualTo("$.quotes[0] quotes what is not in the document");
  }

  @Test
  void aQuoteIsLocatedInTheWholeDocumentWithWhatStandsAroundIt() {
    SourceDocument document =
        new SourceDocument("d", "𝕏 one.\fHe said: the Bridge opened.", Map.of("title", "A note"));
    AnswerValidator.Verdict verdict =
        new AnswerValidator(SCHEMA)
            .validate(
                "{\"quotes\":[\"The bridge opened\",\"A note\"]}",
                QuoteSource.of(document, Compression.NONE));
    assertThat(verdict.answerJson()).contains("{\"quotes\":[\"the Bridge opened\",\"A note\"]}");
    assertThat(verdict.quotes())
        .extracting(
            LocatedQuote::place, LocatedQuote::field, LocatedQuote::start, LocatedQuote::end)
        .containsExactly(tuple("$.quotes[0]", "", 16, 33), tuple("$.quotes[1]", "title", 0, 6));
    LocatedQuote first = verdict.quotes().get(0);
    assertThat(first.page()).hasValue(2);
    assertThat(first.isExact()).isFalse();
    assertThat(first.before() + first.quote() + first.after()).isEqualTo(document.text());
  }

  @Test
  void aQuoteAcrossWhatCompressionLeftOutIsLocatedInTheDocument() {
    String text =
        "𝕏 one.\n"
            + "The bridge was\n"
            + "Page 1 of 9\n"
            + "opened on a <b>very</b><br> cold day in 1901.\n"
            + "End.\n";
    SourceDocument document = new SourceDocument("d", text, Map.of());
    for (String quote : new String[] {"The bridge was\nopened on a", "a very cold day in 1901."}) {
      String answer = "{\"quotes\":[\"" + quote.replace("\n", "\\n") + "\"]}";
      AnswerValidator.Verdict verdict =
          new AnswerValidator(SCHEMA)
              .validate(answer, QuoteSource.of(document, Compression.FURNITURE));
      assertThat(verdict.answerJson()).as(quote).contains(answer);
      LocatedQuote located = verdict.quotes().get(0);
      int[] codePoints = text.codePoints().toArray();
      assertThat(new String(codePoints, located.start(), located.end() - located.start()))
          .isEqualTo(located.quote())
          .startsWith(quote.substring(0, 2));
      assertThat(located.isExact()).isFalse();
    }
    assertThat(
            new AnswerValidator(SCHEMA)
                .validate(
                    "{\"quotes\":[\"The bridge was closed\"]}",
                    QuoteSource.of(document, Compression.FURNITURE))
                .isMisquoted())
        .isTrue();
  }

  @Test
  void anEmptyQuoteQuotesNothingWhereTheSchemaLetsIt() {
    assertThat(judge("{\"quotes\":[\"\",\"The Council met\"]}").answerJson()).isPresent();
    String schema = SCHEMA.replace("\"x-quote\"", "\"minLength\":1,\"x-quote\"");
    assertThat(
            new AnswerValidator(schema)
                .validate("{\"quotes\":[\"\"]}", QuoteSource.ofPrompt(DOCUMENT))
                .code())
        .contains(ErrorCode.ANSWER_INVALID);
  }

  @Test
  void aMisquoteIsToldFromOtherFaults() {
    assertThat(judge("{\"quotes\":[\"The Council resigned\"]}").isMisquoted()).isTrue();
    assertThat(judge("{\"quotes\":[1]}").isMisquoted()).isFalse();
    assertThat(judge("{\"quotes\":[\"The Council met\"]}").quotes()).isEmpty();
  }

  @Test
  void withoutWhatItWasAskedAnAnswerThatQuotesStaysUnjudged() {
    assertThat(new AnswerValidator(SCHEMA).validate("{\"quotes\":[]}").isUnjudged()).isTrue();
  }

  private static AnswerValidator.Verdict judge(String answer) {
    return new AnswerValidator(SCHEMA).validate(answer, QuoteSource.ofPrompt(DOCUMENT));
  }

  private Optional<String> found(String quote) {
    return locator.locate(quote).map(QuoteLocator.Place::text);
  }
}
