-- The same by tier. requests counts escalations, so it is no whole number.
create table forecast_tiers (
    run_id         text not null,
    step           integer not null,            -- from the cheapest tier up
    tier           text not null,
    provider       text not null,
    model          text not null,
    requests       numeric not null,
    input_tokens   numeric not null,
    output_tokens  numeric not null,
    rejected_share numeric not null,
    expected_usd   numeric not null,
    constraint forecast_tiers_pkey primary key (run_id, step),
    constraint forecast_tiers_run_fkey foreign key (run_id) references forecasts on delete cascade
);

alter table forecast_tiers enable row level security;

create policy one_tenant on forecast_tiers to nightjar_job
    using (run_id in (select r.run_id from runs r join namespaces n using (namespace_id) where n.tenant = current_tenant()));

create policy one_tenant_or_all on forecast_tiers for select to nightjar_reports
    using (run_id in (select r.run_id from runs r join namespaces n using (namespace_id) where is_visible(n.tenant)));
