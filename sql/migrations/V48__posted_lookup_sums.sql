-- How the semantic cache did in each finished run. verified and wrong go on counting after it: an answer may be
-- compared with its neighbour's on a later night.
create table posted_lookup_sums (
    run_id      text not null,
    tenant      text not null,
    lookups     bigint not null,
    hits        bigint not null,
    shadows     bigint not null,
    vetoes      bigint not null,
    verified    bigint not null,
    wrong       bigint not null,
    shadow_usd  numeric not null,
    constraint posted_lookup_sums_pkey primary key (run_id)
);

alter table posted_lookup_sums enable row level security;

create policy one_tenant on posted_lookup_sums to nightjar_job using (tenant = current_tenant());

create policy one_tenant_or_all on posted_lookup_sums for select to nightjar_reports using (is_visible(tenant));
