-- The ledger, now in months and with reasoning tokens as a class of their own. One charge an attempt: an
-- attempt has one billed_at, and a charge must name it.
alter table ledger rename to ledger_in_one;
alter table ledger_in_one rename constraint ledger_pkey to ledger_in_one_pkey;
alter table ledger_in_one rename constraint ledger_one_charge_per_attempt to ledger_in_one_custom_id_key;
alter index ledger_run_idx rename to ledger_in_one_run_idx;
alter index ledger_item_idx rename to ledger_in_one_item_idx;

create table ledger (
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
    output_tokens            bigint not null,       -- what is read as the answer
    reasoning_tokens         bigint not null,       -- output that nobody reads
    input_usd                numeric not null,
    cached_input_usd         numeric not null,
    cache_write_usd          numeric not null,
    output_usd               numeric not null,
    reasoning_usd            numeric not null,
    total_usd                numeric not null generated always as (input_usd + cached_input_usd + cache_write_usd + output_usd + reasoning_usd) stored,
    constraint ledger_one_charge_per_attempt primary key (custom_id, billed_at),
    constraint ledger_attempt_fkey foreign key (custom_id, billed_at) references attempts (custom_id, billed_at),
    constraint ledger_price_fkey foreign key (price_id) references prices,
    constraint ledger_is_not_negative check (least(input_tokens, cached_input_tokens, cache_write_tokens, cache_write_long_tokens, output_tokens, reasoning_tokens) >= 0)
) partition by range (billed_at);

create index ledger_run_idx on ledger (run_id, item_key);

create index ledger_price_idx on ledger (price_id);

select add_month('ledger', m.billed_at)
from (
    select distinct date_trunc('month', billed_at, 'UTC') as billed_at
    from ledger_in_one
) m;

insert into ledger (
    custom_id, run_id, item_key, submission_id, provider, model, tier, price_id, billed_at,
    input_tokens, cached_input_tokens, cache_write_tokens, cache_write_long_tokens, output_tokens, reasoning_tokens,
    input_usd, cached_input_usd, cache_write_usd, output_usd, reasoning_usd)
select
    custom_id, run_id, item_key, submission_id, provider, model, tier, price_id, billed_at,
    input_tokens, cached_input_tokens, cache_write_tokens, cache_write_long_tokens, output_tokens, 0,
    input_usd, cached_input_usd, cache_write_usd, output_usd, 0
from ledger_in_one;

drop table ledger_in_one;

create trigger ledger_is_append_only
    before update or delete or truncate on ledger
    for each statement
    execute function refuse_ledger_change();

alter table ledger enable row level security;

create policy one_tenant on ledger to nightjar_job
    using (run_id in (select r.run_id from runs r join namespaces n using (namespace_id) where n.tenant = current_tenant()));

create policy one_tenant_or_all on ledger for select to nightjar_reports
    using (run_id in (select r.run_id from runs r join namespaces n using (namespace_id) where is_visible(n.tenant)));
