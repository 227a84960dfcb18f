-- One provider request for one leader at one tier. The custom_id is derived from content and attempt
-- number, so the same attempt has the same name on every machine and after every crash.
create table attempts (
    custom_id            text not null,
    item_key             text not null,
    attempt_number       smallint not null,
    namespace_id         bigint not null,
    run_id               text not null,
    tier                 text not null,
    provider             text not null,
    model                text not null,
    state                text not null,
    request_bytes        integer not null,
    prompt_tokens        integer not null,       -- estimate; the bill counts the provider's own figure
    output_tokens_max    integer not null,
    reserved_usd         numeric not null,       -- worst case, held against the budget while in flight
    submission_id        text,
    failure_code         text,
    failure_reason       text,
    planned_at           timestamptz not null,
    ended_at             timestamptz,
    constraint attempts_pkey primary key (custom_id),
    constraint attempts_number_key unique (item_key, attempt_number),
    constraint attempts_miss_fkey foreign key (item_key) references misses,
    constraint attempts_submission_fkey foreign key (submission_id) references submissions,
    constraint attempts_custom_id_is_portable check (custom_id ~ '^[A-Za-z0-9_-]{1,64}$'),
    constraint attempts_state_is_known check (state in ('planned', 'submitted', 'succeeded', 'rejected', 'errored')),
    constraint attempts_submitted_has_submission check ((state in ('submitted', 'succeeded', 'rejected')) <= (submission_id is not null)),
    constraint attempts_ended_has_time check ((state in ('succeeded', 'rejected', 'errored')) = (ended_at is not null)),
    constraint attempts_failure_says_why check ((state in ('rejected', 'errored')) = (failure_code is not null))
);

create index attempts_submission_idx on attempts (submission_id);

create index attempts_unpacked_idx on attempts (namespace_id, tier, run_id, item_key) where state = 'planned';

create index attempts_run_idx on attempts (run_id);
