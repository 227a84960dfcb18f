-- Whose answers a view of the schema nightjar_answers shows, and what it was made from. A name is given once: where two
-- would come to the same, the later one is refused instead of replacing the former.
create table answer_views (
    view_name  text not null,
    tenant     text not null,
    task       text not null,
    columns    jsonb not null,                  -- names and kinds, as they were asked for
    made_at    timestamptz not null,
    constraint answer_views_pkey primary key (view_name),
    constraint answer_views_task_key unique (tenant, task)
);

alter table answer_views enable row level security;

create policy one_tenant on answer_views to nightjar_job using (tenant = current_tenant());

create policy one_tenant_or_all on answer_views for select to nightjar_reports using (is_visible(tenant));
