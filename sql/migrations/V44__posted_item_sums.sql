-- The same lines summed by everything that reports group by: a few rows a run, so that a report over ten
-- million items reads thousands of rows.
create table posted_item_sums (
    run_id                         text not null,
    night                          timestamptz not null,
    tenant                         text not null,
    task                           text not null,
    state                          text not null,
    answered_by                    text,
    failure_code                   text,
    tier                           text,
    provider                       text,
    model                          text,
    items                          bigint not null,
    baseline_usd                   numeric not null,
    saved_by_exact_duplicates_usd  numeric not null,
    saved_by_exact_cache_usd       numeric not null,
    saved_by_semantic_cache_usd    numeric not null,
    saved_by_near_duplicates_usd   numeric not null,
    saved_by_retrieval_usd         numeric not null,
    saved_by_routing_usd           numeric not null,
    saved_by_prompt_caching_usd    numeric not null,
    saved_by_output_control_usd    numeric not null,
    saved_by_batch_usd             numeric not null,
    saved_by_escalation_usd        numeric not null,
    saved_by_failing_usd           numeric not null,
    actual_usd                     numeric not null,
    attributed_usd                 numeric not null,
    machine_usd                    numeric not null,
    unbalanced_items               bigint not null,
    constraint posted_item_sums_key unique nulls not distinct (run_id, state, answered_by, failure_code, tier, provider, model)
);

alter table posted_item_sums enable row level security;

create policy one_tenant on posted_item_sums to nightjar_job using (tenant = current_tenant());

create policy one_tenant_or_all on posted_item_sums for select to nightjar_reports using (is_visible(tenant));
