-- What a tenant, or one task of it, may spend in a night, a month or in all. Checked in the transaction that
-- reserves, one at a time in each tenant: two runs cannot both take what is left. A run counts in the night and
-- month in which it began (UTC), with what it has spent, holds in flight, or may have been billed unknowingly.
create table budgets (
    budget_id   bigint generated always as identity,
    tenant      text not null,
    task        text not null default '*',    -- a task's name, or * for all of the tenant's
    period      text not null,
    limit_usd   numeric not null,
    changed_at  timestamptz not null,
    constraint budgets_pkey primary key (budget_id),
    constraint budgets_natural_key unique (tenant, task, period),
    constraint budgets_period_is_known check (period in ('day', 'month', 'total')),
    constraint budgets_limit_is_not_negative check (limit_usd >= 0)
);

create index runs_started_idx on runs (namespace_id, started_at);

alter table budgets enable row level security;

create policy one_tenant on budgets to nightjar_job using (tenant = current_tenant());

create policy one_tenant_or_all on budgets for select to nightjar_reports using (is_visible(tenant));
