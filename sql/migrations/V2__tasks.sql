-- One row per version of a task. The fingerprint covers everything that can change an answer, so two
-- rows never share answers; the definition is kept so that an old answer can be explained.
create table tasks (
    task_fingerprint   text not null,
    name               text not null,
    definition         jsonb not null,
    baseline_provider  text not null,       -- the dearest tier: what an unoptimised night would ask
    baseline_model     text not null,
    created_at         timestamptz not null,
    constraint tasks_pkey primary key (task_fingerprint),
    constraint tasks_fingerprint_is_sha256 check (task_fingerprint ~ '^[0-9a-f]{64}$')
);
