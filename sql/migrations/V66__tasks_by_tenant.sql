-- A task's name and definition are a tenant's own. One row for all tenants kept the name that the first of them
-- gave: a budget on a renamed task, or of a second tenant with the same task, was never enforced, and that tenant
-- was shown the other's name and description.
alter table namespaces drop constraint namespaces_task_fkey;

alter table tasks drop constraint tasks_pkey;

alter table tasks add column tenant text;

insert into tasks (tenant, task_fingerprint, name, definition, baseline_provider, baseline_model, created_at)
select distinct n.tenant, t.task_fingerprint, t.name, t.definition, t.baseline_provider, t.baseline_model, t.created_at
from tasks t
join namespaces n using (task_fingerprint);

delete from tasks where tenant is null;

alter table tasks
    alter column tenant set not null,
    add constraint tasks_pkey primary key (tenant, task_fingerprint);

alter table namespaces
    add constraint namespaces_task_fkey foreign key (tenant, task_fingerprint) references tasks (tenant, task_fingerprint);

drop policy one_tenant on tasks;

drop policy one_tenant_or_all on tasks;

create policy one_tenant on tasks to nightjar_job using (tenant = current_tenant());

create policy one_tenant_or_all on tasks for select to nightjar_reports using (is_visible(tenant));
