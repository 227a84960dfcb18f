package dev.nightjar.runners.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.samskivert.mustache.Mustache;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import javax.sql.DataSource;

/** Answers of a run with the places that they quote, for a person to judge. Stateless. */
public final class ReviewPage {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final DateTimeFormatter MINUTE =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm 'UTC'", Locale.ROOT).withZone(ZoneOffset.UTC);

  /** As much of what surrounds a quote as is kept; less is all that there is. */
  private static final int CONTEXT_CODE_POINTS = 160;

  private ReviewPage() {}

  /**
   * The page of a run.
   *
   * @param answersMax how many answers it shows
   * @param madeAt said on the page
   * @throws IllegalArgumentException if no answer of the run has a place that it quotes
   */
  public static String html(DataSource source, String runId, int answersMax, Instant madeAt)
      throws SQLException, IOException {
    try (Connection connection = source.getConnection();
        Reader template =
            new InputStreamReader(
                Objects.requireNonNull(
                    ReviewPage.class.getResourceAsStream("review.html.mustache")),
                StandardCharsets.UTF_8)) {
      return Mustache.compiler()
          .nullValue("")
          .defaultValue("")
          .compile(template)
          .execute(model(new Query(connection), runId, answersMax, madeAt));
    }
  }

  private static Map<String, Object> model(
      Query query, String runId, int answersMax, Instant madeAt) throws SQLException {
    List<Map<String, Object>> answers =
        query.rows(
            """
            select
                r.document_id as document,
                r.answer::text as answer,
                i.task,
                to_char(i.night at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"') as night,
                coalesce(i.tier, 'from the cache') as tier,
                coalesce(i.model, '') as model,
                count(*) over () as "all"
            from results r
            join item_costs i on i.run_id = r.run_id and i.document_id = r.document_id
            where r.run_id = ?
              and exists (
                select
                from located_quotes q
                where q.run_id = r.run_id
                  and q.document_id = r.document_id)
            order by md5(r.document_id), r.document_id
            limit ?
            """,
            runId,
            answersMax);
    if (answers.isEmpty()) {
      throw new IllegalArgumentException("no answer of run " + runId + " has a quote with a place");
    }
    for (Map<String, Object> answer : answers) {
      answer.put("answer", indented(String.valueOf(answer.get("answer"))));
      answer.put("quotes", quotes(query, runId, String.valueOf(answer.get("document"))));
    }
    Map<String, Object> model = new HashMap<>(answers.get(0));
    model.put("run", runId);
    model.put("shown", answers.size());
    model.put("madeAt", MINUTE.format(madeAt));
    model.put("answers", answers);
    return model;
  }

  private static List<Map<String, Object>> quotes(Query query, String runId, String document)
      throws SQLException {
    List<Map<String, Object>> quotes =
        query.rows(
            """
            select
                place,
                case when field = '' then '' else field || ', ' end
                    || 'characters ' || to_char(starts_at, 'FM999,999,999') || ' to ' || to_char(ends_at, 'FM999,999,999')
                    || coalesce(', page ' || page, '')
                    || case when is_exact then '' else ', put right to the document''s words' end as "where",
                before,
                quote,
                after,
                char_length(before) = ? and starts_at > ? as "cutBefore",
                char_length(after) = ? as "cutAfter"
            from located_quotes
            where run_id = ?
              and document_id = ?
            -- as numbers: $.quotes[10] comes after $.quotes[9]
            order by
                regexp_replace(
                    regexp_replace(place, '\\[(\\d+)\\]', '[00000000\\1]', 'g'),
                    '\\[0*(\\d{8})\\]',
                    '[\\1]',
                    'g'),
                place
            """,
            CONTEXT_CODE_POINTS, CONTEXT_CODE_POINTS, CONTEXT_CODE_POINTS, runId, document);
    return quotes;
  }

  private static String indented(String json) {
    try {
      return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(JSON.readTree(json));
    } catch (JsonProcessingException e) {
      return json;
    }
  }
}
