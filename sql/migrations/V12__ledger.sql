-- One charge per billed attempt, by token class. Token classes exclude one another: input_tokens are those
-- neither read from nor written to the provider's prompt cache. Amounts multiply by 0.000001 instead of
-- dividing by a million because numeric multiplication is exact and division rounds.
create table ledger (
    charge_id                bigint generated always as identity,
    custom_id                text not null,
    run_id                   text not null,
    item_key                 text not null,
    submission_id            text not null,
    provider                 text not null,
    model                    text not null,
    tier                     text not null,
    price_id                 bigint not null,
    billed_at                timestamptz not null,
    input_tokens             bigint not null,
    cached_input_tokens      bigint not null,
    cache_write_tokens       bigint not null,
    cache_write_long_tokens  bigint not null,
    output_tokens            bigint not null,
    input_usd                numeric not null,
    cached_input_usd         numeric not null,
    cache_write_usd          numeric not null,
    output_usd               numeric not null,
    total_usd                numeric not null generated always as (input_usd + cached_input_usd + cache_write_usd + output_usd) stored,
    constraint ledger_pkey primary key (charge_id),
    constraint ledger_one_charge_per_attempt unique (custom_id),
    constraint ledger_attempt_fkey foreign key (custom_id) references attempts,
    constraint ledger_price_fkey foreign key (price_id) references prices,
    constraint ledger_is_not_negative check (least(input_tokens, cached_input_tokens, cache_write_tokens, cache_write_long_tokens, output_tokens) >= 0)
);

create index ledger_run_idx on ledger (run_id);

create index ledger_item_idx on ledger (item_key);
