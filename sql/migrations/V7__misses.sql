-- One row per distinct item key that no cache answered: a candidate becomes a leader (it is asked) or a
-- follower (it waits for a leader like it). Shared by concurrent runs, which is why a text in flight is
-- never asked a second time. The prompt is dropped once the leader is settled.
create table misses (
    item_key        text not null,
    namespace_id    bigint not null,
    run_id          text not null,              -- the run that asks, and is charged
    document_id     text not null,
    state           text not null,
    leader_key      text,
    similarity      real,
    embedding       vector(384),
    prompt          text,
    prompt_tokens   integer,
    attempts_used   smallint not null default 0,  -- over all runs: numbers the next attempt
    attempts_first  smallint not null default 1,  -- the first attempt number of the run in hand
    created_at      timestamptz not null,
    constraint misses_pkey primary key (item_key),
    constraint misses_run_fkey foreign key (run_id) references runs,
    constraint misses_state_is_known check (state in ('candidate', 'leader', 'follower', 'asked', 'answered', 'failed')),
    constraint misses_follower_has_leader check ((state = 'follower') <= (leader_key is not null and leader_key <> item_key))
);

create index misses_candidates_idx on misses (namespace_id) where state in ('candidate', 'leader', 'asked');

create index misses_followers_idx on misses (leader_key) where state = 'follower';
