-- One night of one task over one corpus. reserved_usd and charged_usd are kept beside the rows they sum
-- (attempts in flight, ledger) because the budget is checked in every planning transaction and a sum over
-- a million attempts there would cost more than the plan; run_balance_check compares both.
create table runs (
    run_id         text not null,
    namespace_id   bigint not null,
    corpus         text not null,
    state          text not null,
    budget_usd     numeric,
    reserved_usd   numeric not null default 0,
    charged_usd    numeric not null default 0,
    started_at     timestamptz not null,
    deadline_at    timestamptz not null,
    prepared_at    timestamptz,
    finished_at    timestamptz,
    constraint runs_pkey primary key (run_id),
    constraint runs_namespace_fkey foreign key (namespace_id) references namespaces,
    constraint runs_id_is_printable check (run_id ~ '^[A-Za-z0-9_.:-]{1,120}$'),
    constraint runs_state_is_known check (state in ('open', 'finished')),
    constraint runs_finished_has_time check ((state = 'finished') = (finished_at is not null)),
    constraint runs_money_is_not_negative check (reserved_usd >= 0 and charged_usd >= 0 and budget_usd >= 0)
);

-- The same command again continues the open run instead of starting, and paying for, a second one.
create unique index runs_one_open_per_corpus on runs (namespace_id, corpus) where state = 'open';
