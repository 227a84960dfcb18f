-- How each file of a run's corpus was read, and what was taken to be so that the file does not say.
create table run_files (
    run_id       text not null,
    source_uri   text not null,
    source_hash  text not null generated always as (md5(source_uri)) stored, -- a path may be too long for an index
    format       text not null,
    encoding     text,
    separator    text,
    header       text[] not null,
    assumptions  text[] not null,
    documents    bigint not null,
    refused      bigint not null,
    constraint run_files_pkey primary key (run_id, source_hash),
    constraint run_files_run_fkey foreign key (run_id) references runs (run_id)
);

alter table run_files enable row level security;

create policy one_tenant on run_files to nightjar_job
    using (run_id in (select r.run_id from runs r join namespaces n using (namespace_id) where n.tenant = current_tenant()));

create policy one_tenant_or_all on run_files for select to nightjar_reports
    using (run_id in (select r.run_id from runs r join namespaces n using (namespace_id) where is_visible(n.tenant)));
