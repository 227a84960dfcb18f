package dev.nightjar.runners.bench;

import dev.nightjar.cachestore.DatabaseAddress;
import dev.nightjar.cachestore.postgres.PostgresStores;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringReader;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.util.Arrays;
import java.util.Locale;
import java.util.function.IntFunction;
import org.postgresql.PGConnection;

/**
 * Ways to lay out vectors, measured beside each other: behind ADR 8. Ten namespaces share the
 * entries: nine have a hundredth each, the tenth has the rest.
 */
final class LayoutComparison {
  private static final int QUERIES = 300;
  private static final int COPY_ROWS = 2_000;
  private static final int SMALL_NAMESPACES = 9;

  private final DatabaseAddress address;
  private final IntFunction<float[]> vectors;
  private final int entries;

  LayoutComparison(DatabaseAddress address, IntFunction<float[]> vectors, int entries) {
    this.address = address;
    this.vectors = vectors;
    this.entries = entries;
  }

  void print(PrintWriter out) throws SQLException, IOException {
    try (PostgresStores stores = PostgresStores.open(address, 1, Clock.systemUTC());
        Connection connection = stores.dataSource().getConnection();
        Statement sql = connection.createStatement()) {
      sql.execute("create table source (namespace integer, key text, embedding vector(384))");
      copy(connection, "source", entries, 0);
      sql.execute("create table queries (namespace integer, key text, embedding vector(384))");
      copy(connection, "queries", QUERIES, 1_500_000_000);
      sql.execute("create index on source (namespace)");
      sql.execute("analyze");
      sql.execute("set maintenance_work_mem = '1GB'");
      out.printf(
          Locale.ROOT,
          "layouts, %,d entries: one namespace of %d %%, nine of 1 %%%n",
          entries,
          100 - SMALL_NAMESPACES);
      out.printf(
          "  %-44s %9s %9s %7s %9s %7s %9s%n",
          "", "build s", "index MB", "ms big", "recall@1", "ms 1 %", "recall@1");
      for (String type : new String[] {"vector", "halfvec"}) {
        for (int[] hnsw : new int[][] {{16, 64}, {24, 128}}) {
          oneIndex(out, sql, type, hnsw[0], hnsw[1]);
        }
      }
      partitions(out, sql);
      throughTheIndex(out, sql);
    }
  }

  private void copy(Connection connection, String table, int rows, int first)
      throws SQLException, IOException {
    StringBuilder text = new StringBuilder();
    for (int n = 0; n < rows; n++) {
      int namespace = n % 100 < SMALL_NAMESPACES ? 1 + n % 100 : 0;
      if (table.equals("queries")) {
        namespace = n % 2; // half to the big one, half to a small one
      }
      text.append(namespace).append("\tk").append(n).append('\t');
      text.append(Arrays.toString(vectors.apply(first + n * (table.equals("queries") ? 7 : 1))))
          .append('\n');
      if ((n + 1) % COPY_ROWS == 0 || n + 1 == rows) {
        connection
            .unwrap(PGConnection.class)
            .getCopyAPI()
            .copyIn("copy " + table + " from stdin", new StringReader(text.toString()));
        text.setLength(0);
      }
    }
  }

  private void oneIndex(PrintWriter out, Statement sql, String type, int m, int construction)
      throws SQLException {
    sql.execute(
        "create table t as select namespace, key, embedding::"
            + type
            + "(384) as embedding from source");
    sql.execute("create index on t (namespace)");
    double build =
        seconds(
            sql,
            "create index t_hnsw on t using hnsw (embedding "
                + type
                + "_cosine_ops) with (m = "
                + m
                + ", ef_construction = "
                + construction
                + ")");
    sql.execute("analyze t");
    for (int search : new int[] {40, 100}) {
      row(
          out,
          sql,
          type + ", m " + m + ", ef_construction " + construction + ", ef_search " + search,
          build,
          megabytes(sql, "t_hnsw"),
          type,
          search);
    }
    sql.execute("drop table t");
  }

  private void partitions(PrintWriter out, Statement sql) throws SQLException {
    sql.execute(
        "create table t (namespace integer, key text, embedding halfvec(384)) partition by list (namespace)");
    for (int namespace = 0; namespace <= SMALL_NAMESPACES; namespace++) {
      sql.execute(
          "create table t_" + namespace + " partition of t for values in (" + namespace + ")");
    }
    sql.execute("insert into t select namespace, key, embedding::halfvec(384) from source");
    double build =
        seconds(sql, "create index t_hnsw on t using hnsw (embedding halfvec_cosine_ops)");
    sql.execute("analyze t");
    double size = 0;
    for (int namespace = 0; namespace <= SMALL_NAMESPACES; namespace++) {
      size += megabytes(sql, "t_" + namespace + "_embedding_idx");
    }
    row(out, sql, "halfvec, m 16, 64, 40, a partition each", build, size, "halfvec", 40);
    sql.execute("drop table t");
  }

  private void throughTheIndex(PrintWriter out, Statement sql) throws SQLException {
    sql.execute("create table t (namespace integer, key text, embedding halfvec(384))");
    sql.execute("create index t_hnsw on t using hnsw (embedding halfvec_cosine_ops)");
    double inserted =
        seconds(sql, "insert into t select namespace, key, embedding::halfvec(384) from source");
    out.printf(
        Locale.ROOT,
        "  %-44s %9.1f %9.0f%n",
        "halfvec, m 16, 64, rows through the index",
        inserted,
        megabytes(sql, "t_hnsw"));
    sql.execute("drop table t");
    out.flush();
  }

  private static void row(
      PrintWriter out,
      Statement sql,
      String name,
      double build,
      double megabytes,
      String type,
      int search)
      throws SQLException {
    sql.execute("set hnsw.iterative_scan = strict_order");
    sql.execute("set hnsw.ef_search = " + search);
    double[] figures = new double[4];
    for (int namespace = 0; namespace < 2; namespace++) {
      String lookup =
          "select q.key, n.distance from (select * from queries where namespace = "
              + namespace
              + ") q cross join lateral (select t.embedding <=> q.embedding::"
              + type
              + "(384) as distance from t where t.namespace = "
              + namespace
              + " order by t.embedding <=> q.embedding::"
              + type
              + "(384) limit 20) n";
      seconds(sql, "select count(*) from (" + lookup + ") warm");
      figures[2 * namespace] =
          1_000 * seconds(sql, "select count(*) from (" + lookup + ") timed") / (QUERIES / 2);
      sql.execute(
          "create temporary table found as select key, min(distance) as distance from ("
              + lookup
              + ") f group by key");
      sql.execute("set enable_indexscan = off");
      sql.execute(
          "create temporary table truth as select q.key, (select min(t.embedding <=> q.embedding::"
              + type
              + "(384)) from t where t.namespace = "
              + namespace
              + ") as distance from queries q where q.namespace = "
              + namespace);
      sql.execute("set enable_indexscan = on");
      try (ResultSet rows =
          sql.executeQuery(
              "select avg(coalesce((f.distance <= x.distance + 1e-6)::integer, 0)) from truth x"
                  + " left join found f using (key)")) {
        rows.next();
        figures[2 * namespace + 1] = rows.getDouble(1);
      }
      sql.execute("drop table found, truth");
    }
    out.printf(
        Locale.ROOT,
        "  %-44s %9.1f %9.0f %7.2f %9.3f %7.2f %9.3f%n",
        name,
        build,
        megabytes,
        figures[0],
        figures[1],
        figures[2],
        figures[3]);
    out.flush();
  }

  private static double seconds(Statement sql, String statement) throws SQLException {
    long began = System.nanoTime();
    sql.execute(statement);
    return (System.nanoTime() - began) / 1e9;
  }

  private static double megabytes(Statement sql, String relation) throws SQLException {
    try (ResultSet rows =
        sql.executeQuery("select pg_relation_size('" + relation + "'::regclass) / 1e6")) {
      rows.next();
      return rows.getDouble(1);
    }
  }
}
