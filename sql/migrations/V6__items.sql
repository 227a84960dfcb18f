-- One document under one task in one run: the unit of work and of cost.
create table items (
    run_id               text not null,
    document_id          text not null,
    namespace_id         bigint not null,
    item_key             text not null,
    source_uri           text not null,
    source_position      bigint not null,
    is_representative    boolean not null,      -- the one of its exact duplicates that is looked up and asked
    whole_prompt_tokens  integer not null,      -- estimate for the prompt with the whole document in it
    state                text not null,
    answered_by          text,
    leader_key           text,
    similarity           real,
    failure_code         text,
    failure_reason       text,
    settled_at           timestamptz,
    constraint items_pkey primary key (run_id, document_id),
    constraint items_run_fkey foreign key (run_id) references runs,
    constraint items_state_is_known check (state in ('new', 'waiting', 'answered', 'failed')),
    constraint items_answered_by_is_known check (answered_by in ('model', 'exact_hit', 'semantic_hit', 'leader')),
    constraint items_answered_says_by_what check ((state = 'answered') = (answered_by is not null)),
    constraint items_failed_says_why check ((state = 'failed') = (failure_code is not null)),
    constraint items_waiting_has_leader check (state <> 'waiting' or leader_key is not null),
    constraint items_settled_has_time check ((state in ('answered', 'failed')) = (settled_at is not null))
);

create index items_key_idx on items (item_key, run_id);

create index items_waiting_idx on items (leader_key) where state = 'waiting';

create index items_open_idx on items (run_id) where state in ('new', 'waiting');
