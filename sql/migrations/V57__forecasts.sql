-- What a run was expected to cost when all of it had been planned and nothing sent: kept to be held against
-- what it did cost. The interval is meant to hold the actual cost in 95 of 100 nights.
create table forecasts (
    run_id          text not null,
    made_at         timestamptz not null,
    nights          integer not null,           -- earlier nights of the task that it was learnt from
    items           bigint not null,
    asked           bigint not null,            -- items with a request of their own
    baseline_usd    numeric not null,
    expected_usd    numeric not null,
    low_usd         numeric not null,
    high_usd        numeric not null,
    worst_case_usd  numeric not null,           -- of the first requests, as budgets reserve it
    constraint forecasts_pkey primary key (run_id),
    constraint forecasts_run_fkey foreign key (run_id) references runs on delete cascade,
    constraint forecasts_are_ordered check (0 <= low_usd and low_usd <= expected_usd and expected_usd <= high_usd)
);

alter table forecasts enable row level security;

create policy one_tenant on forecasts to nightjar_job
    using (run_id in (select r.run_id from runs r join namespaces n using (namespace_id) where n.tenant = current_tenant()));

create policy one_tenant_or_all on forecasts for select to nightjar_reports
    using (run_id in (select r.run_id from runs r join namespaces n using (namespace_id) where is_visible(n.tenant)));
