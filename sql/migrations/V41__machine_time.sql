-- What a run's own machines were busy with, and what an hour of them costs where somebody has said so. No
-- provider bills it: it is kept beside the ledger and never added to it.
create table machine_time (
    run_id         text not null,
    purpose        text not null,
    texts          bigint not null,
    seconds        numeric not null,
    usd_per_hour   numeric not null,
    constraint machine_time_pkey primary key (run_id, purpose),
    constraint machine_time_run_fkey foreign key (run_id) references runs,
    constraint machine_time_purpose_is_known check (purpose in ('embedding')),
    constraint machine_time_is_not_negative check (least(texts, seconds, usd_per_hour) >= 0)
);

alter table machine_time enable row level security;

create policy one_tenant on machine_time to nightjar_job
    using (run_id in (select r.run_id from runs r join namespaces n using (namespace_id) where n.tenant = current_tenant()));

create policy one_tenant_or_all on machine_time for select to nightjar_reports
    using (run_id in (select r.run_id from runs r join namespaces n using (namespace_id) where is_visible(n.tenant)));
