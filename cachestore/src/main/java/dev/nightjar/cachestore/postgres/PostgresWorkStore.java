package dev.nightjar.cachestore.postgres;

import static dev.nightjar.cachestore.postgres.Sql.array;
import static dev.nightjar.cachestore.postgres.Sql.fetch;
import static dev.nightjar.cachestore.postgres.Sql.ints;
import static dev.nightjar.cachestore.postgres.Sql.longs;
import static dev.nightjar.cachestore.postgres.Sql.texts;

import dev.nightjar.cachestore.AttemptPlan;
import dev.nightjar.cachestore.CacheHit;
import dev.nightjar.cachestore.DeadLetter;
import dev.nightjar.cachestore.ErrorCode;
import dev.nightjar.cachestore.FileReading;
import dev.nightjar.cachestore.Leader;
import dev.nightjar.cachestore.LeaderElection;
import dev.nightjar.cachestore.LeaderFailure;
import dev.nightjar.cachestore.LocatedQuote;
import dev.nightjar.cachestore.Miss;
import dev.nightjar.cachestore.NewItem;
import dev.nightjar.cachestore.ReuseBounds;
import dev.nightjar.cachestore.WorkStore;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jooq.DSLContext;
import org.jooq.Record;
import org.jspecify.annotations.Nullable;

/** Items and misses in {@code items}, {@code misses} and {@code near_duplicate_bands}. */
final class PostgresWorkStore implements WorkStore {
  /** Candidates decided at a time: of so many that no leader is near, all pairs are compared. */
  private static final int ELECTION_BLOCK = 500;

  /**
   * Leaders that share a band with candidates. Band by band: no statistics know of leaders that
   * this very election has made, and a planner that expects none reads all of them for each
   * candidate.
   */
  private static final String LEADERS_BUCKET =
      """
      with bucket as (
          select distinct k.item_key as candidate, b.item_key as neighbour, 'leader' as state
          from unnest(?::text[]) as k (item_key)
          cross join lateral (
              select * from near_duplicate_bands where item_key = k.item_key offset 0
          ) a
          cross join lateral (
              select l.item_key
              from near_duplicate_bands l
              where l.namespace_id = a.namespace_id
                and l.band = a.band
                and l.bits = a.bits
                and l.is_leaders
              offset 0
          ) b
          where b.item_key <> k.item_key
      )
      """;

  /** Those of a block with a smaller key, and without a leader, that share a band. */
  private static final String BLOCK_BUCKET =
      """
      with block as materialized (
          select * from near_duplicate_bands where item_key = any (?::text[])
      ),
      open as materialized (
          select * from near_duplicate_bands where item_key = any (?::text[])
      ),
      bucket as (
          select distinct a.item_key as candidate, b.item_key as neighbour, 'candidate' as state
          from block a
          join open b on b.namespace_id = a.namespace_id and b.band = a.band and b.bits = a.bits and b.item_key < a.item_key
      )
      """;

  /** Texts compared by different measures share no band. */
  private static final int JACCARD_BANDS_FROM = 100;

  private final DSLContext context;
  private final Clock clock;
  private final Budget budget;

  PostgresWorkStore(DSLContext context, Clock clock, Budget budget) {
    this.context = context;
    this.clock = clock;
    this.budget = budget;
  }

  @Override
  public void recordItems(String runId, List<NewItem> items) {
    context.execute(
        """
        insert into items (
            run_id, document_id, namespace_id, item_key, source_uri, source_position,
            is_representative, whole_prompt_tokens, state)
        select
            r.run_id, d.document_id, r.namespace_id, d.item_key, d.source_uri, d.source_position,
            d.is_representative, d.whole_prompt_tokens, 'new'
        from unnest(?::text[], ?::text[], ?::text[], ?::bigint[], ?::boolean[], ?::integer[])
            as d (document_id, item_key, source_uri, source_position, is_representative, whole_prompt_tokens)
        join runs r on r.run_id = ?
        on conflict (run_id, document_id) do nothing
        """,
        texts(items, NewItem::documentId),
        texts(items, NewItem::itemKey),
        texts(items, NewItem::sourceUri),
        longs(items, NewItem::sourcePosition),
        items.stream().map(NewItem::representative).toArray(Boolean[]::new),
        ints(items, NewItem::wholePromptTokens),
        runId);
  }

  @Override
  public Set<String> undecided(String runId, Collection<String> itemKeys) {
    return new HashSet<>(
        Sql.column(
            fetch(
                context,
                """
                -- Joined, as everywhere: a bound '= any' is compared key by key with each open item.
                select distinct i.item_key
                from (select distinct u.item_key from unnest(?::text[]) as u (item_key)) k
                join items i on i.item_key = k.item_key and i.run_id = ?
                left join misses m on m.item_key = i.item_key
                where i.state = 'new'
                   or (i.state = 'waiting' and m.run_id = i.run_id and m.state = 'leader')
                """,
                array(itemKeys),
                runId),
            "item_key",
            String.class));
  }

  @Override
  public void recordFiles(String runId, List<FileReading> files) {
    context.execute(
        """
        insert into run_files (
            run_id, source_uri, format, encoding, separator, header, assumptions, documents, refused)
        select
            ?, f.source_uri, f.format, nullif(f.encoding, ''), nullif(f.separator, ''),
            array(select jsonb_array_elements_text(f.header::jsonb)),
            array(select jsonb_array_elements_text(f.assumptions::jsonb)),
            f.documents, f.refused
        from unnest(?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::bigint[], ?::bigint[])
            as f (source_uri, format, encoding, separator, header, assumptions, documents, refused)
        on conflict (run_id, source_hash) do update
        set format = excluded.format,
            encoding = excluded.encoding,
            separator = excluded.separator,
            header = excluded.header,
            assumptions = excluded.assumptions,
            documents = excluded.documents,
            refused = excluded.refused
        """,
        runId,
        texts(files, FileReading::sourceUri),
        texts(files, FileReading::format),
        texts(files, FileReading::encoding),
        texts(files, FileReading::separator),
        texts(files, file -> Sql.json(file.header())),
        texts(files, file -> Sql.json(file.assumptions())),
        longs(files, FileReading::documents),
        longs(files, FileReading::refused));
  }

  @Override
  public void recordDeadLetters(String runId, List<DeadLetter> deadLetters) {
    context.execute(
        """
        insert into dead_letters (run_id, source_uri, source_position, document_id, code, reason, created_at)
        select ?, d.source_uri, d.source_position, nullif(d.document_id, ''), d.code, d.reason, ?
        from unnest(?::text[], ?::bigint[], ?::text[], ?::text[], ?::text[])
            as d (source_uri, source_position, document_id, code, reason)
        on conflict do nothing
        """,
        runId,
        Sql.now(clock),
        texts(deadLetters, DeadLetter::sourceUri),
        longs(deadLetters, DeadLetter::position),
        texts(deadLetters, DeadLetter::documentId),
        texts(deadLetters, letter -> letter.code().name()),
        texts(deadLetters, DeadLetter::reason));
  }

  @Override
  public void recordMisses(String runId, List<Miss> unordered, ReuseBounds bounds) {
    List<Miss> misses =
        unordered.stream().sorted(java.util.Comparator.comparing(Miss::itemKey)).toList();
    String[] keys = texts(misses, Miss::itemKey);
    Transactions.run(
        context,
        configuration -> {
          DSLContext tx = configuration.dsl();
          tx.execute(
              """
              insert into misses (
                  item_key, namespace_id, run_id, document_id, state, embedding, guard_marks, policy, measure, shingles, created_at)
              select
                  d.item_key, r.namespace_id, r.run_id, d.document_id, 'candidate', d.embedding::vector,
                  string_to_array(d.guard_marks, ','), ?, case when d.shingles is null then 'cosine' else 'jaccard' end,
                  d.shingles::integer[], ?
              from unnest(?::text[], ?::text[], ?::text[], ?::text[], ?::text[])
                  as d (item_key, document_id, embedding, guard_marks, shingles)
              join runs r on r.run_id = ?
              order by d.item_key
              on conflict (item_key) do nothing
              """,
              bounds.followerPolicy(),
              Sql.now(clock),
              keys,
              texts(misses, Miss::documentId),
              texts(misses, miss -> miss.embedding().map(Sql::vector).orElse(null)),
              texts(misses, PostgresWorkStore::guardMarks),
              texts(misses, PostgresWorkStore::shingles),
              runId);
          // Held to the end, in key order, as settling holds them: what is read below stays true,
          // and whoever
          // settles one of these keys sees the documents that begin to wait for it here.
          fetch(
              tx,
              "select item_key from misses where item_key = any (?::text[]) order by item_key for update",
              (Object) keys);
          // Settled by an earlier run. If its answer is in the cache it was written since we
          // looked; if
          // not, the key failed or was forgotten, and this run asks it again with the next attempt
          // number.
          List<CacheHit> answeredMeanwhile =
              fetch(
                      tx,
                      """
                      select m.item_key, e.source_key, e.similarity
                      from misses m
                      join cache_entries e using (item_key)
                      where m.item_key = any (?::text[])
                        and m.state in ('answered', 'failed')
                        and ?
                      """,
                      keys,
                      PostgresCacheStore.usable(bounds))
                  .map(
                      row ->
                          CacheHit.exact(
                              row.get("item_key", String.class),
                              row.get("source_key", String.class),
                              row.get("similarity", Double.class)));
          PostgresCacheStore.answer(tx, clock, runId, answeredMeanwhile);
          tx.execute(
              """
              update items i
              set state = 'failed',
                  failure_code = m.lasting_failure_code,
                  failure_reason = m.lasting_failure_reason
                      || '; it failed so before and is not asked again: ''nightjar items retry'' has it asked',
                  settled_at = ?
              from misses m
              where m.item_key = any (?::text[])
                and m.state = 'failed'
                and m.lasting_failure_code is not null
                and i.item_key = m.item_key
                and i.run_id = ?
                and i.state = 'new'
              """,
              Sql.now(clock),
              keys,
              runId);
          tx.execute(
              """
              update misses m
              set run_id = ?,
                  document_id = d.document_id,
                  state = 'candidate',
                  leader_key = null,
                  similarity = null,
                  embedding = d.embedding::vector,
                  guard_marks = string_to_array(d.guard_marks, ','),
                  policy = ?,
                  measure = case when d.shingles is null then 'cosine' else 'jaccard' end,
                  shingles = d.shingles::integer[],
                  attempts_first = m.attempts_used + 1
              from unnest(?::text[], ?::text[], ?::text[], ?::text[], ?::text[])
                  as d (item_key, document_id, embedding, guard_marks, shingles)
              where m.item_key = d.item_key
                and m.state in ('answered', 'failed')
                and not exists (
                    select
                    from cache_entries e
                    where e.item_key = m.item_key
                      and ?)
                -- A second process of this run may have settled the key since this one looked.
                and exists (
                    select
                    from items i
                    where i.run_id = ?
                      and i.item_key = m.item_key
                      and i.state = 'new')
              """,
              runId,
              bounds.followerPolicy(),
              keys,
              texts(misses, Miss::documentId),
              texts(misses, miss -> miss.embedding().map(Sql::vector).orElse(null)),
              texts(misses, PostgresWorkStore::guardMarks),
              texts(misses, PostgresWorkStore::shingles),
              PostgresCacheStore.usable(bounds),
              runId);
          // Followers of a leader that nobody has asked would wait for ever, and a follower that is
          // less like
          // its leader than this run's task allows must not get its answer: both stand for
          // themselves.
          tx.execute(
              """
              update misses m
              set run_id = ?,
                  state = 'candidate',
                  leader_key = null,
                  similarity = null,
                  policy = ?
              where m.item_key = any (?::text[])
                and m.state = 'follower'
                and (m.policy is distinct from ?
                    or m.similarity < case m.measure when 'jaccard' then ?::real else ?::real end
                    or (m.run_id <> ?
                        and not exists (
                    select
                    from runs r
                    where r.run_id = m.run_id
                      and r.run_id <> ?
                      and r.state = 'open'
                      and r.alive_until > ?)
                        and not exists (
                            select
                            from misses l
                            where l.item_key = m.leader_key
                              and l.state = 'asked')))
              """,
              runId,
              bounds.followerPolicy(),
              keys,
              bounds.followerPolicy(),
              bounds.jaccardMin(),
              bounds.similarityMin(),
              runId,
              runId,
              Sql.now(clock));
          // Begun by a run that no process drives any more: whoever needs the answer carries on
          // where it stood. A leader stays a leader, because followers may point at it. A plan,
          // which is removed, takes no request that waits to be sent.
          tx.execute(
              """
              update misses m
              set run_id = ?,
                  policy = ?
              where m.item_key = any (?::text[])
                and m.run_id <> ?
                and m.state in ('candidate', 'leader')
                and not exists (
                    select
                    from runs r
                    where r.run_id = m.run_id
                      and r.run_id <> ?
                      and r.state = 'open'
                      and r.alive_until > ?)
                and not exists (
                    select
                    from runs p
                    join attempts a on a.item_key = m.item_key and a.ended_at is null
                    where p.run_id = ?
                      and p.state = 'planning')
              """,
              runId,
              bounds.followerPolicy(),
              keys,
              runId,
              runId,
              Sql.now(clock),
              runId);
          recordBands(tx, misses);
          // Everything but a candidate of this run already has someone to wait for; so have
          // documents of
          // other runs whose candidate was just taken over.
          tx.execute(
              """
              update items i
              set state = 'waiting',
                  leader_key = coalesce(m.leader_key, m.item_key),
                  similarity = coalesce(m.similarity, 1)
              from misses m
              where i.item_key = any (?::text[])
                and i.state = 'new'
                and m.item_key = i.item_key
                and ((i.run_id = ? and (m.state in ('leader', 'follower', 'asked') or (m.state = 'candidate' and m.run_id <> ?)))
                    or (i.run_id <> ? and m.run_id = ? and m.state in ('candidate', 'leader')))
              """,
              keys,
              runId,
              runId,
              runId,
              runId);
        });
  }

  @Override
  public void failLeaders(String runId, List<LeaderFailure> failures) {
    if (failures.isEmpty()) {
      return;
    }
    List<LeaderFailure> ordered =
        failures.stream().sorted(java.util.Comparator.comparing(LeaderFailure::itemKey)).toList();
    Transactions.run(
        context,
        configuration -> {
          DSLContext tx = configuration.dsl();
          Budget.holdMisses(tx, texts(ordered, LeaderFailure::itemKey));
          List<String> ours =
              Sql.column(
                  fetch(
                      tx,
                      """
                      select m.item_key
                      from misses m
                      join runs r on r.run_id = m.run_id and r.state <> 'planning' -- a plan only reads
                      where m.item_key = any (?::text[])
                        and m.run_id = ?
                        and m.state = 'leader'
                      """,
                      texts(ordered, LeaderFailure::itemKey),
                      runId),
                  "item_key",
                  String.class);
          List<LeaderFailure> failed =
              ordered.stream().filter(failure -> ours.contains(failure.itemKey())).toList();
          String[] keys = texts(failed, LeaderFailure::itemKey);
          String[] codes = texts(failed, failure -> failure.code().name());
          String[] reasons = texts(failed, LeaderFailure::reason);
          Budget.fail(tx, clock, keys, codes, reasons);
          Budget.failLasting(tx, keys, codes, reasons);
        });
  }

  private static @Nullable String guardMarks(Miss miss) {
    return miss.guardMarks().isEmpty() ? null : String.join(",", miss.guardMarks());
  }

  private static @Nullable String shingles(Miss miss) {
    return miss.likeness()
        .map(
            likeness ->
                likeness instanceof Miss.Likeness.Jaccard jaccard
                    ? Arrays.stream(jaccard.shingles().hashes())
                        .mapToObj(Integer::toString)
                        .collect(Collectors.joining(",", "{", "}"))
                    : null)
        .orElse(null);
  }

  private static void recordBands(DSLContext tx, List<Miss> misses) {
    List<String> keys = new ArrayList<>();
    List<Integer> bands = new ArrayList<>();
    List<Integer> bits = new ArrayList<>();
    for (Miss miss : misses) {
      if (miss.likeness().isEmpty()) {
        continue;
      }
      Miss.Likeness likeness = miss.likeness().get();
      List<Integer> hashes = likeness.bands();
      int first = likeness instanceof Miss.Likeness.Jaccard ? JACCARD_BANDS_FROM : 0;
      for (int band = 0; band < hashes.size(); band++) {
        keys.add(miss.itemKey());
        bands.add(first + band);
        bits.add(hashes.get(band));
      }
    }
    if (keys.isEmpty()) {
      return;
    }
    tx.execute(
        """
        insert into near_duplicate_bands (item_key, namespace_id, band, bits, is_leaders)
        select d.item_key, m.namespace_id, d.band, d.bits, m.state <> 'candidate'
        from unnest(?::text[], ?::smallint[], ?::integer[]) as d (item_key, band, bits)
        join misses m on m.item_key = d.item_key
        where m.state in ('candidate', 'leader', 'asked')
        on conflict do nothing
        """,
        array(keys),
        bands.toArray(Integer[]::new),
        bits.toArray(Integer[]::new));
  }

  @Override
  public void electLeaders(
      String runId, double similarityMin, double jaccardMin, List<Integer> guards) {
    // All candidates have just come in. Without statistics the planner reads the bands of all texts
    // for each of them: minutes instead of a second for 5,752. On its own, for it keeps its locks.
    fetch(context, "select refresh_statistics()");
    Bounds bounds = new Bounds(similarityMin, jaccardMin, guards.toArray(Integer[]::new));
    String last = "";
    do {
      String after = last;
      last =
          Transactions.result(
              context, configuration -> electBlock(configuration.dsl(), runId, after, bounds));
    } while (!last.isEmpty());
  }

  /** Within which bounds two texts are alike, and which guards must not tell them apart. */
  private record Bounds(double similarityMin, double jaccardMin, Integer[] guards) {}

  /**
   * Decides the next candidates in key order. Each block is a transaction of its own, so that
   * nobody waits for a whole election; what it decided is what the next one finds decided, also
   * after an interruption.
   *
   * @return the last of them; empty if there are none
   */
  private static String electBlock(DSLContext tx, String runId, String after, Bounds bounds) {
    // Two processes decide one after the other, so that neither misses what the other decided.
    fetch(
        tx,
        "select pg_advisory_xact_lock(hashtext('nightjar elect'), namespace_id::integer) from runs where run_id = ?",
        runId);
    List<String> block =
        Sql.column(
            fetch(
                tx,
                """
                select m.item_key
                from misses m
                where m.run_id = ?
                  and m.state = 'candidate'
                  and m.item_key > ?
                  -- When this run was interrupted its text may have been answered from the cache since, and
                  -- nobody would ask it for those that followed.
                  and exists (
                      select
                      from items i
                      where i.item_key = m.item_key
                        and i.run_id = m.run_id
                        and (i.state = 'new' or (i.state = 'waiting' and i.leader_key = m.item_key)))
                order by m.item_key
                limit ?
                """,
                runId,
                after,
                ELECTION_BLOCK),
            "item_key",
            String.class);
    if (block.isEmpty()) {
      return "";
    }
    Map<String, Map<String, Double>> standing = pairs(tx, LEADERS_BUCKET, bounds, List.of(block));
    // Only who finds no leader may become one; of a thousand copies, none but the first.
    List<String> open = block.stream().filter(key -> !standing.containsKey(key)).toList();
    Map<String, Map<String, Double>> smaller =
        pairs(tx, BLOCK_BUCKET, bounds, List.of(block, open));
    LeaderElection election = new LeaderElection();
    List<Object[]> decisions = new ArrayList<>();
    for (String key : block) {
      LeaderElection.Decision decision =
          election.decide(
              key, smaller.getOrDefault(key, Map.of()), standing.getOrDefault(key, Map.of()));
      decisions.add(new Object[] {key, decision.leaderKey(), (float) decision.similarity()});
    }
    apply(tx, runId, decisions);
    return block.get(block.size() - 1);
  }

  /**
   * Similarities by candidate and neighbour, of the pairs of a bucket that no guard tells apart.
   *
   * @param bucketKeys the parameters of the bucket
   */
  private static Map<String, Map<String, Double>> pairs(
      DSLContext tx, String bucket, Bounds bounds, List<List<String>> bucketKeys) {
    List<Object> values = new ArrayList<>();
    bucketKeys.forEach(keys -> values.add(array(keys)));
    values.addAll(List.of(bounds.jaccardMin(), bounds.similarityMin(), bounds.guards()));
    Map<String, Map<String, Double>> pairs = new HashMap<>();
    for (Record pair :
        fetch(
            tx,
            bucket
                + """
                select c.item_key as candidate, n.item_key as neighbour, p.similarity
                from bucket
                join misses c on c.item_key = bucket.candidate
                join misses n on n.item_key = bucket.neighbour
                cross join lateral (
                    select
                        case c.measure
                            when 'jaccard' then jaccard(n.shingles, c.shingles)
                            else 1 - (n.embedding <=> c.embedding)
                        end as similarity
                    offset 0
                ) p
                where (n.state = 'asked' or (n.run_id = c.run_id and n.state = bucket.state))
                  and p.similarity::real >= case c.measure when 'jaccard' then ?::real else ?::real end
                  and not exists (
                      select
                      from unnest(?::integer[]) as g (position)
                      where n.guard_marks[g.position] is distinct from c.guard_marks[g.position])
                """,
            values.toArray())) {
      pairs
          .computeIfAbsent(pair.get("candidate", String.class), key -> new HashMap<>())
          .put(
              pair.get("neighbour", String.class),
              Math.min(1, pair.get("similarity", Double.class)));
    }
    return pairs;
  }

  /** A miss that is held until the commit. */
  private record Held(String state, boolean isOwn) {}

  /** Holds misses until the commit, in key order, as everybody takes them. */
  private static Map<String, Held> hold(DSLContext tx, String runId, Collection<String> itemKeys) {
    Map<String, Held> held = new HashMap<>();
    // Joined, not '= any': for 5,000 keys that is compared with each row of the state's index, two
    // minutes a block at 50,000 candidates.
    for (Record row :
        fetch(
            tx,
            """
            select m.item_key, m.state, m.run_id = ? as is_own
            from (select distinct item_key from unnest(?::text[]) as k (item_key)) k
            join misses m on m.item_key = k.item_key
            order by m.item_key
            for update of m
            """,
            runId,
            array(itemKeys))) {
      held.put(
          row.get("item_key", String.class),
          new Held(row.get("state", String.class), row.get("is_own", Boolean.class)));
    }
    return held;
  }

  private static void apply(DSLContext tx, String runId, List<Object[]> decisions) {
    Map<String, Held> held =
        hold(
            tx,
            runId,
            decisions.stream()
                .flatMap(decision -> Stream.of((String) decision[0], (String) decision[1]))
                .collect(Collectors.toSet()));
    // A night may have taken a plan's candidates over since they were read: it elects them itself.
    Predicate<String> isElected =
        key ->
            held.containsKey(key)
                && held.get(key).isOwn()
                && held.get(key).state().equals("candidate");
    // A standing leader may have been settled since it was read. Who is still there is held until
    // the commit; who is not is nobody's leader any more, and the candidate leads itself.
    Predicate<String> leads =
        key ->
            isElected.test(key)
                || (held.containsKey(key)
                    && List.of("leader", "asked").contains(held.get(key).state()));
    for (Object[] decision : decisions) {
      if (!leads.test((String) decision[1])) {
        decision[1] = decision[0];
        decision[2] = 1f;
      }
    }
    decisions =
        decisions.stream().filter(decision -> isElected.test((String) decision[0])).toList();
    String[] candidates = texts(decisions, decision -> (String) decision[0]);
    String[] leaders = texts(decisions, decision -> (String) decision[1]);
    Float[] similarities =
        decisions.stream().map(decision -> (Float) decision[2]).toArray(Float[]::new);
    tx.execute(
        """
        update misses m
        set state = case when d.leader_key = d.item_key then 'leader' else 'follower' end,
            leader_key = d.leader_key,
            similarity = d.similarity
        from unnest(?::text[], ?::text[], ?::real[]) as d (item_key, leader_key, similarity)
        where m.item_key = d.item_key
        """,
        candidates,
        leaders,
        similarities);
    tx.execute(
        """
        update near_duplicate_bands b
        set is_leaders = true
        from unnest(?::text[], ?::text[]) as d (item_key, leader_key)
        where d.leader_key = d.item_key
          and b.item_key = d.item_key
        """,
        candidates,
        leaders);
    // Also documents of other runs that began to wait while this key was a candidate.
    tx.execute(
        """
        update items i
        set state = 'waiting',
            leader_key = d.leader_key,
            similarity = d.similarity
        from unnest(?::text[], ?::text[], ?::real[]) as d (item_key, leader_key, similarity)
        where i.item_key = d.item_key
          and ((i.run_id = ? and i.state = 'new') or i.state = 'waiting')
        """,
        candidates,
        leaders,
        similarities,
        runId);
  }

  @Override
  public Map<String, Leader> leadersToPlan(String runId, Collection<String> itemKeys) {
    Map<String, Leader> leaders = new HashMap<>();
    for (Record row :
        fetch(
            context,
            """
            select m.item_key, m.attempts_used + 1 as attempt_number
            from (select distinct u.item_key from unnest(?::text[]) as u (item_key)) k
            join misses m using (item_key)
            where m.run_id = ?
              and m.state = 'leader'
            """,
            array(itemKeys),
            runId)) {
      String key = row.get("item_key", String.class);
      leaders.put(key, new Leader(key, row.get("attempt_number", Integer.class)));
    }
    return leaders;
  }

  @Override
  public void keepDocuments(Map<String, String> documents) {
    if (documents.isEmpty()) {
      return;
    }
    List<String> keys = documents.keySet().stream().sorted().toList();
    context.execute(
        """
        update misses m
        set document = d.document
        from unnest(?::text[], ?::text[]) as d (item_key, document)
        where m.item_key = d.item_key
        """,
        Sql.array(keys),
        Sql.array(keys.stream().map(documents::get).toList()));
  }

  @Override
  public Map<String, String> documents(Collection<String> itemKeys) {
    Map<String, String> documents = new HashMap<>();
    for (Record row :
        fetch(
            context,
            """
            select item_key, document
            from misses
            where item_key = any (?::text[])
              and document is not null
            """,
            (Object) Sql.array(itemKeys))) {
      documents.put(row.get("item_key", String.class), row.get("document", String.class));
    }
    return documents;
  }

  @Override
  public void keepQuotes(List<LocatedQuote> quotes) {
    if (quotes.isEmpty()) {
      return;
    }
    Transactions.run(
        context,
        configuration -> {
          DSLContext tx = configuration.dsl();
          tx.execute(
              "delete from answer_quotes where custom_id = any (?::text[])",
              (Object) texts(quotes, LocatedQuote::customId));
          tx.execute(
              """
              insert into answer_quotes (
                  custom_id, namespace_id, place, field, starts_at, ends_at, page, is_exact, before, quote, after)
              select
                  q.custom_id, a.namespace_id, q.place, q.field, q.starts_at, q.ends_at, nullif(q.page, 0), q.is_exact,
                  q.before, q.quote, q.after
              from unnest(
                  ?::text[], ?::text[], ?::text[], ?::integer[], ?::integer[], ?::integer[], ?::boolean[], ?::text[], ?::text[], ?::text[])
                  as q (custom_id, place, field, starts_at, ends_at, page, is_exact, before, quote, after)
              join attempts a on a.custom_id = q.custom_id
              on conflict do nothing
              """,
              texts(quotes, LocatedQuote::customId),
              texts(quotes, LocatedQuote::place),
              texts(quotes, LocatedQuote::field),
              ints(quotes, LocatedQuote::start),
              ints(quotes, LocatedQuote::end),
              ints(quotes, quote -> quote.page().orElse(0)),
              quotes.stream().map(LocatedQuote::isExact).toArray(Boolean[]::new),
              texts(quotes, LocatedQuote::before),
              texts(quotes, LocatedQuote::quote),
              texts(quotes, LocatedQuote::after));
        });
  }

  @Override
  public void planAttempts(String runId, List<AttemptPlan> plans) {
    Transactions.run(
        context,
        configuration -> {
          DSLContext tx = configuration.dsl();
          boolean sends = Budget.lockRun(tx, runId).get("state", String.class).equals("open");
          budget.plan(tx, runId, sends ? plans : own(tx, runId, plans));
        });
  }

  /** Of a plan's requests those that no night has taken over meanwhile. */
  private static List<AttemptPlan> own(DSLContext tx, String runId, List<AttemptPlan> plans) {
    Map<String, Held> held = hold(tx, runId, plans.stream().map(AttemptPlan::itemKey).toList());
    return plans.stream()
        .filter(plan -> held.containsKey(plan.itemKey()) && held.get(plan.itemKey()).isOwn())
        .toList();
  }

  @Override
  public long retryLasting(
      String tenant,
      Optional<String> runId,
      Optional<ErrorCode> code,
      Collection<String> documentIds) {
    return Transactions.result(
        context,
        configuration ->
            (long)
                configuration
                    .dsl()
                    .execute(
                        """
                        update misses m
                        set lasting_failure_code = null,
                            lasting_failure_reason = null
                        where m.lasting_failure_code is not null
                          and m.lasting_failure_code = coalesce(?, m.lasting_failure_code)
                          and m.namespace_id in (select namespace_id from namespaces where tenant = ?)
                          and ((?::text is null and cardinality(?::text[]) = 0)
                              or m.item_key in (
                                  select i.item_key
                                  from items i
                                  where i.run_id = coalesce(?, i.run_id)
                                    and (cardinality(?::text[]) = 0 or i.document_id = any (?::text[]))))
                        """,
                        code.map(Enum::name).orElse(null),
                        tenant,
                        runId.orElse(null),
                        array(documentIds),
                        runId.orElse(null),
                        array(documentIds),
                        array(documentIds)));
  }

  @Override
  public long reclaim(String runId) {
    Transactions.run(
        context,
        configuration ->
            configuration
                .dsl()
                .execute(
                    """
        update items i
        set state = 'new',
            leader_key = null,
            similarity = null
        where i.run_id = ?
          and i.state = 'waiting'
          and not exists (
              select
              from misses m
              where m.item_key = i.leader_key
                and (m.state = 'asked'
                    or (m.state in ('candidate', 'leader', 'follower')
                        and (m.run_id = i.run_id or exists (
                            select
                            from runs r
                            where r.run_id = m.run_id
                              and r.state = 'open'
                              and r.alive_until > ?)))))
        """,
                    runId,
                    Sql.now(clock)));
    return fetch(
            context,
            "select count(*) as unread from items where run_id = ? and state = 'new'",
            runId)
        .get(0)
        .get("unread", Long.class);
  }
}
