-- The threshold each run used, learnt from the evidence there was when it began.
create table semantic_thresholds (
    namespace_id    bigint not null,
    run_id          text not null,
    threshold       real not null,
    policy          text not null,              -- digest of what decides and compares
    max_error       real not null,
    confidence      real not null,
    error_bound     real,
    shadow_share    real not null,              -- of would-be hits, asked anyway
    evidence        integer not null,           -- verified lookups behind it
    drift_found     boolean not null,           -- whether older evidence was dropped because errors had become more frequent
    learnt_at       timestamptz not null,
    constraint semantic_thresholds_pkey primary key (namespace_id, run_id),
    constraint semantic_thresholds_run_fkey foreign key (run_id) references runs
);
