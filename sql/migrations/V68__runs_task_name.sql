-- The name under which a run was started, by which budgets count it: the same version may run under two names at
-- once, and neither's budget must lose it to the other.
alter table runs add column task_name text;

update runs r
set task_name = t.name
from namespaces n
join tasks t using (tenant, task_fingerprint)
where n.namespace_id = r.namespace_id;

alter table runs alter column task_name set not null;

create index runs_task_name_idx on runs (task_name, started_at);
