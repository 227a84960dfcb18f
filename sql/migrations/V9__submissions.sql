-- One provider batch. 'creating' is committed before the provider is called: after a crash such a row says
-- that the outcome is unknown and must be settled by asking the provider, never by creating again.
create table submissions (
    submission_id      text not null,
    namespace_id       bigint not null,
    run_id             text not null,
    provider           text not null,
    model              text not null,
    tier               text not null,
    state              text not null,
    requests           integer not null,
    request_bytes      bigint not null,
    input_file_id      text,
    provider_batch_id  text,
    failure_code       text,
    failure_reason     text,
    planned_at         timestamptz not null,
    creating_at        timestamptz,
    in_progress_at     timestamptz,
    ended_at           timestamptz,
    collected_at       timestamptz,
    constraint submissions_pkey primary key (submission_id),
    constraint submissions_provider_batch_key unique (provider, provider_batch_id),
    constraint submissions_run_fkey foreign key (run_id) references runs,
    constraint submissions_id_is_portable check (submission_id ~ '^[A-Za-z0-9_-]{1,64}$'),
    constraint submissions_state_is_known check (state in ('planned', 'creating', 'in_progress', 'ended', 'collected', 'failed')),
    constraint submissions_batch_known check ((state in ('in_progress', 'ended', 'collected')) <= (provider_batch_id is not null)),
    constraint submissions_failed_says_why check ((state = 'failed') = (failure_code is not null)),
    constraint submissions_is_not_empty check (requests > 0 and request_bytes > 0)
);

create index submissions_open_idx on submissions (namespace_id) where state in ('planned', 'creating', 'in_progress', 'ended');

create index submissions_run_idx on submissions (run_id);
