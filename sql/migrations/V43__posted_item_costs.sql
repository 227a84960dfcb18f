-- The books of finished runs, one line an item: what view item_costs would work out each time. night is when
-- the run began.
create table posted_item_costs (
    run_id                         text not null,
    document_id                    text not null,
    night                          timestamptz not null,
    item_key                       text not null,
    leader_key                     text,
    tenant                         text not null,
    task                           text not null,
    state                          text not null,
    answered_by                    text,
    failure_code                   text,
    tier                           text,
    provider                       text,
    model                          text,
    baseline_usd                   numeric,
    saved_by_exact_duplicates_usd  numeric,
    saved_by_exact_cache_usd       numeric,
    saved_by_semantic_cache_usd    numeric,
    saved_by_near_duplicates_usd   numeric,
    saved_by_retrieval_usd         numeric,
    saved_by_routing_usd           numeric,
    saved_by_prompt_caching_usd    numeric,
    saved_by_output_control_usd    numeric,
    saved_by_batch_usd             numeric,
    saved_by_escalation_usd        numeric,
    saved_by_failing_usd           numeric,
    actual_usd                     numeric not null,
    attributed_usd                 numeric not null,
    machine_usd                    numeric not null,
    constraint posted_item_costs_pkey primary key (run_id, document_id, night)
) partition by range (night);

create index posted_item_costs_document_idx on posted_item_costs (document_id);

create index posted_item_costs_dearest_idx on posted_item_costs (actual_usd desc);

alter table posted_item_costs enable row level security;

create policy one_tenant on posted_item_costs to nightjar_job using (tenant = current_tenant());

create policy one_tenant_or_all on posted_item_costs for select to nightjar_reports using (is_visible(tenant));
