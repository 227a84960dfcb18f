-- One comparison of an answer that a night delivered with what it should have been. mechanisms says by what the
-- answer was had more cheaply than by asking the reference, as in savings_waterfall; empty if by nothing. What the
-- reference said twice stands here, too, as its first pass compared with its second.
create table audits (
    run_id            text not null,
    document_id       text not null,
    compared_with     text not null,
    namespace_id      bigint not null,
    item_key          text not null,
    reference_run_id  text,
    mechanisms        text[] not null,
    tier              text,
    equality          text not null,               -- by which rules the two were compared
    agrees            boolean not null,
    differing_fields  text[] not null,
    compared_at       timestamptz not null,
    constraint audits_pkey primary key (run_id, document_id, compared_with),
    constraint audits_item_fkey foreign key (run_id, document_id) references items (run_id, document_id),
    constraint audits_namespace_fkey foreign key (namespace_id) references namespaces (namespace_id),
    constraint audits_reference_run_fkey foreign key (reference_run_id) references runs (run_id),
    constraint audits_compared_with_is_known check (compared_with in ('reference', 'gold')),
    constraint audits_reference_says_where check ((compared_with = 'reference') = (reference_run_id is not null)),
    constraint audits_differing_says_where check (agrees = (differing_fields = '{}'))
);

create index audits_namespace_idx on audits (namespace_id, compared_at);

alter table audits enable row level security;

create policy one_tenant on audits to nightjar_job
    using (namespace_id = any (array(select n.namespace_id from namespaces n where n.tenant = current_tenant())));

create policy one_tenant_or_all on audits for select to nightjar_reports
    using (namespace_id = any (array(select n.namespace_id from namespaces n where is_visible(n.tenant))));
