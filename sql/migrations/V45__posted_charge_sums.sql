-- Attempts and charges of finished runs, summed the same way. A price row belongs to each sum, so that what
-- the same tokens would cost at other prices can be told.
create table posted_charge_sums (
    run_id                   text not null,
    night                    timestamptz not null,
    day                      date not null,           -- UTC, when the provider billed, or the attempt ended unbilled
    tenant                   text not null,
    task                     text not null,
    tier                     text not null,
    provider                 text not null,
    model                    text not null,
    mode                     text not null,
    state                    text not null,
    failure_code             text,
    price_id                 bigint,
    attempts                 bigint not null,
    input_tokens             bigint not null,
    cached_input_tokens      bigint not null,
    cache_write_tokens       bigint not null,
    cache_write_long_tokens  bigint not null,
    output_tokens            bigint not null,
    reasoning_tokens         bigint not null,
    output_limit_tokens      bigint not null,         -- what the requests allowed
    input_usd                numeric not null,
    cached_input_usd         numeric not null,
    cache_write_usd          numeric not null,
    output_usd               numeric not null,
    reasoning_usd            numeric not null,
    total_usd                numeric not null,
    constraint posted_charge_sums_key unique nulls not distinct (run_id, day, tier, provider, model, mode, state, failure_code, price_id)
);

create index posted_charge_sums_day_idx on posted_charge_sums (day);

alter table posted_charge_sums enable row level security;

create policy one_tenant on posted_charge_sums to nightjar_job using (tenant = current_tenant());

create policy one_tenant_or_all on posted_charge_sums for select to nightjar_reports using (is_visible(tenant));
