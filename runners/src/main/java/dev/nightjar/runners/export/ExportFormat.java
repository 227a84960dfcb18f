package dev.nightjar.runners.export;

/** How a table is written. */
public enum ExportFormat {
  /** One JSON object a line; an answer is JSON in it. */
  JSONL,
  /** With a header; null is an empty field without quotes. */
  CSV,
  /** Amounts as decimal(38, 18), times in microseconds, UTC. */
  PARQUET,
  /** PostgreSQL's own text format, as {@code copy … from} reads it; straight from the server. */
  COPY
}
