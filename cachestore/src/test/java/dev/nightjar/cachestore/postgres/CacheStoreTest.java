package dev.nightjar.cachestore.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.nightjar.cachestore.CacheCare;
import dev.nightjar.cachestore.CacheHit;
import dev.nightjar.cachestore.EmbeddedText;
import dev.nightjar.cachestore.Fingerprint;
import dev.nightjar.cachestore.LocatedQuote;
import dev.nightjar.cachestore.Miss;
import dev.nightjar.cachestore.Neighbour;
import dev.nightjar.cachestore.NewItem;
import dev.nightjar.cachestore.ReuseBounds;
import dev.nightjar.cachestore.SemanticLookup;
import dev.nightjar.cachestore.testing.MutableClock;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/**
 * The contract of {@link dev.nightjar.cachestore.CacheStore}, {@link CacheCare} and {@link
 * dev.nightjar.cachestore.EmbeddingStore}.
 */
class CacheStoreTest extends StoresFixture {
  @Test
  void anAnswerIsFoundByLikenessOnlyWithinItsNamespace() {
    miss(runId, "a", Optional.of(at(1, 1)));
    stores.work().electLeaders(runId, 2, 2, List.of(1));
    planned(runId, List.of(plan("a", 1, "small", "gpt-6-luna")));
    inProgress(packed("small").get(0));
    stores.settlements().settle(runId, List.of(succeeded("a", 1)));
    var query = java.util.Map.of("q", at(0.97, 2));
    assertThat(nearest(namespaceId, query).get("q"))
        .singleElement()
        .satisfies(
            neighbour -> {
              assertThat(neighbour.itemKey()).isEqualTo(key("a"));
              assertThat(neighbour.similarity()).isCloseTo(0.97, within(1e-6));
              assertThat(neighbour.answerClass()).as("a class of its own").isEqualTo(key("a"));
              assertThat(neighbour.guardMarks()).containsExactly("-");
            });
    assertThat(nearest(namespace("someone else"), query)).isEmpty();
    assertThat(stores.cache().lookupExact(namespace("someone else"), Set.of(key("a")), bounds(0)))
        .isEmpty();
  }

  @Test
  void aBorrowedAnswerHitsExactlyNextTimeUnlessTheThresholdWasRaised() {
    submitted("a");
    stores.settlements().settle(runId, List.of(succeeded("a", 1)));
    borrows(runId, "b", "a", 0.96);
    assertThat(itemState("b")).isEqualTo("answered by semantic_hit");
    assertThat(exact("b", bounds(0.95))).hasSize(1);
    assertThat(exact("b", bounds(0.97))).isEmpty();
  }

  @Test
  void manyNeighboursComeNearestFirst() {
    answered("a", at(0.9, 1));
    answered("b", at(0.99, 2));
    answered("c", at(0.5, 3));
    assertThat(nearest(namespaceId, java.util.Map.of("q", at(1, 1), "r", at(0.5, 3))))
        .satisfies(
            found -> {
              assertThat(found.get("q"))
                  .extracting(Neighbour::itemKey)
                  .containsExactly(key("b"), key("a"), key("c"));
              assertThat(found.get("r").get(0).itemKey()).isEqualTo(key("c"));
            });
  }

  @Test
  void anExpiredEntryIsFoundNeitherExactlyNorByLikenessAndIsAskedAgain() {
    answered("a", at(1, 1));
    ReuseBounds young = new ReuseBounds(2, 2, "", 2, "", NOW.plusSeconds(1));
    assertThat(exact("a", young)).isEmpty();
    assertThat(
            stores
                .cache()
                .nearest(namespaceId, java.util.Map.of("q", at(1, 1)), 5, young.writtenAfter()))
        .isEmpty();
    String next = openRun("again-" + runId, "again-" + runId, Optional.empty()).runId();
    stores.work().recordItems(next, List.of(new NewItem("d", key("a"), "f", 1, true, 100)));
    stores
        .work()
        .recordMisses(
            next,
            List.of(new Miss(key("a"), "d", Optional.empty(), List.of(), Optional.empty())),
            young);
    stores.work().electLeaders(next, 2, 2, List.of());
    assertThat(stores.work().leadersToPlan(next, List.of(key("a"))).get(key("a")).attemptNumber())
        .isEqualTo(2);
  }

  @Test
  void anAnswerBorrowedAtALearntThresholdIsKeptOnlyWhileTheThresholdAllows() {
    answered("a", at(1, 1));
    stores.work().recordItems(runId, List.of(new NewItem("doc-b", key("b"), "f", 2, true, 100)));
    stores
        .cache()
        .answerFromCache(
            runId,
            List.of(new CacheHit(key("b"), key("a"), 0.7, 0.9, "semantic")),
            List.of(lookup("b", "a", SemanticLookup.Decision.HIT)));
    assertThat(itemState("b")).isEqualTo("answered by semantic_hit");
    assertThat(exact("b", new ReuseBounds(0.5, 2, "near", 0.95, "semantic", Instant.EPOCH)))
        .as("the vote is too low, whatever the cosine")
        .isEmpty();
    assertThat(exact("b", new ReuseBounds(2, 2, "near", 0.9, "semantic", Instant.EPOCH)))
        .hasSize(1);
    assertThat(exact("b", new ReuseBounds(2, 2, "near", 0.9, "other guards", Instant.EPOCH)))
        .as("other rules let it in")
        .isEmpty();
    assertThat(
            one(
                "select count(*) from cache_entries a join cache_entries b using (created_at) where"
                    + " a.item_key = '"
                    + key("a")
                    + "' and b.item_key = '"
                    + key("b")
                    + "'"))
        .as("a borrowed answer is as old as its source, so that it expires with it")
        .isEqualTo("1");
  }

  @Test
  void anEntryForgottenBetweenLookUpAndUseAnswersNothing() {
    answered("a", at(1, 1));
    String next = openRun("next-" + runId, "next-" + runId, Optional.empty()).runId();
    stores.work().recordItems(next, List.of(new NewItem("d", key("a"), "f", 1, true, 100)));
    var hits = exact("a", ReuseBounds.OWN_ANSWERS);
    assertThat(stores.cacheCare().forget(selection(Optional.of("$.answer == \"zzz\"")), false))
        .isZero();
    assertThat(stores.cacheCare().forget(selection(Optional.empty()), false)).isEqualTo(1);
    assertThat(stores.cache().answerFromCache(next, List.copyOf(hits.values()), List.of()))
        .isEmpty();
  }

  @Test
  void whatIsLentWhileItsSourceIsForgottenIsForgottenToo() throws Exception {
    answered("a", at(1, 1));
    stores.work().recordItems(runId, List.of(new NewItem("doc-b", key("b"), "f", 2, true, 100)));
    List<CacheHit> hits = List.of(new CacheHit(key("b"), key("a"), 0.96, 0.96, "semantic"));
    ExecutorService forgetting = Executors.newSingleThreadExecutor();
    try {
      Future<Long> forgotten =
          org.jooq
              .impl
              .DSL
              .using(stores.dataSource(), org.jooq.SQLDialect.POSTGRES)
              .transactionResult(
                  lending -> {
                    PostgresCacheStore.answer(lending.dsl(), new MutableClock(NOW), runId, hits);
                    Future<Long> running =
                        forgetting.submit(
                            () -> stores.cacheCare().forget(selection(Optional.empty()), false));
                    while (one("select count(*) from pg_locks where not granted").equals("0")) {
                      Thread.onSpinWait(); // it wants the source, and has not seen the copy
                    }
                    return running;
                  });
      assertThat(forgotten.get()).isEqualTo(2);
    } finally {
      forgetting.shutdown();
    }
    assertThat(one("select count(*) from cache_entries where namespace_id = " + namespaceId))
        .isEqualTo("0");
  }

  @Test
  void answersOfAModelAreForgottenBorrowedAndImportedOnesAmongThem() throws Exception {
    answered("a", at(1, 1));
    borrows(runId, "b", "a", 0.96);
    CacheCare.Selection all = selection(Optional.empty());
    java.io.StringWriter exported = new java.io.StringWriter();
    stores.cacheCare().export(all.tenant(), exported);
    String elsewhere = exported.toString().replace(key("a"), key("x")).replace(key("b"), key("y"));
    assertThat(
            stores
                .cacheCare()
                .importFrom(new java.io.BufferedReader(new java.io.StringReader(elsewhere))))
        .isEqualTo(2);
    assertThat(stores.cacheCare().forget(of(all, "gpt-6.2-sol"), false)).isZero();
    assertThat(stores.cacheCare().forget(of(all, "gpt-6-luna"), true)).isEqualTo(4);
    assertThat(stores.cacheCare().forget(of(all, "gpt-6-luna"), false)).isEqualTo(4);
  }

  @Test
  void aBorrowedAnswerThatNobodyUsedAgainGoesBeforeItsSource() {
    // Of equals the one with the larger key would go.
    boolean isLarger = key("a").compareTo(key("b")) > 0;
    String source = isLarger ? "a" : "b";
    String borrower = isLarger ? "b" : "a";
    answered(source, at(1, 1));
    String next = openRun("next-" + runId, "next-" + runId, Optional.empty()).runId();
    stores.work().recordItems(next, List.of(new NewItem("d", key(borrower), "f", 1, true, 100)));
    stores
        .cache()
        .answerFromCache(
            next,
            List.of(new CacheHit(key(borrower), key(source), 0.96, 0.96, "semantic")),
            List.of());
    long bytes = cachedBytes();
    assertThat(stores.cacheCare().evict(namespaceId, Instant.EPOCH, Optional.of(bytes - 1)))
        .isEqualTo(1);
    assertThat(one("select item_key from cache_entries where namespace_id = " + namespaceId))
        .isEqualTo(key(source));
  }

  @Test
  void whatSavesLeastAnHourGoesFirstAndWhatHasExpiredBeforeThat() {
    answered("used", at(1, 1));
    answered("unused", at(0.5, 2));
    String next = openRun("next-" + runId, "next-" + runId, Optional.empty()).runId();
    stores.work().recordItems(next, List.of(new NewItem("d", key("used"), "f", 1, true, 100)));
    stores
        .cache()
        .answerFromCache(next, List.of(CacheHit.exact(key("used"), key("used"), 1)), List.of());
    long bytes = cachedBytes();
    assertThat(stores.cacheCare().evict(namespaceId, Instant.EPOCH, Optional.of(bytes))).isZero();
    assertThat(stores.cacheCare().evict(namespaceId, Instant.EPOCH, Optional.of(bytes - 1)))
        .isEqualTo(1);
    assertThat(one("select item_key from cache_entries where namespace_id = " + namespaceId))
        .isEqualTo(key("used"));
    assertThat(stores.cacheCare().evict(namespaceId, NOW, Optional.empty())).isEqualTo(1);
  }

  @Test
  void whatAnAnswerQuotedIsForgottenWithIt() {
    answered("a", at(1, 1));
    answered("b", at(0.5, 2));
    quotes("a");
    quotes("b");
    assertThat(stores.cacheCare().forget(selection(Optional.of("$.answer == \"a\"")), false))
        .isEqualTo(1);
    assertThat(one("select string_agg(custom_id, ' ') from answer_quotes"))
        .isEqualTo(customId("b", 1));
    assertThat(stores.cacheCare().evict(namespaceId, Instant.EPOCH, Optional.of(0L))).isEqualTo(1);
    assertThat(one("select count(*) from answer_quotes")).isEqualTo("0");
  }

  private void quotes(String name) {
    stores
        .work()
        .keepQuotes(
            List.of(
                new LocatedQuote(
                    customId(name, 1), "$.q", "", 0, 3, OptionalInt.empty(), true, "", "abc", "")));
  }

  @Test
  void whatMustNotBeInACacheIsFound() {
    answered("a", at(1, 1));
    answered("b", at(0.9, 2));
    String tenant = one("select tenant from namespaces where namespace_id = " + namespaceId);
    assertThat(stores.cacheCare().defects(tenant, 10)).isEmpty();
    assertThat(stores.cacheCare().recallAtOne(tenant, 10)).contains(1.0);
    assertThatThrownBy(
            () ->
                execute(
                    "update cache_entries set answer = '{}' where item_key = '" + key("a") + "'"))
        .as("no answer at all cannot even be stored")
        .hasMessageContaining("cache_entries_answer_is_not_empty");
    execute("update cache_entries set answer = '7' where item_key = '" + key("a") + "'");
    execute(
        "update cache_entries set embedding = embedding + embedding where item_key = '"
            + key("b")
            + "'");
    assertThat(stores.cacheCare().defects(tenant, 10))
        .extracting(CacheCare.Defect::what)
        .containsExactlyInAnyOrder("its answer is empty", "its vector is not of unit length");
  }

  @Test
  void aVectorIsFoundAgainByItsContentBitForBitButNotByAnotherTenantOrModel() {
    String hash = Fingerprint.sha256("text");
    EmbeddedText embedded = new EmbeddedText(Optional.of(at(0.123456789, 7)), 3);
    stores.embeddings().save(namespaceId, java.util.Map.of(hash, embedded));
    stores
        .embeddings()
        .save(namespaceId, java.util.Map.of(hash, new EmbeddedText(Optional.empty(), 1)));
    assertThat(stores.embeddings().find(namespaceId, Set.of(hash, Fingerprint.sha256("other"))))
        .containsExactly(java.util.Map.entry(hash, embedded));
    assertThat(stores.embeddings().find(namespace("someone else"), Set.of(hash))).isEmpty();
  }

  private CacheCare.Selection selection(Optional<String> predicate) {
    return new CacheCare.Selection(
        one("select tenant from namespaces where namespace_id = " + namespaceId),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        predicate);
  }

  private static CacheCare.Selection of(CacheCare.Selection all, String model) {
    return new CacheCare.Selection(
        all.tenant(), all.task(), Optional.of(model), all.writtenBefore(), all.answerPredicate());
  }

  private long cachedBytes() {
    return Long.parseLong(
        one(
            "select sum(pg_column_size(c.*)) from cache_entries c where namespace_id = "
                + namespaceId));
  }
}
