package dev.nightjar.runners;

import static dev.nightjar.runners.TestNights.one;
import static org.assertj.core.api.Assertions.assertThat;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.postgres.PostgresStores;
import dev.nightjar.cachestore.testing.TestPostgres;
import dev.nightjar.emulator.Emulator;
import dev.nightjar.runners.report.ReviewPage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A night whose answers quote. The emulator has one label to quote, which some documents hold. */
class QuotedNightTest {
  @TempDir Path home;

  private static final String TASK =
      """
      name: quoting
      system: When did it open? Quote the note.
      user: "{{text}}"
      output_schema:
        type: object
        additionalProperties: false
        required: [quote]
        properties:
          quote: {type: string, enum: ["The bridge opened in 1901."], x-quote: true}
      retrieval: {document_tokens_max: 64, chunk_tokens: 32, query: committee}
      tiers:
        - {name: small, provider: openai, model: gpt-6-luna, output_tokens_max: 60}
        - {name: large, provider: openai, model: gpt-6.2-sol, output_tokens_max: 600}
      """;

  @Test
  void aQuoteIsLocatedInTheWholeDocumentAndOneThatIsNotThereIsAskedWithMoreOfIt() throws Exception {
    DatabaseAddress database = TestPostgres.newDatabase();
    String filler = "The committee met and adjourned <early> & late. ".repeat(60);
    Path corpus =
        TestNights.write(
            home,
            "a.jsonl",
            List.of(
                "{\"id\":\"there\",\"text\":\"𝕏 "
                    + filler
                    + "The bridge opened in 1901. "
                    + filler
                    + "\"}",
                "{\"id\":\"absent\",\"text\":\"Nothing opened. " + filler + "\"}"));
    Path task = Files.writeString(home.resolve("task.yaml"), TASK);
    try (Emulator emulator = Emulator.in(home.resolve("emulator")).speed(200).start()) {
      TestNights.run(
          TestNights.plan(task, "night", Optional.empty(), corpus.toString()),
          database,
          emulator,
          TestNights.engine(EngineOptions.Engine.DIRECT));
      assertThat(TestNights.ledger(database))
          .as("ledger = invoice")
          .isEqualByComparingTo(emulator.invoice().total());
    }
    int start = 2 + filler.length();
    assertThat(
            one(
                database,
                "select place || ' ' || starts_at || ' ' || ends_at || ' ' || is_exact from located_quotes"
                    + " where document_id = 'there'"))
        .isEqualTo("$.quote " + start + " " + (start + 26) + " true");
    assertThat(one(database, "select failure_code from items where document_id = 'absent'"))
        .isEqualTo("ANSWER_INVALID");
    assertThat(
            one(
                database,
                "select string_agg(a.tier, ' ' order by a.attempt_number) from attempts a join items i using (item_key)"
                    + " where i.document_id = 'absent'"))
        .as("one tier up, and there with more and more of the document")
        .isEqualTo("small large large");
    assertThat(
            one(
                database,
                "select bool_and(more) from (select a.prompt_tokens > lag(a.prompt_tokens, 1, 0) over (order by a.attempt_number) as more"
                    + " from attempts a join items i using (item_key) where i.document_id = 'absent') m"))
        .isEqualTo("t");
    assertThat(one(database, "select count(*) from misses where document is not null"))
        .as("documents are kept until they are settled")
        .isEqualTo("0");
    assertThat(TestNights.defects(database)).isEqualTo("0");

    assertThat(
            one(
                database,
                "insert into answer_quotes select custom_id, namespace_id, p.place, field, starts_at, ends_at, page,"
                    + " is_exact, before, p.place, after from answer_quotes, (values ('$.z[10]'), ('$.z[9]')) p (place)"
                    + " returning place"))
        .isNotEmpty();
    String page;
    try (PostgresStores stores = StoreOptions.open(database)) {
      page = ReviewPage.html(stores.dataSource(), "night", 10, Instant.EPOCH);
    }
    assertThat(page)
        .contains("<mark>The bridge opened in 1901.</mark>", "there", "&lt;early&gt; &amp; late")
        .doesNotContain("absent", "<early>");
    assertThat(page.indexOf("<mark>$.z[9]"))
        .as("places are ordered as numbers")
        .isBetween(0, page.indexOf("<mark>$.z[10]"));
  }
}
