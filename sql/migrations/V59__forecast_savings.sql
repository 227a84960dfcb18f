-- The same by mechanism, in the order and by the names of savings_waterfall. Baseline less all of them is what
-- is expected.
create table forecast_savings (
    run_id     text not null,
    step       integer not null,
    saved_usd  numeric not null,
    constraint forecast_savings_pkey primary key (run_id, step),
    constraint forecast_savings_run_fkey foreign key (run_id) references forecasts on delete cascade
);

alter table forecast_savings enable row level security;

create policy one_tenant on forecast_savings to nightjar_job
    using (run_id in (select r.run_id from runs r join namespaces n using (namespace_id) where n.tenant = current_tenant()));

create policy one_tenant_or_all on forecast_savings for select to nightjar_reports
    using (run_id in (select r.run_id from runs r join namespaces n using (namespace_id) where is_visible(n.tenant)));
